/** The numbering of a text's characters. */

import { ArgumentError, type Tensor, tensor } from '@tapegrad/core';

/** Numbers the characters (code points) of a text in ascending order. */
export class Vocabulary {
  readonly characters: readonly string[];
  readonly #numbers: ReadonlyMap<string, number>;

  constructor(text: string) {
    this.characters = [...new Set(text)].sort();
    this.#numbers = new Map(this.characters.map((character, i) => [character, i]));
  }

  get size(): number {
    return this.characters.length;
  }

  /**
   *
   * @throws ArgumentError for the first character that isn't in the vocabulary.
   */
  encode(text: string): Tensor<readonly [number]> {
    const numbers = Array.from(text, (character) => {
      const number = this.#numbers.get(character);
      if (number === undefined) throw new ArgumentError(`encode: ${JSON.stringify(character)} is not in the text`);
      return number;
    });
    return tensor(Int32Array.from(numbers), { shape: [numbers.length] });
  }

  decode(numbers: Iterable<number>): string {
    return Array.from(numbers, (number) => this.characters[number]).join('');
  }
}
