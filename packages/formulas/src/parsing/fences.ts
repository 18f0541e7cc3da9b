/** Parses expressions between brackets or bars. */

import type { Token } from '../syntax/tokens.ts';
import type { Span } from '../text/source.ts';
import type { Cursor } from './cursor.ts';

/** The closing bracket for each opening one, by the names of their tokens. */
const pairs: Readonly<Record<string, string>> = {
  ...{
    '(': ')',
    '[': ']',
    '{': '}',
    langle: 'rangle',
    lbrace: 'rbrace',
    lvert: 'rvert',
    lVert: 'rVert',
    lbrack: 'rbrack',
  },
  ...{
    lfloor: 'rfloor',
    lceil: 'rceil',
    '|': '|',
    vert: 'vert',
    '||': '||',
    Vert: 'Vert',
    '.': '.',
    llbracket: 'rrbracket',
  },
};

/** The names of brackets in the syntax tree. */
const called: Readonly<Record<string, string>> = {
  ...{
    lbrace: '{',
    rbrace: '}',
    lbrack: '[',
    rbrack: ']',
    lvert: '|',
    rvert: '|',
    vert: '|',
    lVert: '||',
    rVert: '||',
    Vert: '||',
  },
  ...{ rangle: 'rangle', langle: 'langle' },
};

export interface Fence {
  /** `(`, `[`, `{`, `|`, `||`, `langle`, … */
  readonly open: string;
  readonly inside: readonly Token[];
  readonly span: Span;
}

/** Returns the name of a token that may be a bracket: `{` for \{, `||` for \|. */
export function bracketOf(of: Token | undefined): string | undefined {
  if (of?.kind === 'character') return '()[]|.'.includes(of.text) ? of.text : undefined;
  if (of?.kind !== 'command') return undefined;
  if (of.text === '{' || of.text === '}') return of.text;
  if (of.text === '|') return '||';
  return of.text in pairs || Object.values(pairs).includes(of.text) ? of.text : undefined;
}

const isBar = (name: string): boolean => /^(?:\|\|?|vert|Vert)$/.test(name);
const sizes = /^(?:[bB]igg?[lrm]?|middle)$/;

/** Returns the position of the bracket that closes the one at `start`, or -1. */
function closingOf(tokens: readonly Token[], start: number, open: string): number {
  const close = pairs[open];
  let depth = 0;
  let lefts = 0;
  for (let at = start + 1; at < tokens.length; at++) {
    const of = tokens[at]!;
    if (of.kind === 'command' && of.text === 'left') {
      lefts++;
      at++;
      continue;
    }
    if (of.kind === 'command' && of.text === 'right') {
      if (lefts === 0) return -1;
      lefts--;
      at++;
      continue;
    }
    const name = lefts > 0 ? undefined : bracketOf(of);
    if (name === undefined) continue;
    if (isBar(open)) {
      if (name === open && depth === 0 && at > start + 1) return at;
      if (!isBar(name) && name !== '.') depth += name in pairs ? 1 : -1;
      if (depth < 0) return -1;
    } else if (name === close) {
      if (depth === 0) return at;
      depth--;
    } else if (name === open) depth++;
  }
  return -1;
}

/** Returns the position of the \right that belongs to the \left at `start`, or -1. */
function rightOf(tokens: readonly Token[], start: number): number {
  let depth = 0;
  for (let at = start; at < tokens.length; at++) {
    const of = tokens[at]!;
    if (of.kind !== 'command') continue;
    if (of.text === 'left') depth++;
    else if (of.text === 'right' && --depth === 0) return at;
  }
  return -1;
}

const nameOf = (bracket: string): string => called[bracket] ?? bracket;

/**
 * If an opening bracket is at the cursor, reads up to its closing bracket and moves past it; otherwise returns
 * undefined.
 */
export function fence(cursor: Cursor): Fence | undefined {
  const start = cursor.at;
  const first = cursor.peek();
  if (first?.kind === 'command' && first.text === 'left') {
    const right = rightOf(cursor.tokens, start);
    const opening = cursor.peek(1);
    const closing = right < 0 ? undefined : cursor.tokens[right + 1];
    if (right < 0 || closing === undefined) cursor.fail("expected '\\right' to close this", first.span);
    const inside = cursor.tokens.slice(start + 2, right);
    const [open = '.', close = '.'] = [bracketOf(opening), bracketOf(closing)].map((name) => name && nameOf(name));
    cursor.at = right + 2;
    return { open: open === '.' && close !== '.' ? '.' : open, inside, span: cursor.since(start).span };
  }
  let at = start;
  while (sizes.test(cursor.tokens[at]?.text ?? '') && cursor.tokens[at]?.kind === 'command') at++;
  const opening = cursor.tokens[at];
  const name = bracketOf(opening);
  if (opening === undefined || name === undefined || name === '.' || !(name in pairs)) return undefined;
  if (isBar(name) && cursor.insideBars) return undefined;
  const end = closingOf(cursor.tokens, at, name);
  if (end < 0) cursor.fail(`expected '${pairs[name]}' to close this`, opening.span);
  const inside = cursor.tokens
    .slice(at + 1, end)
    .filter((of, i, all) => !(i === all.length - 1 && sizes.test(of.text)));
  cursor.at = end + 1;
  return { open: nameOf(name), inside, span: cursor.since(start).span };
}

/** Returns whether one of the given brackets opens at the cursor. */
export function opensWith(cursor: Cursor, brackets: string): boolean {
  let ahead = 0;
  while (
    cursor.peek(ahead)?.kind === 'command' &&
    (sizes.test(cursor.peek(ahead)!.text) || cursor.peek(ahead)!.text === 'left')
  ) {
    ahead++;
  }
  const name = bracketOf(cursor.peek(ahead));
  return name !== undefined && brackets.includes(nameOf(name));
}
