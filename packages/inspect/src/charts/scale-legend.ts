/** Draws legends of the diverging scale. */

import { DECADES, diverging, STEPS, theme } from './colors.ts';
import { element, label } from './markup.ts';
import type { Drawing } from './picture.ts';

const [CELL, HEIGHT, SIZE] = [15, 11, 11];

/** Draws a legend of the diverging scale: a title, the colours, and labels below the two ends and the middle. */
export function legend(title: string, ends: readonly [low: string, middle: string, high: string]): Drawing {
  const count = 2 * STEPS + 1;
  const width = count * CELL;
  const cells = Array.from({ length: count }, (_, i) =>
    element('rect', { x: i * CELL, y: 8, width: CELL, height: HEIGHT, fill: diverging((i - STEPS) / STEPS) }),
  );
  const below = ends.map((text, i) =>
    label(text, {
      x: (i * width) / 2,
      y: 33,
      'font-size': SIZE,
      fill: theme.quiet,
      'text-anchor': ['start', 'middle', 'end'][i],
    }),
  );
  const heading = label(title, { y: 1, 'font-size': SIZE, fill: theme.quiet });
  return { body: heading + cells.join('') + below.join(''), width: width + 10, height: 36 };
}

/** Draws the legend for norms relative to the norm of the last link. */
export const legendOfNorms = (): Drawing =>
  legend('‖δ‖ beside that of the last layer', [`÷ ${10 ** DECADES}`, '1', `× ${10 ** DECADES}`]);
