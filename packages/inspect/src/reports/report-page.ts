/**
 * Writes findings as a standalone web page. It has no script and no external files, follows light and dark mode, and
 * suits phones and desktops.
 */

import { FONT, MONOSPACE, themed } from '../charts/colors.ts';
import { element, escaped } from '../charts/markup.ts';
import { type Finding, findingsOf, type Reportable, summaryOf } from './findings.ts';
import { typeset } from './notation.ts';

/** A picture on a page. */
export interface PagePicture {
  /** The picture as an `<svg>` element, as returned by the functions of this package. */
  readonly svg: string;
  /** A description of the picture, in one or two sentences. */
  readonly caption: string;
}

/** The options of `reportPage`. */
export interface ReportPageOptions {
  readonly title: string;
  /** A description, in a few sentences, of what was verified and how. */
  readonly about?: string;
  readonly pictures?: readonly PagePicture[];
}

const STYLE = `
${themed(':root')}
*{box-sizing:border-box}
body{margin:0;background:var(--paper);color:var(--ink);font:16px/1.55 ${FONT};-webkit-text-size-adjust:100%}
main{max-width:72rem;margin:0 auto;padding:2.5rem 1.25rem 4rem}
h1{font-size:clamp(1.6rem,4.5vw,2.4rem);line-height:1.15;letter-spacing:-.02em;margin:0 0 .6rem}
h2{font-size:1.2rem;letter-spacing:-.01em;margin:3rem 0 1rem}
.about{max-width:46rem;color:var(--quiet);margin:0 0 1.6rem}
.summary{display:inline-flex;gap:.6rem;align-items:center;font-weight:600;padding:.5rem .95rem;border-radius:99px;background:var(--card);border:1px solid var(--line)}
.good{color:var(--good)}.bad{color:var(--bad)}
.findings{list-style:none;margin:0;padding:0;border-top:1px solid var(--line)}
.findings>li{border-bottom:1px solid var(--line)}
summary{display:grid;grid-template-columns:1.1rem minmax(0,1fr);gap:.1rem .7rem;padding:.8rem .4rem;cursor:pointer;list-style:none;align-items:baseline}
summary::-webkit-details-marker{display:none}
summary:hover{background:var(--card)}
summary:focus-visible{outline:2px solid var(--accent);outline-offset:-2px;border-radius:6px}
.name{font-weight:650;white-space:nowrap;font-variant-numeric:tabular-nums}
.claim{grid-column:2;overflow-wrap:anywhere}
.formula{grid-column:2;min-width:0}
.verdict{grid-column:2;font-size:.86rem;color:var(--quiet)}
.verdict b{font-weight:600;color:var(--ink)}.verdict b.bad{color:var(--bad)}
sub,sup{font-size:.72em;line-height:0}
code,pre{font-family:${MONOSPACE};font-size:.83rem}
pre{margin:.35rem 0 .2rem;padding:.55rem .75rem;border-radius:8px;background:var(--card);border:1px solid var(--line);overflow-x:auto;line-height:1.5}
.evidence{margin:0 .4rem 1.1rem;padding:.9rem 1rem;border-radius:10px;background:var(--card)}
.evidence pre{margin:0 0 .8rem;background:var(--paper)}
.evidence p{margin:0;overflow-wrap:anywhere}
dl{display:grid;grid-template-columns:1fr;gap:.1rem 1.2rem;margin:.7rem 0 0;font-size:.88rem}
dt{color:var(--quiet)}dd{margin:0 0 .45rem;overflow-wrap:anywhere}
figure{margin:0 0 2.2rem;padding:0}
figure>div{overflow-x:auto;border:1px solid var(--line);border-radius:12px;background:var(--paper);text-align:center}
figure svg.tapegrad{max-width:max(100%,40rem)}
figcaption{color:var(--quiet);font-size:.9rem;margin-top:.6rem;max-width:46rem}
@media(min-width:56rem){
main{padding:4rem 2.5rem 6rem}
summary{grid-template-columns:1.1rem 8.2rem minmax(0,1fr) 15.5rem;padding:.7rem .6rem}
.claim,.formula{grid-column:3}.verdict{grid-column:4;grid-row:1/span 2;text-align:right;font-size:.9rem}
.evidence{margin:0 .6rem 1.2rem 2.4rem}
dl{grid-template-columns:13rem 1fr}dd{margin:0}
}
@media print{details>*{display:block}}`;

const paragraph = (className: string, text: string): string => element('p', { class: className }, escaped(text));

/** Writes the evidence for a verdict as an HTML definition list. */
function evidence(terms: Finding['evidence']): string[] {
  const items = terms.map(([term, value]) => element('dt', {}, escaped(term)) + element('dd', {}, escaped(value)));
  return items.length === 0 ? [] : [element('dl', {}, ...items)];
}

const codeOf = (formula: string): string => element('pre', {}, element('code', {}, escaped(formula)));

/**
 * Writes a row that can be expanded. It then shows the evidence for the verdict and, if the formula has several lines,
 * the formula. A row whose verdict is not the required one is expanded from the start.
 */
function item({ name, claim, formula, verdict, expected, passed, message, evidence: terms }: Finding): string {
  const wanted = expected === undefined || expected === verdict ? '' : ` · expected: ${expected}`;
  const mark = { class: passed ? 'good' : 'bad', role: 'img', 'aria-label': passed ? 'passed' : 'failed' };
  const isShort = formula !== undefined && !formula.includes('\n');
  const head = element(
    'summary',
    {},
    element('span', mark, passed ? '✓' : '✗'),
    element('span', { class: 'name' }, escaped(name)),
    element('span', { class: 'claim' }, typeset(claim ?? message)),
    ...(isShort ? [element('span', { class: 'formula' }, codeOf(formula))] : []),
    element(
      'span',
      { class: 'verdict' },
      element('b', passed ? {} : { class: 'bad' }, escaped(verdict)),
      escaped(wanted),
    ),
  );
  const body = element(
    'div',
    { class: 'evidence' },
    ...(formula === undefined || isShort ? [] : [codeOf(formula)]),
    element('p', {}, escaped(message)),
    ...evidence(terms),
  );
  return element('li', {}, element('details', passed ? {} : { open: '' }, head, body));
}

const figure = ({ svg, caption }: PagePicture): string =>
  element('figure', {}, element('div', {}, svg), element('figcaption', {}, typeset(caption)));

/**
 * Returns an HTML page with findings, and pictures below them. The page is a single file that needs no network and runs
 * no script.
 *
 * @example
 * const report = verify(mlp(), { db_l: ({ delta }, l) => delta[l]!.sum(0) });
 * const html = reportPage(report, { title: 'The gradient of the bias' });
 */
export function reportPage(report: Reportable, { title, about, pictures = [] }: ReportPageOptions): string {
  const findings = findingsOf(report);
  const passed = findings.every((finding) => finding.passed);
  const head = element(
    'head',
    {},
    '<meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    element('title', {}, escaped(title)),
    element('style', {}, STYLE),
  );
  const main = element(
    'main',
    {},
    element('h1', {}, escaped(title)),
    ...(about === undefined ? [] : [paragraph('about', about)]),
    paragraph(`summary ${passed ? 'good' : 'bad'}`, `${passed ? '✓' : '✗'} ${summaryOf(findings)}`),
    element('h2', {}, 'Formulas'),
    element('ul', { class: 'findings' }, ...findings.map(item)),
    ...(pictures.length === 0 ? [] : [element('h2', {}, 'Pictures'), ...pictures.map(figure)]),
  );
  return `<!doctype html>\n${element('html', { lang: 'en' }, head, element('body', {}, main))}\n`;
}
