/** What formulas are read from, whatever they are written in. */

import type { Span } from '../text/source.ts';

/**
 * - `command`: `\frac`, by its name; `&` and `\\` are commands too
 * - `character`: one letter, digit or sign
 * - `word`: a name of several letters, of plain text or `\operatorname`
 * - `group`: what stands between braces
 * - `environment`: what stands between `\begin` and `\end`
 * - `prose`: words of a language, from `\text`
 * - `space`
 */
export type TokenKind = 'command' | 'character' | 'word' | 'group' | 'environment' | 'prose' | 'space';

/** A macro that a token comes from, at the place where it is used. */
export interface Origin {
  /** Different for each use, and for each of its arguments. */
  readonly of: object;
  /** Whether the token comes from one of the arguments, which are the page's own text. */
  readonly isArgument: boolean;
  /** Whether the token is the first, and the last, that the use makes. */
  readonly first: boolean;
  readonly last: boolean;
}

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly children: readonly Token[];
  readonly span: Span;
  /** Of a macro's body, so that the page has no text of its own for it. */
  readonly expanded: boolean;
  /** The macros that the token comes from, outermost first. */
  readonly origins?: readonly Origin[];
}

const nothing: readonly Token[] = [];

export const token = (kind: TokenKind, text: string, span: Span, children = nothing, expanded = false): Token => ({
  kind,
  text,
  children,
  span,
  expanded,
});

export const isCommand = (of: Token | undefined, ...names: readonly string[]): boolean =>
  of?.kind === 'command' && names.includes(of.text);

export const isCharacter = (of: Token | undefined, ...characters: readonly string[]): boolean =>
  of?.kind === 'character' && characters.includes(of.text);

/** The words that tokens say, for what is a name or prose. */
export function wordsOf(tokens: readonly Token[]): string {
  const said = (of: Token): string => {
    if (of.kind === 'space') return ' ';
    if (of.kind === 'group' || of.kind === 'environment') return wordsOf(of.children);
    if (of.kind !== 'command') return of.text;
    return /^[ ,;:!~]$|^q?quad$/.test(of.text) ? ' ' : of.text === '-' ? '-' : '';
  };
  return tokens.map(said).join('').replace(/\s+/g, ' ').trim();
}
