/** Formats the result for one formula as HTML. */

import type { FormulaMend } from '../judging/memory/memory.ts';
import type { FormulaResult } from '../report/result.ts';
import type { Macros } from '../text/macros.ts';
import { escaped, type Mark, marked } from './markup.ts';
import { counterexampleHtml } from './matrices.ts';
import { typeset } from './typeset.ts';

type Verdict = FormulaResult['verdict'];

const symbols: Readonly<Record<Verdict, string>> = {
  holds: '✓',
  wrong: '✗',
  conditional: '~',
  'not understood': '?',
  undecided: '…',
};

/** Returns the CSS class of a verdict. */
export const verdictClass = (verdict: Verdict): string => verdict.replace(' ', '-');

/** Returns a badge for a verdict: its symbol, its word and its certainty. */
export function badgeHtml({ verdict, certainty }: Pick<FormulaResult, 'verdict' | 'certainty'>): string {
  const sure = certainty === 'none' || certainty === 'given' ? '' : ` <small>${certainty}</small>`;
  return `<span class="badge ${verdictClass(verdict)}"><span aria-hidden="true">${symbols[verdict]}</span> ${verdict}${sure}</span>`;
}

/** Finds the error's position within a formula's source. */
function placeIn({
  span,
  place,
  offset,
}: {
  span: FormulaResult['span'];
  place: FormulaResult['place'];
  offset: number | undefined;
}): Mark[] {
  if (place === undefined || offset === undefined) return [];
  const start = offset - span.start;
  const end = Math.min(start + place.length, span.end - span.start);
  return start < 0 || end <= start ? [] : [{ start, end, className: 'place' }];
}

/** The options of a card. */
export interface CardOptions {
  readonly macros?: Macros;
  /** Whether the page is in LaTeX or Markdown. A plain-text formula is typeset as it was parsed. */
  readonly isLatex: boolean;
  /** The offset of the error's position in the page. */
  readonly offset: number | undefined;
}

/** Typesets a formula, with the error marked. */
export function formulaHtml(formula: FormulaResult, { macros = new Map(), isLatex, offset }: CardOptions): string {
  const { source, latex, span, place } = formula;
  if (isLatex) return typeset(source, placeIn({ span, place, offset }), { display: true, macros });
  return latex === '' ? `<code class="source">${escaped(source)}</code>` : typeset(latex, [], { display: true });
}

function mendHtml(
  { formula, latex, changes, what, when }: FormulaMend,
  { macros = new Map(), isLatex }: CardOptions,
): string {
  const marks = changes.map(({ start, end }): Mark => ({ start, end, className: 'changed' }));
  const shown = isLatex ? typeset(formula, marks, { display: true, macros }) : typeset(latex, [], { display: true });
  const condition = when === undefined ? '' : `<p class="when">${escaped(when)}</p>`;
  return `<div class="mend"><h4>A mend: ${escaped(what)}</h4><div class="display">${shown}</div>${condition}<pre class="source">${marked(formula, marks)}</pre></div>`;
}

function stepsHtml(steps: FormulaResult['steps']): string {
  if (steps.length === 0) return '';
  const items = steps.map(
    (step) =>
      `<li>${badgeHtml(step)} <code>${escaped(step.left)} = ${escaped(step.right)}</code>${step.verdict === 'holds' ? '' : `<br>${escaped(step.reason)}`}</li>`,
  );
  return `<div class="steps"><h4>Step by step</h4><ol>${items.join('')}</ol></div>`;
}

/** Returns the details for a formula that doesn't simply hold. */
export function evidenceHtml(formula: FormulaResult, options: CardOptions): string {
  const { source, span, place, counterexample, mend, steps } = formula;
  const marks = placeIn({ span, place, offset: options.offset });
  return [
    ...(marks.length === 0 ? [] : [`<pre class="source">${marked(source, marks)}</pre>`]),
    ...(mend === undefined ? [] : [mendHtml(mend, options)]),
    ...(counterexample === undefined ? [] : [counterexampleHtml(counterexample)]),
    stepsHtml(steps),
  ].join('');
}

/** Returns a card for a formula, which expands to the evidence for its verdict. */
export const cardHtml = (formula: FormulaResult, id: string, options: CardOptions): string =>
  `<details class="card ${verdictClass(formula.verdict)}" id="${id}" open><summary>${badgeHtml(formula)} <span class="line">line ${formula.line}</span> <span class="reason">${escaped(formula.reason)}</span></summary><div class="evidence"><div class="display">${formulaHtml(formula, options)}</div>${evidenceHtml(formula, options)}</div></details>`;
