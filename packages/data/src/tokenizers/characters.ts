import { ArgumentError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { tensorOf } from '../loading/collate.ts';
import { FittedState } from '../transforms/fitted.ts';

/** The options of a `CharacterTokenizer`. */
export interface CharacterTokenizerOptions {
  /**
   * A character that replaces all characters that are not in the training text. By default, such a character is an
   * error.
   */
  readonly unknown?: string;
}

/** The vocabulary of a `CharacterTokenizer`. Safe in JSON. */
export interface CharacterTokenizerState {
  /** The characters; the index of each is its number. */
  readonly characters: readonly string[];
}

/**
 * Turns each character of a text into a number. The vocabulary consists of the characters (code points) of the training
 * text, in sorted order.
 *
 * `fit` takes the training text, and can be called only once. `encode`, `decode`, `size` and `characters` throw until
 * `fit` or `load` has been called.
 *
 * @example
 * const tokenizer = new CharacterTokenizer().fit('banana');
 * tokenizer.size; // 3
 * tokenizer.encode('nab').toArray(); // [2, 0, 1]
 * tokenizer.decode([1, 0, 2]); // 'ban'
 */
export class CharacterTokenizer {
  readonly #unknown: string | undefined;
  readonly #fitted = new FittedState<{
    readonly list: readonly string[];
    readonly numbers: ReadonlyMap<string, number>;
  }>('CharacterTokenizer');

  constructor(options: CharacterTokenizerOptions = {}) {
    checkOptions('CharacterTokenizer', options, ['unknown']);
    const { unknown } = options;
    if (unknown !== undefined && (typeof unknown !== 'string' || [...unknown].length !== 1)) {
      throw new ArgumentError(`CharacterTokenizer: expected one character as unknown, got ${describeValue(unknown)}`);
    }
    this.#unknown = unknown;
  }

  /** Whether `fit` or `load` has been called. */
  get isFitted(): boolean {
    return this.#fitted.isFitted;
  }

  /** The number of characters in the vocabulary. */
  get size(): number {
    return this.#fitted.get().list.length;
  }

  /** The characters; the index of each is its number. */
  get characters(): readonly string[] {
    return this.#fitted.get().list;
  }

  /**
   * Collects the characters of the training text, and returns this tokenizer.
   *
   * @throws ArgumentError if it is fitted already, and for an empty text.
   */
  fit(text: string): this {
    this.#fitted.checkUnfitted();
    if (typeof text !== 'string' || text === '') {
      throw new ArgumentError(`CharacterTokenizer.fit: expected text, got ${describeValue(text)}`);
    }
    const characters = new Set(text);
    if (this.#unknown !== undefined) characters.add(this.#unknown);
    this.#set([...characters].sort());
    return this;
  }

  #set(list: readonly string[]): void {
    this.#fitted.set(
      list.length === 0 ? undefined : { list, numbers: new Map(list.map((character, i) => [character, i])) },
    );
  }

  /**
   * Returns the number of each character of a text, int32.
   *
   * @throws ArgumentError at the first character that is not in the vocabulary, unless there is an `unknown`.
   */
  encode(text: string): Tensor<readonly [number]> {
    const { numbers } = this.#fitted.get();
    if (typeof text !== 'string') {
      throw new ArgumentError(`CharacterTokenizer.encode: expected text, got ${describeValue(text)}`);
    }
    const other = this.#unknown === undefined ? undefined : numbers.get(this.#unknown);
    const data = Int32Array.from(text, (character, i) => {
      const number = numbers.get(character) ?? other;
      if (number !== undefined) return number;
      throw new ArgumentError(
        `CharacterTokenizer.encode: ${JSON.stringify(character)} at ${i} is not in the training text; give { unknown }`,
      );
    });
    return tensorOf(data, 'int32', [data.length]) as Tensor<readonly [number]>;
  }

  /**
   * Returns the text whose characters have the given numbers.
   *
   * @throws ArgumentError for a number outside of the vocabulary.
   */
  decode(numbers: Tensor | Iterable<number>): string {
    const { list } = this.#fitted.get();
    return Array.from('dtype' in numbers ? numbers.data : numbers, (number, i) => {
      const character = list[number];
      if (character !== undefined) return character;
      throw new ArgumentError(
        `CharacterTokenizer.decode: expected numbers from 0 to ${list.length - 1}, got ${describeValue(number)} at ${i}`,
      );
    }).join('');
  }

  /** Returns the vocabulary; an empty list before `fit`. */
  state(): CharacterTokenizerState {
    return { characters: [...(this.#fitted.peek()?.list ?? [])] };
  }

  /**
   * Loads a vocabulary, instead of fitting, and returns this tokenizer.
   *
   * @throws ArgumentError unless it is a valid state. The tokenizer is then unchanged.
   */
  load(state: CharacterTokenizerState): this {
    const list: unknown = state?.characters;
    const isCharacter = (value: unknown) => typeof value === 'string' && [...value].length === 1;
    if (!Array.isArray(list) || !list.every(isCharacter) || new Set(list).size < list.length) {
      throw new ArgumentError(
        'CharacterTokenizer.load: expected a state with different characters, as state() returns it',
      );
    }
    if (this.#unknown !== undefined && list.length > 0 && !list.includes(this.#unknown)) {
      throw new ArgumentError(
        `CharacterTokenizer.load: expected a vocabulary with the unknown character ${JSON.stringify(this.#unknown)}`,
      );
    }
    this.#set([...list]);
    return this;
  }
}
