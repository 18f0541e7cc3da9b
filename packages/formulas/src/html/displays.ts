/** Formulas of a page as LaTeX that stands alone: environments that TeX knows in text only become those of formulas. */

import type { Fragment } from '../text/fragments.ts';

/** LaTeX of a formula, and where the text that it was made of begins in it. */
export interface Display {
  readonly latex: string;
  /** What to add to a place in the page, to have the place in `latex`. */
  readonly shift: number;
}

/** The environments that are displays by themselves, and what sets the same inside a formula. */
const environments: Readonly<Record<string, readonly [string, string]>> = {
  ...Object.fromEntries(
    ['align', 'flalign', 'alignat', 'IEEEeqnarray', 'dgroup'].map((name) => [
      name,
      ['\\begin{aligned}', '\\end{aligned}'] as const,
    ]),
  ),
  ...Object.fromEntries(
    ['gather', 'multline'].map((name) => [name, ['\\begin{gathered}', '\\end{gathered}'] as const]),
  ),
  eqnarray: ['\\begin{array}{rcl}', '\\end{array}'],
};

/** The formula of a fragment, by the text of its page. */
export function displayOf({ span, inside, text }: Fragment, page: string): Display {
  const environment = /^\\begin\{([a-zA-Z]+)\*?\}/.exec(page.slice(span.start, inside.start))?.[1] ?? '';
  const [begin, end] = environments[environment] ?? ['', ''];
  return { latex: begin + text + end, shift: begin.length - inside.start };
}
