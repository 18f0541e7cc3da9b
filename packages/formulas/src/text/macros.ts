/** Finds the macros that a page defines: `\newcommand`, `\def` and similar commands. */

import type { Span } from './source.ts';

export interface Macro {
  readonly name: string;
  readonly arity: number;
  /** The default of the optional first argument. */
  readonly fallback: string | undefined;
  readonly body: string;
  readonly span: Span;
}

export type Macros = ReadonlyMap<string, Macro>;

const definition =
  /\\(newcommand|renewcommand|providecommand|DeclareMathOperator|DeclareRobustCommand|def|gdef|edef|let)(?![a-zA-Z])\*?/g;

/** Returns the position of the brace that closes the one at `start`, or -1. */
function closing(text: string, start: number, open = '{', close = '}'): number {
  let depth = 0;
  for (let at = start; at < text.length; at++) {
    const character = text[at];
    if (character === '\\') at++;
    else if (character === open) depth++;
    else if (character === close && --depth === 0) return at;
  }
  return -1;
}

/** Reads a macro definition. */
class Reader {
  readonly #text: string;
  at: number;

  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  skipSpace(): void {
    while (/\s/.test(this.#text[this.at] ?? '')) this.at++;
  }

  /** Reads the content of braces or brackets. */
  enclosed(open: string, close: string): string | undefined {
    this.skipSpace();
    if (this.#text[this.at] !== open) return undefined;
    const end = closing(this.#text, this.at, open, close);
    if (end < 0) return undefined;
    const inside = this.#text.slice(this.at + 1, end);
    this.at = end + 1;
    return inside;
  }

  match(pattern: RegExp): string | undefined {
    const sticky = new RegExp(pattern, 'y');
    sticky.lastIndex = this.at;
    const found = sticky.exec(this.#text)?.[0];
    if (found !== undefined) this.at += found.length;
    return found;
  }

  command(): string | undefined {
    this.skipSpace();
    const braced = this.#text[this.at] === '{';
    const name = braced ? this.enclosed('{', '}')?.trim() : this.match(/\\(?:[a-zA-Z]+|[^a-zA-Z\s])/);
    return name?.startsWith('\\') ? name.slice(1) : undefined;
  }
}

function macroAt(text: string, found: RegExpExecArray): Macro | undefined {
  const [whole, kind] = found;
  const reader = new Reader(text, found.index + whole.length);
  const name = reader.command();
  if (name === undefined || name === '') return undefined;
  const made = (arity: number, fallback: string | undefined, body: string | undefined): Macro | undefined =>
    body === undefined ? undefined : { name, arity, fallback, body, span: { start: found.index, end: reader.at } };
  if (kind === 'let') {
    reader.match(/\s*=?\s*/);
    return made(0, undefined, reader.match(/\\(?:[a-zA-Z]+|[^a-zA-Z\s])|\S/));
  }
  if (kind === 'DeclareMathOperator') {
    const body = reader.enclosed('{', '}');
    return made(0, undefined, body === undefined ? undefined : `\\operatorname{${body}}`);
  }
  if (kind === 'def' || kind === 'gdef' || kind === 'edef') {
    const parameters = reader.match(/(?:\s*#\d)*/) ?? '';
    const arity = parameters.match(/#/g)?.length ?? 0;
    return made(arity, undefined, reader.enclosed('{', '}') ?? reader.match(/\\[a-zA-Z]+/));
  }
  const arity = Number(reader.enclosed('[', ']') ?? '0');
  const fallback = reader.enclosed('[', ']');
  const body = reader.enclosed('{', '}') ?? reader.match(/\s*\\[a-zA-Z]+/);
  return Number.isInteger(arity) && arity >= 0 && arity <= 9 ? made(arity, fallback, body) : undefined;
}

/** Returns the macro definitions in a text, in order. */
export function macrosIn(text: string): Macro[] {
  const macros: Macro[] = [];
  let end = 0;
  for (const found of text.matchAll(definition)) {
    if (found.index < end) continue;
    const macro = macroAt(text, found);
    if (macro === undefined) continue;
    macros.push(macro);
    end = macro.span.end;
  }
  return macros;
}
