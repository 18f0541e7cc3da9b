/** Finds the positions of formulas in a page. */

import type { Span } from './source.ts';

/** The position of a formula, or of several in one display. */
export interface Fragment {
  /** The span including delimiters. */
  readonly span: Span;
  /** The span between the delimiters. */
  readonly inside: Span;
  /** The text of `inside`, with parts that aren't mathematics, such as quotation marks of Markdown, blanked. */
  readonly text: string;
  readonly display: boolean;
  /** The notation of the formula. */
  readonly syntax: 'latex' | 'text';
}

/** LaTeX environments that are displays. */
const displays =
  'equation|align|gather|multline|eqnarray|displaymath|math|flalign|alignat|dmath|IEEEeqnarray|dgroup|empheq|subequations';

/** Matches the delimiters that open formulas. */
const openings = new RegExp(String.raw`\$\$|\$|\\\\?\[|\\\\?\(|\\begin\{(${displays})\*?\}(?:\{[^{}]*\})?`, 'g');

/** Returns a pattern for the delimiter that closes a given opening. */
function closingOf(opening: string): RegExp {
  if (opening === '$$') return /\$\$/g;
  if (opening === '$') return /(?<!\\)\$/g;
  const environment = /^\\begin\{([a-zA-Z]+\*?)\}/.exec(opening)?.[1];
  if (environment !== undefined)
    return new RegExp(String.raw`\\end\{${environment.replace('*', String.raw`\*`)}\}`, 'g');
  const doubled = opening.startsWith('\\\\') ? String.raw`\\\\` : String.raw`\\`;
  return new RegExp(opening.endsWith('[') ? String.raw`${doubled}\]` : String.raw`${doubled}\)`, 'g');
}

/** Returns whether a closing dollar sign at `end` belongs to the one at `start`: in one paragraph, and not a price. */
function isInline(text: string, start: number, end: number): boolean {
  const inside = text.slice(start + 1, end);
  if (inside === '' || /\n[ \t]*\n/.test(inside)) return false;
  if (inside.startsWith('`') && inside.endsWith('`')) return true;
  const isPrice = /^\d/.test(inside) && !/[\\^_={}]/.test(inside);
  return !/^\s|\s$/.test(inside) || (!isPrice && /[\\^_={}]/.test(inside));
}

/** Finds the formulas in a text whose code and comments are blanked. */
export function fragmentsIn(text: string): Fragment[] {
  const fragments: Fragment[] = [];
  const pattern = new RegExp(openings);
  for (let found = pattern.exec(text); found !== null; found = pattern.exec(text)) {
    const [opening] = found;
    const start = found.index;
    // A line break with spacing, \\[2ex], doesn't open a formula.
    if (opening === '\\\\[' && /^\\\\\[\s*-?[\d.]+\s*(?:em|ex|pt|mm|cm|in|mu)/.test(text.slice(start, start + 20)))
      continue;
    const inner = start + opening.length;
    const closing = closingOf(opening);
    closing.lastIndex = inner;
    const close = closing.exec(text);
    if (close === null || (opening === '$' && !isInline(text, start, close.index))) continue;
    const end = close.index + close[0].length;
    const ticked = opening === '$' && text[inner] === '`' ? 1 : 0;
    const inside = { start: inner + ticked, end: close.index - ticked };
    fragments.push({
      span: { start, end },
      inside,
      text: text.slice(inside.start, inside.end),
      display: opening !== '$' && !opening.endsWith('('),
      syntax: 'latex',
    });
    pattern.lastIndex = end;
  }
  return fragments;
}

/** The words of plain-text formulas that don't count as prose. */
const names =
  /^(?:alpha|beta|gamma|delta|epsilon|zeta|eta|theta|kappa|lambda|sigma|omega|phi|psi|chi|rho|tau|exp|log|sin|cos|tan|tanh|max|min|sum|prod|softmax|sigmoid|relu|diag|trace|det|norm|for|and|where|with|loss|sqrt|mean|transpose|odot|partial|nabla|inv|outer|var|Delta|Sigma|Theta|Lambda|Omega|Gamma|ReLU)$/;

/** Returns whether a line is a formula in plain text: it has a relation and hardly any words. */
function isPlainFormula(line: string): boolean {
  if (!/<-|:=|←|=/.test(line) || /^\s*(?:#|\/\/|```)/.test(line)) return false;
  const words = line.match(/(?<![_^A-Za-z])[A-Za-z]{3,}(?![_^(A-Za-z])/g) ?? [];
  return words.filter((word) => !names.test(word)).length <= 1;
}

/** Finds the lines of a text, or of a part of it, that are formulas in plain text. */
export function plainFragments(text: string, { start, end }: Span): Fragment[] {
  const fragments: Fragment[] = [];
  let at = start;
  for (const line of text.slice(start, end).split('\n')) {
    if (isPlainFormula(line)) {
      const item = /^\s*(?:\d+[.)]\s+|[-*+]\s+|\(\d+\)\s+)?/.exec(line)![0].length;
      const inside = { start: at + item, end: at + line.trimEnd().length };
      fragments.push({
        span: inside,
        inside,
        text: text.slice(inside.start, inside.end),
        display: true,
        syntax: 'text',
      });
    }
    at += line.length + 1;
  }
  return fragments;
}
