import { Tokenizer } from '@huggingface/tokenizers';
import { ArgumentError, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { tensorOf } from '../loading/collate.ts';

/** The options of `encode` of a `PretrainedTokenizer`. */
export interface EncodeTextOptions {
  /** Whether to add the model's special tokens, for example those at the start and the end. Defaults to true. */
  readonly specialTokens?: boolean;
}

/** The options of `encodeBatch` of a `PretrainedTokenizer`. */
export interface EncodeBatchOptions extends EncodeTextOptions {
  /**
   * The length of all rows: longer texts are truncated, shorter ones padded. Defaults to the length of the longest
   * text.
   */
  readonly length?: number;
}

/** A batch of tokenized texts. */
export interface TokenBatch {
  /** The tokens, with a row for each text; int32. */
  readonly tokens: Tensor<readonly [number, number]>;
  /** True at tokens of the text, false at padding; bool. */
  readonly mask: Tensor<readonly [number, number]>;
  /** The number of tokens of each text, int32. */
  readonly lengths: Tensor<readonly [number]>;
}

/** The default values of the parts that a tokenizer file may leave out. */
const ABSENT = { added_tokens: [], normalizer: null, pre_tokenizer: null, post_processor: null, decoder: null };

/** The fields of `tokenizer.json` and `tokenizer_config.json` that determine padding. */
interface PaddingParts {
  readonly padding?: { readonly pad_id?: unknown } | null;
  readonly pad_token?: string | { readonly content?: string } | null;
}

/**
 * The tokenizer of a pretrained model. It runs a `tokenizer.json` of Hugging Face by means of
 * `@huggingface/tokenizers`.
 *
 * @example
 * import { PretrainedTokenizer } from '@tapegrad/data/tokenizers';
 * const words = { a: 0, tape: 1, '[UNK]': 2 };
 * const model = { type: 'WordLevel', vocab: words, unk_token: '[UNK]' };
 * const tokenizer = new PretrainedTokenizer({ model, pre_tokenizer: { type: 'WhitespaceSplit' } });
 * tokenizer.encode('a tape').toArray(); // [0, 1]
 * tokenizer.decode([1, 0]); // 'tape a'
 */
export class PretrainedTokenizer {
  readonly #tokenizer: Tokenizer;
  readonly #pad: number | undefined;
  readonly #vocabulary: ReadonlyMap<string, number>;

  /**
   *
   * @param tokenizer The contents of `tokenizer.json`, as `JSON.parse` returns them.
   * @param config The contents of `tokenizer_config.json`. Defaults to none.
   * @throws ArgumentError for an object that is not a tokenizer.
   */
  constructor(tokenizer: object, config: object = {}) {
    if (typeof tokenizer !== 'object' || tokenizer === null || !('model' in tokenizer)) {
      const got = describeValue(tokenizer);
      throw new ArgumentError(
        `PretrainedTokenizer: expected the contents of tokenizer.json, which has a model, got ${got}`,
      );
    }
    try {
      this.#tokenizer = new Tokenizer({ ...ABSENT, ...tokenizer }, config);
      this.#vocabulary = this.#tokenizer.get_vocab();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new ArgumentError(`PretrainedTokenizer: this tokenizer can't be run: ${reason}`, {
        cause: error,
      });
    }
    const { padding } = tokenizer as PaddingParts;
    const { pad_token: named } = config as PaddingParts;
    const name = typeof named === 'object' ? named?.content : named;
    const id = name === undefined ? padding?.pad_id : this.#tokenizer.token_to_id(name);
    this.#pad = typeof id === 'number' ? id : undefined;
  }

  /** The size of the vocabulary: one more than the largest token. */
  get size(): number {
    let last = -1;
    for (const id of this.#vocabulary.values()) last = Math.max(last, id);
    return last + 1;
  }

  /** Returns the number of a token, or `undefined` if it is not in the vocabulary. */
  idOf(token: string): number | undefined {
    return this.#tokenizer.token_to_id(token);
  }

  #ids(call: string, text: string, { specialTokens = true }: EncodeTextOptions): number[] {
    if (typeof text !== 'string') throw new ArgumentError(`${call}: expected text, got ${describeValue(text)}`);
    return this.#tokenizer.encode(text, { add_special_tokens: specialTokens }).ids;
  }

  /** Returns the tokens of a text, int32. */
  encode(text: string, options: EncodeTextOptions = {}): Tensor<readonly [number]> {
    checkOptions('encode', options, ['specialTokens']);
    const ids = Int32Array.from(this.#ids('encode', text, options));
    return tensorOf(ids, 'int32', [ids.length]) as Tensor<readonly [number]>;
  }

  /**
   * Returns the tokens of several texts, truncated or padded to the same length.
   *
   * @throws ArgumentError for no texts, and for texts that need padding if the tokenizer has no padding token.
   */
  encodeBatch(texts: readonly string[], options: EncodeBatchOptions = {}): TokenBatch {
    checkOptions('encodeBatch', options, ['specialTokens', 'length']);
    if (!Array.isArray(texts) || texts.length === 0) {
      throw new ArgumentError(`encodeBatch: expected a list of texts, got ${describeValue(texts)}`);
    }
    const rows = texts.map((text) => this.#ids('encodeBatch', text, options));
    const length = options.length ?? Math.max(...rows.map((row) => row.length));
    if (!Number.isInteger(length) || length < 1) {
      throw new ArgumentError(`encodeBatch: expected a length of 1 or more, got ${describeValue(length)}`);
    }
    if (this.#pad === undefined && rows.some((row) => row.length < length)) {
      const mend = 'give its config, which names a pad_token';
      throw new ArgumentError(
        `encodeBatch: the texts differ in length, and the tokenizer has no padding token; ${mend}`,
      );
    }
    const tokens = new Int32Array(rows.length * length).fill(this.#pad ?? 0);
    const mask = new Uint8Array(rows.length * length);
    const lengths = Int32Array.from(rows, (row, i) => {
      const kept = row.slice(0, length);
      tokens.set(kept, i * length);
      mask.fill(1, i * length, i * length + kept.length);
      return kept.length;
    });
    const shape = [rows.length, length] as const;
    return {
      tokens: tensorOf(tokens, 'int32', shape) as TokenBatch['tokens'],
      mask: tensorOf(mask, 'bool', shape) as TokenBatch['mask'],
      lengths: tensorOf(lengths, 'int32', [rows.length]) as TokenBatch['lengths'],
    };
  }

  /**
   * Returns the text of a sequence of tokens, leaving out special tokens.
   *
   * @throws ArgumentError for a number outside of the vocabulary.
   */
  decode(tokens: Tensor | Iterable<number>): string {
    const ids = Array.from('dtype' in tokens ? tokens.data : tokens);
    const wrong = ids.find((id) => this.#tokenizer.id_to_token(id) === undefined);
    if (wrong !== undefined) {
      throw new ArgumentError(`decode: expected tokens from 0 to ${this.size - 1}, got ${describeValue(wrong)}`);
    }
    return ids.length === 0 ? '' : this.#tokenizer.decode(ids, { skip_special_tokens: true });
  }
}
