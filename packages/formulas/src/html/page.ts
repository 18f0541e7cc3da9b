/**
 * Formats results as a standalone web page: without scripts or external files, in light and dark mode, for phones and
 * desktops.
 */

import type { FormulaResult, PageResult } from '../report/result.ts';
import { readPage } from '../text/document.ts';
import { badgeHtml, verdictClass } from './card.ts';
import { documentHtml } from './document.ts';
import { escaped } from './markup.ts';
import { headingOf } from './prose.ts';
import { style } from './style.ts';

/** A page that was judged, with its text. */
export interface JudgedPage {
  readonly result: PageResult;
  readonly text: string;
}

const words: readonly FormulaResult['verdict'][] = ['holds', 'wrong', 'conditional', 'not understood', 'undecided'];

/** Shows the number of formulas with each verdict, as pills. */
function countsHtml({ formulas }: PageResult): string {
  const pills = words.flatMap((word) => {
    const count = formulas.filter(({ verdict }) => verdict === word).length;
    const text = word === 'holds' && count !== 1 ? 'hold' : word;
    return count === 0 ? [] : [`<li class="badge ${verdictClass(word)}"><b>${count}</b> ${text}</li>`];
  });
  return pills.length === 0 ? '<p class="counts">no formulas</p>' : `<ul class="counts">${pills.join('')}</ul>`;
}

/** Returns links to the formulas that don't simply hold. */
function troublesHtml({ formulas }: PageResult, prefix: string): string {
  const links = formulas.flatMap((formula, i) =>
    formula.verdict === 'holds'
      ? []
      : [
          `<li><a href="#${prefix}-${i + 1}">${badgeHtml(formula)} <span class="line">line ${formula.line}</span></a></li>`,
        ],
  );
  return links.length === 0
    ? ''
    : `<nav aria-label="formulas that do not hold"><ul class="troubles">${links.join('')}</ul></nav>`;
}

const readingHtml = ({ reading, layout }: PageResult): string =>
  `<details class="reading"><summary>How the letters were interpreted</summary><ul>${[...reading, layout].map((row) => `<li>${escaped(row)}</li>`).join('')}</ul></details>`;

function articleHtml({ result, text }: JudgedPage, prefix: string): string {
  return `<article><header class="about"><p class="name">${escaped(result.name)}</p>${countsHtml(result)}${troublesHtml(result, prefix)}</header>${documentHtml(result, text, prefix)}${readingHtml(result)}</article>`;
}

/**
 * Formats documents as one HTML file, with each formula marked by its verdict. Errors are shown below their paragraph,
 * with a counterexample and a correction. The file has no scripts and loads nothing.
 *
 * @example
 * const text = '# Traces\n\n$$\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X$$';
 * const html = htmlPage([{ result: verifyPage(text, { name: 'traces.md' }), text }]);
 * html.startsWith('<!doctype html>'); // true
 */
export function htmlPage(pages: readonly JudgedPage[]): string {
  const [first] = pages;
  const title =
    first === undefined || pages.length > 1
      ? 'Verdicts on formulas'
      : (headingOf(readPage(first.text, { name: first.result.name, format: first.result.format })) ??
        first.result.name);
  const articles = pages.map((page, i) => articleHtml(page, pages.length > 1 ? `page-${i + 1}` : 'formula'));
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><meta name="color-scheme" content="light dark"><title>${escaped(title)}</title><style>${style}</style></head>
<body><main>${articles.join('')}</main></body></html>
`;
}
