/** The tokens of formulas, for LaTeX and plain text alike. */

import type { Span } from '../text/source.ts';

/**
 * The kinds of tokens.
 *
 * - `command`: `\frac`, by its name; `&` and `\\` are commands too
 * - `character`: one letter, digit or sign
 * - `word`: a name of several letters, of plain text or `\operatorname`
 * - `group`: the tokens between braces
 * - `environment`: the tokens between `\begin` and `\end`
 * - `prose`: words of a natural language, from `\text`
 * - `space`
 */
export type TokenKind = 'command' | 'character' | 'word' | 'group' | 'environment' | 'prose' | 'space';

/** A use of a macro that a token comes from. */
export interface Origin {
  /** An object that identifies the use, or one of its arguments. */
  readonly of: object;
  /** Whether the token comes from an argument of the macro, which is text of the page. */
  readonly isArgument: boolean;
  /** Whether the token is the first (`first`) or the last (`last`) one of the expansion. */
  readonly first: boolean;
  readonly last: boolean;
}

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
  readonly children: readonly Token[];
  readonly span: Span;
  /** Whether it comes from a macro's body and is not in the page's text. */
  readonly expanded: boolean;
  /** The uses of macros that the token comes from, outermost first. */
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

/** Returns the text of tokens that form a name or prose. */
export function wordsOf(tokens: readonly Token[]): string {
  const said = (of: Token): string => {
    if (of.kind === 'space') return ' ';
    if (of.kind === 'group' || of.kind === 'environment') return wordsOf(of.children);
    if (of.kind !== 'command') return of.text;
    return /^[ ,;:!~]$|^q?quad$/.test(of.text) ? ' ' : of.text === '-' ? '-' : '';
  };
  return tokens.map(said).join('').replace(/\s+/g, ' ').trim();
}
