/**
 * Turns a page's formulas into standalone LaTeX. Environments that TeX allows only in text are replaced by ones allowed
 * in formulas.
 */

import type { Fragment } from '../text/fragments.ts';

/** The LaTeX of a formula, and the position in it where the formula's own text begins. */
export interface Display {
  readonly latex: string;
  /** The number to add to a position in the page to get the position in `latex`. */
  readonly shift: number;
}

/** The environments that are displays, with their equivalents inside a formula. */
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

/** Returns the formula of a fragment, given the text of its page. */
export function displayOf({ span, inside, text }: Fragment, page: string): Display {
  const environment = /^\\begin\{([a-zA-Z]+)\*?\}/.exec(page.slice(span.start, inside.start))?.[1] ?? '';
  const [begin, end] = environments[environment] ?? ['', ''];
  return { latex: begin + text + end, shift: begin.length - inside.start };
}
