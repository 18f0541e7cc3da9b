/** Draws sums of hinges that approximate a smooth function ever better (F6). */

import { axisX, axisY, dot, gridX, gridY, lineY, text } from '@observablehq/plot';
import { divergingStroke, picture, theme } from '@tapegrad/inspect';
import { chart } from '@tapegrad/train/plot';
import { type Approximation, smooth } from './training.ts';

/** The numbers of pieces of the drawn curves, with the opacity of each curve. */
const DRAWN: Readonly<Record<number, number>> = { 2: 0.2, 4: 0.6, 8: 1 };

const WIDTH = 360;
const SIZE = { width: WIDTH, height: 270, marginTop: 24, marginLeft: 46, marginRight: 58, marginBottom: 40 };
const axis = { tickSize: 0, labelAnchor: 'center', labelArrow: 'none', fill: theme.quiet } as const;
const grid = { stroke: theme.line, strokeOpacity: 1 } as const;
const bold = { fontWeight: 600, textAnchor: 'start', dx: 5 } as const;

/** Draws the smooth function and some of the sums. */
function curves(all: readonly Approximation[]) {
  const target = all[0].curve.map(({ x }) => ({ x, y: smooth(x) }));
  const drawn = all.filter(({ pieces }) => pieces in DRAWN);
  const at = { x: 'x', y: 'y' } as const;
  const sums = drawn.flatMap(({ curve, pieces }) => {
    const color = divergingStroke(DRAWN[pieces]);
    return [
      lineY(curve, { ...at, stroke: color, strokeWidth: 1.75 }),
      text(curve.slice(-1), { ...at, ...bold, text: () => String(pieces), fill: color }),
    ];
  });
  return chart('Sums of hinges', {
    ...SIZE,
    marks: [
      gridY({ ...grid, ticks: 5 }),
      axisX({ ...axis, label: 'x', ticks: 6 }),
      axisY({ ...axis, label: null, ticks: 5 }),
      lineY(target, { ...at, stroke: theme.accent, strokeWidth: 3.5, strokeOpacity: 0.75 }),
      ...sums,
    ],
  });
}

/** Draws the error as a function of the number of pieces. */
function errors(all: readonly Approximation[]) {
  const color = divergingStroke(1);
  const at = { x: 'pieces', y: 'error' } as const;
  const pieces = all.map((approximation) => approximation.pieces);
  const ticks = [0.001, 0.01, 0.1, 1];
  return chart('Errors', {
    ...SIZE,
    x: { type: 'log', base: 2 },
    y: { type: 'log', domain: [0.001, 1] },
    marks: [
      gridX(pieces, grid),
      gridY(ticks, grid),
      axisX(pieces, { ...axis, label: 'hinges', text: String }),
      axisY(ticks, { ...axis, label: null, text: String }),
      lineY(all, { ...at, stroke: color, strokeWidth: 1.75 }),
      dot(all, { ...at, fill: color, r: 4, stroke: theme.paper }),
      text(all, { ...at, ...bold, text: ({ error }: Approximation) => error.toPrecision(2), dy: -9, fill: color }),
    ],
  });
}

/** Draws the function and sums of hinges on the left, and their errors on the right. */
export function hingesPicture(all: readonly Approximation[]): string {
  const [left, right] = [curves(all), errors(all)];
  return picture(
    {
      title: 'A smooth function from hinges',
      subtitle:
        'Left: sin x + x/4 (blue), and trained sums of 2, 4 and 8 hinges max(0, w x + b). Right: the root of their mean squared error.',
    },
    {
      body: `${left.svg}<g transform="translate(${WIDTH} 0)">${right.svg}</g>`,
      width: 2 * WIDTH,
      height: SIZE.height,
    },
  );
}
