/** Draws the search for a learning rate. */

import { lineY, ruleX } from '@observablehq/plot';
import type { FoundRates } from '../learning-rate-finder.ts';
import { chart } from './chart.ts';
import { COLORS, figure } from './figure.ts';

/**
 * Draws the losses that `learningRateFinder` found as a function of the learning rate, and the rate that it suggests.
 *
 * @returns an SVG
 * @example
 * import { ratesPicture } from '@tapegrad/train/plot';
 *
 * const found = { rates: [0.001, 0.01, 0.1], losses: [2, 1, 3], smoothed: [2, 1.5, 2], suggestion: 0.01 };
 * ratesPicture(found).startsWith('<svg'); // true
 */
export function ratesPicture({ rates, losses, smoothed, suggestion }: FoundRates): string {
  const points = rates.map((rate, i) => ({ rate, loss: losses[i]!, mean: smoothed[i]! }));
  const shown = points.filter(({ loss, mean }) => Number.isFinite(loss) && Number.isFinite(mean));
  const panel = chart('Loss by learning rate', {
    ...{ width: 620, height: 340, marginLeft: 50, marginBottom: 42 },
    x: { type: 'log', label: 'learning rate', labelAnchor: 'center', labelArrow: 'none' },
    y: { label: null, grid: true },
    marks: [
      lineY(shown, { x: 'rate', y: 'loss', stroke: COLORS.grid }),
      lineY(shown, { x: 'rate', y: 'mean', stroke: COLORS.blue, strokeWidth: 1.75 }),
      ...(suggestion === undefined ? [] : [ruleX([suggestion], { stroke: COLORS.orange, strokeWidth: 1.5 })]),
    ],
  });
  const subtitle =
    suggestion === undefined
      ? 'The loss never falls.'
      : `The loss falls fastest at a rate of ${Number(suggestion.toPrecision(2))}.`;
  return figure({ title: 'A learning rate', subtitle, panels: [panel] });
}
