/** Blanks the parts of a page that aren't mathematics (code, comments, preambles), so that offsets stay the same. */

import type { Span } from './source.ts';

/** Replaces ranges of a text with spaces; line breaks stay. */
export function blanked(text: string, spans: readonly Span[]): string {
  let result = '';
  let at = 0;
  for (const { start, end } of spans.toSorted((a, b) => a.start - b.start)) {
    if (end <= at) continue;
    const from = Math.max(start, at);
    result += text.slice(at, from) + text.slice(from, end).replace(/[^\n]/g, ' ');
    at = end;
  }
  return result + text.slice(at);
}

const matches = (text: string, pattern: RegExp): Span[] =>
  Array.from(text.matchAll(pattern), (match) => ({ start: match.index, end: match.index + match[0].length }));

/** A fenced code block: its first line and its content. */
export interface Fence {
  readonly info: string;
  readonly span: Span;
  readonly inside: Span;
}

export function fencesIn(text: string): Fence[] {
  const fences: Fence[] = [];
  const pattern = /^([ \t>]*)(`{3,}|~{3,})([^\n`]*)\n([\s\S]*?)(?:^[ \t>]*\2[`~]*[ \t]*$|(?![\s\S]))/gm;
  for (const match of text.matchAll(pattern)) {
    const [whole, indent = '', marks = '', info = '', inside = ''] = match;
    const start = match.index + indent.length + marks.length + info.length + 1;
    fences.push({
      info: info.trim().toLowerCase(),
      span: { start: match.index, end: match.index + whole.length },
      inside: { start, end: start + inside.length },
    });
  }
  return fences;
}

/** Blanks the parts of Markdown that aren't formulas, except code fences. */
export function maskMarkdown(text: string): string {
  const hidden = [
    ...matches(text, /<!--[\s\S]*?(?:-->|$(?![\s\S]))/g),
    // `x` is code, but $`x`$ is a formula. On a page without any other kind of formula, `x` is a formula too.
    ...matches(text, /(?<![`$\\])(`+)(?!`)[^`\n]*(?:\n[^`\n]+)?\1(?!`)/g),
    ...matches(text, /^[ \t]{0,3}(?:>[ \t]?)+/gm),
    ...matches(text, /\\\$/g),
  ];
  return blanked(text, hidden);
}

/** Blanks comments, code and the preamble of LaTeX. */
export function maskLatex(text: string): string {
  const begin = text.indexOf('\\begin{document}');
  const end = text.indexOf('\\end{document}');
  const hidden: Span[] = [
    ...matches(text, /(?<!\\)%[^\n]*/g),
    ...matches(text, /\\begin\{(verbatim|lstlisting|minted|comment|tikzpicture)\*?\}[\s\S]*?\\end\{\1\*?\}/g),
    ...matches(text, /\\verb\*?([^a-zA-Z\s])[^\n]*?\1/g),
  ];
  if (begin >= 0) hidden.push({ start: 0, end: begin + '\\begin{document}'.length });
  if (end >= 0) hidden.push({ start: end, end: text.length });
  return blanked(text, hidden);
}
