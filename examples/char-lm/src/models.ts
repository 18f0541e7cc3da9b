/** The two language models: a recurrent one, and one with attention. */

import { type Random, type Tensor, tensor } from '@tapegrad/core';
import { Dense, Dropout, Embedding, LSTM, Module, TransformerEncoder } from '@tapegrad/nn';

/** The int32 characters of several texts, one text per row. */
export type Characters = Tensor<readonly [number, number]>;

/** For each position, a logit for every possible next character. */
export type Scores = Tensor<readonly [number, number, number]>;

/** Continues reading a text, and returns the logits of the character that follows. */
export type Reader = (characters: readonly number[]) => Tensor<readonly [number]>;

/** A model that predicts the next character of a text from those before it. */
export interface LanguageModel extends Module {
  forward(x: Characters): Scores;
  /** Starts a text that can be read piece by piece, without reading it again from the start. */
  reader(): Reader;
}

export interface ModelOptions {
  /** The number of distinct characters. */
  readonly size: number;
  /** The number of features of a character, and of the hidden layers. */
  readonly width: number;
  readonly layers: number;
  /** The probability of dropping a feature in training. */
  readonly dropout: number;
  readonly random: Random;
}

const asRow = (characters: readonly number[]): Characters =>
  tensor(Int32Array.from(characters), { shape: [1, characters.length] });

const lastScores = (scores: Scores): Tensor<readonly [number]> => scores.index(0, -1) as Tensor<readonly [number]>;

/** Long short-term memory, which keeps what it has read in a state of fixed size. */
export class RecurrentModel extends Module implements LanguageModel {
  readonly embedding: Embedding;
  readonly lstm: LSTM;
  readonly drop: Dropout;
  readonly output: Dense;

  constructor({ size, width, layers, dropout, random }: ModelOptions) {
    super();
    this.embedding = new Embedding(size, width, { random });
    this.lstm = new LSTM(width, width, { numLayers: layers, dropout: layers > 1 ? dropout : 0, random });
    this.drop = new Dropout(dropout, { random });
    this.output = new Dense(width, size, { random });
  }

  forward(x: Characters): Scores {
    return this.#scores(this.lstm.forward(this.embedding.forward(x)).output);
  }

  reader(): Reader {
    let state: readonly [h: Tensor, c: Tensor] | undefined;
    return (characters) => {
      const before = state === undefined ? {} : { state };
      const { output, state: after } = this.lstm.forward(this.embedding.forward(asRow(characters)), before);
      state = after;
      return lastScores(this.#scores(output));
    };
  }

  #scores(output: Tensor): Scores {
    return this.output.forward(this.drop.forward(output)) as Scores;
  }
}

export interface AttentiveOptions extends ModelOptions {
  readonly heads: number;
  /** The maximum length of a text. */
  readonly context: number;
}

/** A small GPT: each character attends to those before it, with rotary position encoding. */
export class AttentiveModel extends Module implements LanguageModel {
  readonly embedding: Embedding;
  readonly drop: Dropout;
  readonly transformer: TransformerEncoder;
  readonly output: Dense;
  readonly context: number;

  constructor({ size, width, layers, heads, dropout, context, random }: AttentiveOptions) {
    super();
    const style = { normFirst: true, activation: 'gelu', rotary: true } as const;
    this.embedding = new Embedding(size, width, { random });
    this.drop = new Dropout(dropout, { random });
    this.transformer = new TransformerEncoder(layers, width, heads, { ...style, dropout, random });
    this.output = new Dense(width, size, { random });
    this.context = context;
  }

  forward(x: Characters): Scores {
    return this.#run(x);
  }

  /** If a text becomes longer than the context, only its second half is kept. */
  reader(): Reader {
    let caches = this.transformer.caches();
    let read: number[] = [];
    return (characters) => {
      read.push(...characters);
      let unread = characters;
      if (read.length > this.context) {
        read = read.slice(-Math.ceil(this.context / 2));
        unread = read;
        caches = this.transformer.caches();
      }
      return lastScores(this.#run(asRow(unread), caches));
    };
  }

  #run(x: Characters, caches?: ReturnType<TransformerEncoder['caches']>): Scores {
    const options = { causal: true, ...(caches === undefined ? {} : { caches }) };
    return this.output.forward(
      this.transformer.forward(this.drop.forward(this.embedding.forward(x)), options),
    ) as Scores;
  }
}
