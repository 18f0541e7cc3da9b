/** Draws training and test error as functions of the amount of regularization. */

import { areaY, axisX, axisY, dot, gridY, lineY } from '@observablehq/plot';
import { COLORS, chart, figure, type Panel } from '@tapegrad/train/plot';
import { type Dose, spreadOf } from './sweep.ts';

export interface Sweeps {
  readonly decays: readonly Dose[];
  readonly rates: readonly Dose[];
}

/** Draws two panels on the same scale: weight decay on the left, dropout on the right. */
export function regularisationPicture({ decays, rates }: Sweeps, subtitle: string): string {
  const all = [...decays, ...rates].flatMap(({ errors }) => errors.flatMap(({ train, test }) => [train, test]));
  const top = Math.max(0.05, ...all);
  return figure({
    title: 'What keeps a network from learning its examples by heart',
    subtitle,
    legend: [
      { label: 'digits that it was trained with', color: COLORS.blue },
      { label: 'other digits', color: COLORS.orange },
    ],
    panels: [
      panel('Classified wrong, by weight decay', decays, top),
      panel('Classified wrong, by the share of units dropped', rates, top),
    ],
  });
}

function panel(title: string, doses: readonly Dose[], top: number): Panel {
  const amounts = doses.map(({ amount }) => String(amount));
  const curve = (of: 'train' | 'test', color: string) => {
    const points = doses.map(({ amount, errors }) => ({ amount: String(amount), ...spreadOf(errors, of) }));
    const at = { x: 'amount', y: 'mean' } as const;
    return [
      areaY(points, { x: 'amount', y1: 'low', y2: 'high', fill: color, fillOpacity: 0.15 }),
      lineY(points, { ...at, stroke: color, strokeWidth: 1.75 }),
      dot(points, { ...at, fill: color, r: 4, stroke: COLORS.paper }),
    ];
  };
  return chart(title, {
    ...{ width: 470, height: 320, marginTop: 8, marginLeft: 46, marginBottom: 42 },
    x: { type: 'point', domain: amounts },
    y: { domain: [0, top] },
    marks: [
      gridY({ stroke: COLORS.grid, strokeOpacity: 1, ticks: 6 }),
      axisX({ label: null, tickSize: 0 }),
      axisY({ label: null, tickSize: 0, ticks: 6, tickFormat: (error: number) => `${Math.round(100 * error)} %` }),
      ...curve('train', COLORS.blue),
      ...curve('test', COLORS.orange),
    ],
  });
}
