/// <reference path="./temml.d.ts" />
/** Typesets LaTeX as MathML, with marked ranges. */

import temml from 'temml';
import type { Macros } from '../text/macros.ts';
import { type Mark, marked } from './markup.ts';

/** The options of typesetting. */
export interface Typesetting {
  /** Whether the formula is displayed on its own line. */
  readonly display: boolean;
  readonly macros?: Macros;
}

/** A part of a mark that is a single argument to TeX: it contains no end of a cell or line. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** Matches the delimiters of groups, cells and lines, and commands. */
const tokens = /\\begin\s*\{[^{}]*\}|\\end\s*\{[^{}]*\}|\\\\\*?(?:\[[^\]]*\])?|\\[a-zA-Z]+|\\.|[{}&]/gs;

const opening = /^(?:\{|\\begin|\\left$)/;
const closing = /^(?:\}|\\end|\\right$)/;

/** Splits a range into pieces within single cells; `undefined` if it cuts through a group. */
function piecesOf(latex: string, { start, end }: Piece): Piece[] | undefined {
  const pieces: Piece[] = [];
  let depth = 0;
  let from = start;
  const finish = (to: number): void => {
    const text = latex.slice(from, to);
    const lead = text.length - text.trimStart().length;
    if (lead < text.length) pieces.push({ start: from + lead, end: from + text.trimEnd().length });
  };
  for (const { 0: token, index } of latex.slice(start, end).matchAll(tokens)) {
    if (closing.test(token)) depth--;
    else if (opening.test(token)) depth++;
    else if (depth === 0 && (token === '&' || token.startsWith('\\\\'))) {
      finish(start + index);
      from = start + index + token.length;
    }
    if (depth < 0) return undefined;
  }
  if (depth !== 0) return undefined;
  finish(end);
  return pieces;
}

/** Extends a range to whole groups: in `W_{l + 1}`, `+ 1}` becomes `{l + 1}`. */
function grown(latex: string, mark: Mark): Mark {
  const open: number[] = [];
  let { start, end } = mark;
  for (const { 0: token, index } of latex.matchAll(tokens)) {
    if (opening.test(token)) open.push(index);
    else if (closing.test(token)) {
      const from = open.pop();
      // Keeps only pairs of which exactly one delimiter is inside the mark.
      if (from === undefined || from >= start === index < end || index < start || from >= end) continue;
      start = Math.min(start, from);
      end = Math.max(end, index + token.length);
    }
  }
  return { ...mark, start, end };
}

/**
 * Extends marks that cut through a group to whole groups. Drops marks that consist only of brackets, or that would
 * then overlap a mark they don't contain.
 */
const whole = (latex: string, marks: readonly Mark[]): Mark[] =>
  marks.flatMap((mark) => {
    if (piecesOf(latex, mark) !== undefined) return [mark];
    if (/^\\(?:left|right)?[(){}[\].|]*$/.test(latex.slice(mark.start, mark.end).trim())) return [];
    const larger = grown(latex, mark);
    const isNew = !marks.some(
      (other) => other !== mark && other.start < larger.end && larger.start < other.end && !contains(larger, other),
    );
    return isNew ? [larger] : [];
  });

/** Adds class commands around marked ranges. Marks that still cut through a group are left out. */
function classed(latex: string, marks: readonly Mark[]): string {
  const insertions: { at: number; text: string; order: number }[] = [];
  for (const mark of marks) {
    const length = mark.end - mark.start;
    for (const [i, { start, end }] of (piecesOf(latex, mark) ?? []).entries()) {
      // An empty group keeps the space before a relation at the start of a cell. Braces make the class a single
      // argument.
      insertions.push({ at: start, text: `{\\class{${mark.className}}{${i === 0 ? '' : '{}'}`, order: -length });
      insertions.push({ at: end, text: '}}', order: length - 2 ** 31 });
    }
  }
  insertions.sort((a, b) => a.at - b.at || a.order - b.order);
  let text = '';
  let at = 0;
  for (const insertion of insertions) {
    text += latex.slice(at, insertion.at) + insertion.text;
    at = insertion.at;
  }
  return text + latex.slice(at);
}

function attempt(latex: string, { display, macros = new Map() }: Typesetting): string | undefined {
  try {
    return temml.renderToString(latex, {
      displayMode: display,
      throwOnError: true,
      macros: Object.fromEntries([...macros.values()].map(({ name, body }) => [`\\${name}`, body])),
      trust: ({ command }) => command === '\\class',
    });
  } catch {
    return undefined;
  }
}

/** Blanks the commands that number or label a formula, since nothing on the page refers to them. */
const unlabelled = (latex: string): string =>
  latex.replace(/\\(?:label|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag)(?![a-zA-Z])/g, (found) =>
    ' '.repeat(found.length),
  );

/**
 * Typesets a formula, with its marked ranges in elements of their classes. Marks may be nested. If Temml can't typeset
 * a mark, the formula is shown without it. If it can't typeset the formula, its source is shown.
 */
export function typeset(latex: string, marks: readonly Mark[], setting: Typesetting): string {
  const text = unlabelled(latex);
  const grownMarks = dropRepeated(whole(text, marks));
  const outer = grownMarks.filter((mark) => !grownMarks.some((other) => other !== mark && contains(other, mark)));
  const inGroup = (rows: string): string => `\\begin{aligned}${rows}\\end{aligned}`;
  const tries = [grownMarks, outer, []].map((some) => classed(text, some));
  for (const some of tries) {
    const html = attempt(some, setting) ?? (setting.display ? attempt(inGroup(some), setting) : undefined);
    if (html !== undefined) return html;
  }
  return `<code class="source">${marked(latex, outer)}</code>`;
}

/** Keeps only the first of several marks with the same class and range. */
const dropRepeated = (marks: readonly Mark[]): Mark[] =>
  marks.filter(
    (mark, i) => !marks.some((other, j) => j < i && other.className === mark.className && contains(other, mark)),
  );

const contains = (outer: Piece, inner: Piece): boolean => outer.start <= inner.start && inner.end <= outer.end;
