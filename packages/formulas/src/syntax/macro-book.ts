/** The macros of a page, used to write formulas in its notation. */

import type { Macro, Macros } from '../text/macros.ts';

const withoutSpace = (latex: string): string => latex.replace(/(?<!\\[a-zA-Z]+)\s+|\s+(?![a-zA-Z])/g, '');

/**
 * Returns the end of the balanced text that begins at a position: the first closing brace without an opening brace in
 * it.
 */
function balancedEnd(text: string, start: number): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    if (text[at] === '\\') at++;
    else if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth < 0) return at;
  }
  return text.length;
}

/** Returns the arguments with which a macro's body expands to a text; undefined if there are none. */
function argumentsFor(body: string, text: string, arity: number): readonly string[] | undefined {
  const found: (string | undefined)[] = Array.from({ length: arity }, () => undefined);
  let at = 0;
  for (let i = 0; i < body.length; i++) {
    const digit = body[i] === '#' ? Number(body[i + 1]) : Number.NaN;
    if (!(digit >= 1 && digit <= arity)) {
      if (body[i] !== text[at++]) return undefined;
      continue;
    }
    i++;
    // The argument ends where the text that follows it in the body occurs, outside of braces.
    const [limit, next] = [balancedEnd(text, at), body[i + 1]];
    let end = next === undefined || next === '}' ? limit : -1;
    for (let place = at; end < 0 && place < limit; place++) {
      if (text[place] === '{') place = balancedEnd(text, place + 1);
      else if (text.startsWith(body.slice(i + 1, i + 3), place)) end = place;
    }
    const value = text.slice(at, end).trim();
    if (end < 0 || value === '' || (found[digit - 1] ?? value) !== value) return undefined;
    found[digit - 1] = value;
    at = end;
  }
  return at === text.length && found.every((value) => value !== undefined) ? (found as string[]) : undefined;
}

/** Shortens LaTeX by using the macros of a page. */
export class MacroBook {
  readonly #macros: readonly (Macro & { readonly pattern: string })[];

  constructor(macros: Macros) {
    this.#macros = [...macros.values()]
      .filter(({ fallback, body }) => fallback === undefined && body.length > 1)
      .map((macro) => ({ ...macro, pattern: withoutSpace(macro.body) }))
      .filter(({ pattern }) => /[\\{}|]/.test(pattern.replace(/#\d/g, '')))
      .sort((a, b) => a.arity - b.arity);
  }

  /** If a macro expands to the text, returns a use of that macro; otherwise returns the text. */
  shortened(latex: string): string {
    if (this.#macros.length === 0) return latex;
    const text = withoutSpace(latex);
    for (const { name, arity, pattern } of this.#macros) {
      const values = argumentsFor(pattern, text, arity);
      if (values !== undefined) return `\\${name}${values.map((value) => `{${value}}`).join('')}`;
    }
    return latex;
  }
}
