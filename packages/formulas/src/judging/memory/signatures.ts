/**
 * Describes expressions as texts that are equal if the expressions mean the same, regardless of their position on the
 * page.
 */

import type { Outline } from '../../meaning/outline-types.ts';
import type { Expression, LetterNode } from '../../syntax/ast.ts';

/** Fields that contain the position or the appearance of an expression, not its meaning. */
const places: ReadonlySet<string> = new Set(['span', 'verbatim', 'face']);

/** Describes expressions together with the roles of their letters. */
export class Signatures {
  readonly #outline: Outline;
  readonly #known = new WeakMap<object, string>();

  constructor(outline: Outline) {
    this.#outline = outline;
  }

  of(value: unknown): string {
    if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? '';
    const known = this.#known.get(value);
    if (known !== undefined) return known;
    const text = this.#written(value);
    this.#known.set(value, text);
    return text;
  }

  #written(value: object): string {
    if (Array.isArray(value)) return `[${value.map((item) => this.of(item)).join()}]`;
    const fields = Object.entries(value).flatMap(([name, field]) =>
      field === undefined || places.has(name) ? [] : [`${name}:${this.of(field)}`],
    );
    const { kind } = value as Partial<Expression>;
    return `{${fields.join()}${kind === 'letter' ? this.#use(value as LetterNode) : ''}}`;
  }

  /** Describes the use of a letter: which of its indices select a member of a family. */
  #use(letter: LetterNode): string {
    const { letters } = this.#outline;
    const { key, members, elements } = letters.useOf(letter);
    return `:${key} ${members.length} ${elements.length} ${letters.infoOf(key)?.family}`;
  }
}
