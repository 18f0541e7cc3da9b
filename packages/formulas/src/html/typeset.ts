/// <reference path="./temml.d.ts" />
/** LaTeX as MathML, with stretches of it marked. */

import temml from 'temml';
import type { Macros } from '../text/macros.ts';
import { type Mark, marked } from './markup.ts';

/** How a formula is typeset. */
export interface Typesetting {
  /** Whether it stands on lines of its own. */
  readonly display: boolean;
  readonly macros?: Macros;
}

/** A part of a mark that is one argument to TeX: no cell or line ends in it. */
interface Piece {
  readonly start: number;
  readonly end: number;
}

/** What opens or closes a group, ends a cell or a line, or is a command. */
const tokens = /\\begin\s*\{[^{}]*\}|\\end\s*\{[^{}]*\}|\\\\\*?(?:\[[^\]]*\])?|\\[a-zA-Z]+|\\.|[{}&]/gs;

const opening = /^(?:\{|\\begin|\\left$)/;
const closing = /^(?:\}|\\end|\\right$)/;

/** The pieces of a stretch, each within one cell; `undefined` where it cuts through a group. */
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

/** A stretch with the rest of the groups that it cuts into: in `W_{l + 1}`, that of `+ 1}` grows to `{l + 1}`. */
function grown(latex: string, mark: Mark): Mark {
  const open: number[] = [];
  let { start, end } = mark;
  for (const { 0: token, index } of latex.matchAll(tokens)) {
    if (opening.test(token)) open.push(index);
    else if (closing.test(token)) {
      const from = open.pop();
      // Of a pair, that one stands in the mark and the other does not.
      if (from === undefined || from >= start === index < end || index < start || from >= end) continue;
      start = Math.min(start, from);
      end = Math.max(end, index + token.length);
    }
  }
  return { ...mark, start, end };
}

/** Marks that cut through no group, where that takes no more than a script or an argument. */
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

/** LaTeX in which marked stretches have their classes; marks that cut through a group are left out. */
function classed(latex: string, marks: readonly Mark[]): string {
  const insertions: { at: number; text: string; order: number }[] = [];
  for (const mark of marks) {
    const length = mark.end - mark.start;
    for (const [i, { start, end }] of (piecesOf(latex, mark) ?? []).entries()) {
      // An empty group keeps the room before a relation that begins a cell; braces make one argument of a class.
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

/** Commands that number or name a formula, blanked: nothing on the page refers to them. */
const unlabelled = (latex: string): string =>
  latex.replace(/\\(?:label|tag\*?)\s*\{[^{}]*\}|\\(?:nonumber|notag)(?![a-zA-Z])/g, (found) =>
    ' '.repeat(found.length),
  );

/**
 * Typesets a formula, with its marked stretches in elements of their classes. Marks may nest. Where Temml does not
 * understand a mark, the formula is shown without it; where it does not understand the formula, its source is shown.
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

/** Of marks with one class on one stretch, the first. */
const dropRepeated = (marks: readonly Mark[]): Mark[] =>
  marks.filter(
    (mark, i) => !marks.some((other, j) => j < i && other.className === mark.className && contains(other, mark)),
  );

const contains = (outer: Piece, inner: Piece): boolean => outer.start <= inner.start && inner.end <= outer.end;
