/** Formats a page as HTML: its text and formulas, each marked with its verdict, and cards below paragraphs. */

import type { FormulaResult, PageResult } from '../report/result.ts';
import { type Page, readPage } from '../text/document.ts';
import { badgeHtml, cardHtml, evidenceHtml, formulaHtml, verdictClass } from './card.ts';
import { displayOf } from './displays.ts';
import { escaped, type Mark } from './markup.ts';
import { proseHtml } from './prose.ts';
import { typeset } from './typeset.ts';

/** A formula and its number on the page, counted from 0. */
interface Numbered {
  readonly formula: FormulaResult;
  readonly index: number;
}

const titleOf = ({ verdict, certainty, reason }: FormulaResult): string =>
  `${verdict}${certainty === 'none' || certainty === 'given' ? '' : ` (${certainty})`}: ${reason}`;

/** Returns the offset of a formula's error in the page. */
function offsetOf({ place }: FormulaResult, { source }: Page): number | undefined {
  return place === undefined ? undefined : source.offsetOf(place);
}

function marksOf(formulas: readonly Numbered[], page: Page, shift: number): Mark[] {
  return formulas.flatMap(({ formula }) => {
    const { span, place, verdict } = formula;
    const own = { start: span.start + shift, end: span.end + shift, className: `formula ${verdictClass(verdict)}` };
    const offset = offsetOf(formula, page);
    if (place === undefined || offset === undefined) return [own];
    const end = Math.min(offset + place.length, span.end);
    const isInside = offset >= span.start && end > offset && end - offset < span.end - span.start;
    return isInside ? [own, { start: offset + shift, end: end + shift, className: 'place' }] : [own];
  });
}

/**
 * Formats a document as HTML, without the surrounding page: its text, and its formulas typeset and marked. Each formula
 * that doesn't hold gets a card. The ids of cards start with `prefix`.
 *
 * @example
 * const text = 'It is *known* that $\\frac{d}{dx} x^2 = 2 x$.';
 * documentHtml(verifyPage(text), text).startsWith('<p>It is <em>known</em> that'); // true
 */
export function documentHtml(result: PageResult, text: string, prefix = 'formula'): string {
  const page = readPage(text, { name: result.name, format: result.format });
  const isLatex = page.format !== 'text';
  const numbered = result.formulas.map((formula, index): Numbered => ({ formula, index }));
  const within = page.fragments.map(({ inside }) =>
    numbered.filter(({ formula: { span } }) => inside.start <= span.start && span.start < inside.end),
  );
  const formula = (fragment: number): string => {
    const of = page.fragments[fragment]!;
    const found = within[fragment]!;
    const isMany = found.length !== 1;
    const kind = of.display ? 'display' : 'inline';
    const isFine = isMany && found.length > 0 && found.every((one) => one.formula.verdict === 'holds');
    const worst = isFine ? ' holds' : isMany ? '' : ` ${verdictClass(found[0]!.formula.verdict)}`;
    const title = found.length === 0 ? '' : ` title="${escaped(found.map((one) => titleOf(one.formula)).join('\n'))}"`;
    const head = `<span class="${kind}${worst}"${title}>`;
    if (of.syntax === 'text') {
      const latex = found.map((one) => one.formula.latex).join(', ');
      const shown =
        latex === '' ? `<code class="source">${escaped(of.text)}</code>` : typeset(latex, [], { display: true });
      return `${head}${shown}</span>`;
    }
    const { latex, shift } = displayOf(of, text);
    if (latex.trim() === '') return '';
    return `${head}${typeset(latex, marksOf(found, page, shift), { display: of.display, macros: page.macros })}</span>`;
  };
  const after = (fragments: readonly number[]): string => {
    const troubles = fragments
      .flatMap((fragment) => within[fragment]!)
      .filter((one) => one.formula.verdict !== 'holds');
    if (troubles.length === 0) return '';
    const cards = troubles.map(({ formula: one, index }) =>
      cardHtml(one, `${prefix}-${index + 1}`, { macros: page.macros, isLatex, offset: offsetOf(one, page) }),
    );
    return `<div class="cards">${cards.join('')}</div>`;
  };
  return proseHtml(page, formula, after);
}

/** The parts of the result for one formula, as HTML. */
export interface FormulaCard {
  /** The verdict and its certainty. */
  readonly badge: string;
  /** The formula, typeset, with the error marked. */
  readonly formula: string;
  /** The error in the source, the correction, the counterexample and the steps; empty if the formula simply holds. */
  readonly evidence: string;
}

/**
 * Formats the result for each formula of a page as HTML, for use in other pages.
 *
 * @example
 * const text = '$$\\frac{d}{dx} x^2 = 2 x$$';
 * const [card] = formulaCards(verifyPage(text), text);
 * card?.evidence; // ''
 */
export function formulaCards(result: PageResult, text: string): FormulaCard[] {
  const page = readPage(text, { name: result.name, format: result.format });
  return result.formulas.map((formula) => {
    const options = { macros: page.macros, isLatex: page.format !== 'text', offset: offsetOf(formula, page) };
    const evidence = formula.verdict === 'holds' ? '' : evidenceHtml(formula, options);
    return { badge: badgeHtml(formula), formula: formulaHtml(formula, options), evidence };
  });
}
