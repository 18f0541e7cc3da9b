/** Sums of hinges that come nearer to a smooth function, as a picture (F6). */

import { axisX, axisY, dot, gridX, gridY, lineY, text } from '@observablehq/plot';
import { chart } from '@tapegrad/example-toolkit/chart';
import { COLORS, figure } from '@tapegrad/example-toolkit/figure';
import { type Approximation, smooth } from './training.ts';

/** How many pieces the curves have that are drawn. */
const DRAWN = [2, 4, 8] as const;
const SHADES: Readonly<Record<number, string>> = { 2: '#fdba74', 4: '#fb923c', 8: '#c2410c' };

const SIZE = { width: 400, height: 300, marginTop: 10, marginLeft: 44, marginRight: 16, marginBottom: 40 };
const axis = { tickSize: 0, labelAnchor: 'center', labelArrow: 'none' } as const;
const grid = { stroke: COLORS.grid, strokeOpacity: 1 } as const;

/** The smooth function with some of the sums, and the error by the number of pieces. */
export function hingesPicture(all: readonly Approximation[]): string {
  const drawn = all.filter(({ pieces }) => DRAWN.some((count) => count === pieces));
  const target = all[0].curve.map(({ x }) => ({ x, y: smooth(x) }));
  const curves = chart('Sums of 2, 4 and 8 hinges', {
    ...SIZE,
    marks: [
      gridY({ ...grid, ticks: 5 }),
      axisX({ ...axis, label: 'x', ticks: 6 }),
      axisY({ ...axis, label: null, ticks: 5 }),
      lineY(target, { x: 'x', y: 'y', stroke: COLORS.blue, strokeWidth: 3 }),
      ...drawn.map(({ curve, pieces }) => lineY(curve, { x: 'x', y: 'y', stroke: SHADES[pieces], strokeWidth: 1.75 })),
    ],
  });
  const errors = chart('Error: root of the mean squared error', {
    ...SIZE,
    x: { type: 'log', base: 2 },
    y: { type: 'log' },
    marks: [
      gridX({ ...grid, ticks: all.map(({ pieces }) => pieces) }),
      gridY({ ...grid, ticks: 4 }),
      axisX({ ...axis, label: 'hinges', ticks: all.map(({ pieces }) => pieces), tickFormat: String }),
      axisY({ ...axis, label: null, ticks: 4 }),
      lineY(all, { x: 'pieces', y: 'error', stroke: COLORS.orange, strokeWidth: 1.75 }),
      dot(all, { x: 'pieces', y: 'error', fill: COLORS.orange, r: 4, stroke: COLORS.paper }),
      text(all.slice(-1), {
        x: 'pieces',
        y: 'error',
        text: ({ error }: Approximation) => error.toPrecision(2),
        dy: -12,
        fill: COLORS.orange,
        fontWeight: 600,
      }),
    ],
  });
  return figure({
    title: 'A smooth function from hinges',
    subtitle: 'Sums of max(0, w x + b) with trained w and b: the more pieces, the smaller the error.',
    legend: [
      { label: 'sin x + x/4', color: COLORS.blue },
      ...drawn.map(({ pieces }) => ({ label: `${pieces} hinges`, color: SHADES[pieces] })),
    ],
    panels: [curves, errors],
  });
}
