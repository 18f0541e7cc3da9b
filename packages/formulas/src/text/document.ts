/** A page as a list of formulas, with the prose around them. */

import { type Fragment, fragmentsIn, plainFragments } from './fragments.ts';
import { type Macro, type Macros, macrosIn } from './macros.ts';
import { blanked, fencesIn, maskLatex, maskMarkdown } from './masks.ts';
import { Source, type Span } from './source.ts';

export type Format = 'markdown' | 'latex' | 'text';

/** A paragraph or a list item. */
export interface Block {
  readonly span: Span;
  /** Its words, with ` $k ` in place of the page's k-th formula. */
  readonly prose: string;
}

export interface Page {
  readonly source: Source;
  /** The text with code, comments and macro definitions blanked. */
  readonly masked: string;
  readonly format: Format;
  readonly macros: Macros;
  readonly fragments: readonly (Fragment & { readonly block: number })[];
  readonly blocks: readonly Block[];
}

export interface ReadPageOptions {
  /** The name of the page in messages. */
  readonly name?: string;
  /** The format of the text. Defaults to the format that the name and the text suggest. */
  readonly format?: Format;
}

function formatOf(text: string, name: string): Format {
  if (/\\documentclass|\\begin\{document\}/.test(text) || /\.(?:tex|ltx|latex)$/i.test(name)) return 'latex';
  if (/\.(?:md|markdown|mdx|qmd|rmd)$/i.test(name)) return 'markdown';
  return /\$|\\\(|\\\[|\\begin\{|^```/m.test(text) ? 'markdown' : 'text';
}

/** Returns the offsets at which paragraphs and list items begin. */
function blockStarts(text: string, format: Format): number[] {
  const starts = [0];
  const pattern =
    format === 'latex'
      ? /\n[ \t]*\n+|\\item\b|\\(?:sub)*section\b/g
      : /\n[ \t]*\n+|^(?=[ \t]*(?:\d+[.)]|[-*+])[ \t])|^(?=#{1,6} )/gm;
  for (const match of text.matchAll(pattern)) {
    const start = match.index + match[0].length;
    if (start > starts.at(-1)!) starts.push(start);
  }
  return starts;
}

/** Divides the text into blocks. A display belongs to the sentence before it, even after an empty line. */
function blocksOf(text: string, format: Format, fragments: readonly Fragment[]): { blocks: Block[]; of: number[] } {
  const isInside = (at: number): boolean => fragments.some(({ span }) => span.start < at && at < span.end);
  const starts = blockStarts(text, format).filter((start) => !isInside(start));
  const of = fragments.map(({ span }) =>
    Math.max(
      0,
      starts.findLastIndex((start) => start <= span.start),
    ),
  );
  const blocks = starts.map((start, i): Block => {
    const end = starts[i + 1] ?? text.length;
    let prose = '';
    let at = start;
    fragments.forEach(({ span }, k) => {
      if (of[k] !== i) return;
      prose += `${text.slice(at, span.start)} $${k} `;
      at = span.end;
    });
    return { span: { start, end }, prose: prose + text.slice(at, Math.max(at, end)) };
  });
  return { blocks, of };
}

function fragmentsOf(text: string, format: Format): { masked: string; fragments: Fragment[] } {
  if (format === 'text') return { masked: text, fragments: plainFragments(text, { start: 0, end: text.length }) };
  if (format === 'latex') {
    const masked = maskLatex(text);
    return { masked, fragments: fragmentsIn(masked) };
  }
  const fences = fencesIn(text);
  const masked = maskMarkdown(
    blanked(
      text,
      fences.map(({ span }) => span),
    ),
  );
  const ofMath = fences.filter(({ info }) => /^\{?(?:math|latex|tex|katex)\b/.test(info));
  const fenced = ofMath.map(({ span, inside }): Fragment => {
    return { span, inside, text: text.slice(inside.start, inside.end), display: true, syntax: 'latex' };
  });
  const fragments = [...fragmentsIn(masked), ...fenced].sort((a, b) => a.span.start - b.span.start);
  if (fragments.length > 0) return { masked, fragments };
  const plain = fences.flatMap(({ inside, info }) =>
    /^(?:text|txt|plain|formulas?|)$/.test(info) ? plainFragments(text, inside) : [],
  );
  const lines = plainFragments(masked, { start: 0, end: masked.length });
  return { masked, fragments: [...plain, ...lines].sort((a, b) => a.span.start - b.span.start) };
}

/** Finds the formulas of a page, and the macros that it defines. */
export function readPage(text: string, { name = 'input', format }: ReadPageOptions = {}): Page {
  const source = new Source(text, name);
  const kind = format ?? formatOf(text, name);
  const withoutComments =
    kind === 'latex' ? text.replace(/(?<!\\)%[^\n]*/g, (comment) => ' '.repeat(comment.length)) : text;
  const definitions: Macro[] = kind === 'text' ? [] : macrosIn(withoutComments);
  const withoutMacros = blanked(
    text,
    definitions.map(({ span }) => span),
  );
  const { masked, fragments } = fragmentsOf(withoutMacros, kind);
  const { blocks, of } = blocksOf(masked, kind, fragments);
  return {
    source,
    masked,
    format: kind,
    macros: new Map(definitions.map((macro) => [macro.name, macro])),
    fragments: fragments.map((fragment, i) => ({ ...fragment, block: of[i]! })),
    blocks,
  };
}
