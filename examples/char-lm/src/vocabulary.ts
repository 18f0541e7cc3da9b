/** The characters of a text, as numbers. */

import { ArgumentError, type Tensor, tensor } from '@tapegrad/core';

/** Numbers the characters (code points) of a text in their order. */
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

  /** @throws ArgumentError at the first character that the text has not. */
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
