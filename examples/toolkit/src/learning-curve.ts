/** Draws the learning curve of a classifier. */

import { axisX, axisY, dot, gridX, gridY, lineY, type PlotOptions, text } from '@observablehq/plot';
import { chart } from './chart.ts';
import { combine, noScore, type Score } from './classification.ts';
import type { Epoch } from './classifier-run.ts';
import { COLORS, figure, type Panel } from './figure.ts';

/** The number of points per epoch of the training curve; each is the mean over its share of the mini-batches. */
const POINTS = 20;

interface Point extends Score {
  /** The time since the start, in epochs. */
  readonly epoch: number;
}

export interface CurveOptions {
  readonly title: string;
  /** The noun for an example. */
  readonly unit: string;
  /** What makes training harder than testing, such as 'with dropout'. */
  readonly harder: string;
}

/** Draws loss and error rate during training, on logarithmic scales. */
export function learningCurve(history: readonly Epoch[], { title, unit, harder }: CurveOptions): string {
  const training = history.flatMap(trainingPoints);
  const test = history.map(({ number, test }) => ({ ...test, epoch: number }));
  const panel = (name: string, value: (score: Score) => number, format: (value: number) => string): Panel =>
    curves(name, training, test, value, format);
  return figure({
    title,
    subtitle:
      `Training is scored on each mini-batch before the network learns from it, ${harder}, ` +
      'so it may look worse than the test.',
    legend: [
      { label: `training ${unit}`, color: COLORS.blue },
      { label: `test ${unit}`, color: COLORS.orange },
    ],
    panels: [
      panel(
        'Loss: mean cross-entropy, nats',
        ({ loss }) => loss,
        (value) => value.toFixed(3),
      ),
      panel(
        'Classified wrong, %',
        ({ accuracy }) => 100 * (1 - accuracy),
        (value) => `${value.toFixed(2)} %`,
      ),
    ],
  });
}

function trainingPoints({ number, steps }: Epoch): Point[] {
  const count = Math.min(POINTS, steps.length);
  const bounds = Array.from({ length: count + 1 }, (_, i) => Math.round((i * steps.length) / count));
  return bounds.slice(1).map((end, i) => {
    const start = bounds[i]!;
    const score = steps.slice(start, end).reduce(combine, noScore);
    return { ...score, epoch: number - 1 + (start + end) / 2 / steps.length };
  });
}

function curves(
  title: string,
  training: readonly Point[],
  test: readonly Point[],
  value: (score: Score) => number,
  format: (value: number) => string,
): Panel {
  // A logarithmic scale can't show 0, nor the non-finite values of a diverging run.
  const hasPlace = (y: number): boolean => y > 0 && y < Infinity;
  const shown = (points: readonly Point[]) => points.filter((point) => hasPlace(value(point)));
  const ticks = logTicks([...training, ...test].map(value).filter(hasPlace));
  const epochTicks = Math.min(test.length, 10);
  const at = { x: 'epoch', y: value } as const;
  const options: PlotOptions = {
    marginTop: 8,
    marginLeft: 40,
    marginRight: 60,
    marginBottom: 42,
    x: { domain: [0, test.length] },
    y: { type: 'log', domain: [ticks[0], ticks.at(-1)] },
    marks: [
      gridX({ stroke: COLORS.grid, strokeOpacity: 1, ticks: epochTicks }),
      gridY({ stroke: COLORS.grid, strokeOpacity: 1, ticks }),
      axisX({
        label: 'epoch',
        interval: 1,
        tickFormat: String,
        tickSize: 0,
        labelAnchor: 'center',
        labelArrow: 'none',
      }),
      axisY(ticks, { label: null, text: String, tickSize: 0 }),
      lineY(shown(training), { ...at, stroke: COLORS.blue, strokeWidth: 1.75 }),
      lineY(shown(test), { ...at, stroke: COLORS.orange, strokeWidth: 1.75 }),
      dot(shown(test), { ...at, fill: COLORS.orange, r: 4, stroke: COLORS.paper }),
      text(shown(test).slice(-1), {
        ...at,
        text: (point: Point) => format(value(point)),
        fill: COLORS.orange,
        fontWeight: 600,
        textAnchor: 'start',
        dx: 8,
      }),
    ],
  };
  return chart(title, { ...options, width: 470, height: 320 });
}

/** Returns the numbers 1, 2 and 5 times powers of 10 that enclose all values. */
function logTicks(values: readonly number[]): number[] {
  const [low, high] = values.length === 0 ? [0.1, 1] : [Math.min(...values), Math.max(...values)];
  const [first, last] = [Math.floor(Math.log10(low)), Math.ceil(Math.log10(high))];
  const powers = Array.from({ length: last - first + 1 }, (_, i) => first + i);
  const ticks = powers.flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  return ticks.slice(
    ticks.findLastIndex((tick) => tick <= low),
    ticks.findIndex((tick) => tick >= high) + 1,
  );
}
