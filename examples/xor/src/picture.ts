/** Draws a network's output in the plane around the four cases. */

import { axisX, axisY, contour, dot, identity, text } from '@observablehq/plot';
import { type FloatDType, linspace, stack, type Tensor } from '@tapegrad/core';
import { COLORS, chart, figure } from '@tapegrad/train/plot';

/** The interval that is shown, along either axis. */
const SHOWN = [-0.5, 1.5] as const;
/**
 * The interval and the number of points at which the output is computed. It is a bit larger, so that no contour ends
 * inside the picture.
 */
const [LOW, HIGH, POINTS] = [-0.6, 1.6, 133];

const CASES = [
  { a: 0, b: 0, xor: 0 },
  { a: 0, b: 1, xor: 1 },
  { a: 1, b: 0, xor: 1 },
  { a: 1, b: 1, xor: 0 },
];

/** Draws the probability of 1 over the plane, with the four cases and the contour line of 1/2. */
export function decisionSurface(
  probability: (points: Tensor<readonly [number, 2]>) => ArrayLike<number>,
  dtype: FloatDType,
): string {
  const axis = linspace(LOW, HIGH, POINTS, { dtype });
  const plane = [POINTS, POINTS] as const;
  const a = axis.broadcastTo(plane).reshape([POINTS ** 2]);
  const b = axis
    .reshape([POINTS, 1])
    .broadcastTo(plane)
    .reshape([POINTS ** 2]);
  const points = stack([a, b], 1) as Tensor<readonly [number, 2]>;
  const values = Array.from(probability(points));
  const grid = { width: POINTS, height: POINTS, x1: LOW, y1: LOW, x2: HIGH, y2: HIGH, clip: true };
  const at = { x: 'a', y: 'b' } as const;
  const panel = chart('Probability that a xor b is 1', {
    width: 480,
    height: 480,
    marginTop: 8,
    marginLeft: 52,
    marginBottom: 42,
    marginRight: 8,
    x: { domain: SHOWN },
    y: { domain: SHOWN },
    color: { type: 'linear', domain: [0, 0.5, 1], range: [COLORS.blue, COLORS.paper, COLORS.orange] },
    marks: [
      contour(values, { ...grid, fill: identity, thresholds: 20 }),
      contour(values, { ...grid, value: identity, stroke: COLORS.text, strokeWidth: 1.5, thresholds: [0.5] }),
      axisX({ label: 'a', ticks: 5, tickSize: 0, labelAnchor: 'center', labelArrow: 'none' }),
      axisY({ label: 'b', ticks: 5, tickSize: 0, labelAnchor: 'center', labelArrow: 'none' }),
      dot(CASES, { ...at, r: 14, fill: COLORS.paper, stroke: COLORS.text, strokeWidth: 1.5 }),
      text(CASES, { ...at, text: 'xor', fill: COLORS.text, fontSize: 14, fontWeight: 600 }),
    ],
  });
  return figure({
    title: 'Exclusive or, learned',
    subtitle: 'A network that saw the four corners alone; on the dark line it is undecided.',
    legend: [
      { label: 'surely 0', color: COLORS.blue },
      { label: 'surely 1', color: COLORS.orange },
    ],
    panels: [panel],
  });
}
