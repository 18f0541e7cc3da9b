/** Draws the history of a run. */

import { axisX, axisY, dot, gridX, gridY, lineY, type PlotOptions, text } from '@observablehq/plot';
import { ArgumentError } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import type { History, Scores } from '../trainer/history.ts';
import { chart } from './chart.ts';
import { COLORS, figure, type Panel } from './figure.ts';

/** A panel of a learning curve. */
export interface CurvePanel {
  /** The score that the panel shows: `loss`, or the name of a metric. */
  readonly score: string;
  /** The text above the panel. Defaults to the name of the score. */
  readonly title?: string;
  /** Converts the score to the number to show, for example accuracy to an error rate in per cent. Defaults to the score. */
  readonly value?: (score: number) => number;
  /** Formats the last number of a curve. Defaults to three significant digits. */
  readonly format?: (value: number) => string;
  /** Whether the scale is logarithmic. Numbers that are not positive are then left out. Defaults to true for `loss`. */
  readonly log?: boolean;
}

/** The options of `learningCurve`. */
export interface LearningCurveOptions {
  /** The title. Defaults to `Learning curve`. */
  readonly title?: string;
  /** A sentence below the title. */
  readonly subtitle?: string;
  /** The word for examples in the legend. Defaults to `examples`. */
  readonly unit?: string;
  /** The panels. Defaults to one for each score. */
  readonly panels?: readonly CurvePanel[];
}

interface Place {
  readonly epoch: number;
  readonly scores: Scores;
}

/** Returns the number of epochs at a step, including a fraction, given the steps at which epochs ended. */
function epochsAt(step: number, ends: readonly number[]): number {
  const i = ends.findIndex((end) => step <= end);
  const [start, end] = i === -1 ? [ends.at(-2) ?? 0, ends.at(-1) ?? 1] : [ends[i - 1] ?? 0, ends[i]!];
  return (i === -1 ? ends.length - 1 : i) + (step - start) / (end - start);
}

/**
 * Returns the training scores, each placed in the middle of its steps, and the validation scores, each placed at the
 * end of its epoch.
 */
function placesOf({ points, epochs }: History): { readonly training: Place[]; readonly validation: Place[] } {
  const ends = epochs.map(({ step }) => step);
  const training = points.map(({ step, steps, scores }) => ({ epoch: epochsAt(step - steps / 2, ends), scores }));
  const validation = epochs.flatMap(({ epoch, validation: scores }) =>
    scores === undefined ? [] : [{ epoch, scores }],
  );
  return { training, validation };
}

const threeDigits = (value: number): string => `${Number(value.toPrecision(3))}`;

/**
 * Draws the scores of a run over the epochs. Training batches are scored before the model learns from them, and
 * validation batches after each epoch.
 *
 * @returns an SVG
 * @throws ArgumentError if the history has no point, or a panel's score does not exist.
 * @example
 * import { learningCurve } from '@tapegrad/train/plot';
 *
 * const random = new Random(1);
 * const model = new Dense(1, 1, { random });
 * const train = [{ x: ones([4, 1]), y: ones([4, 1]) }];
 * const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
 * const trainer = new Trainer({ model, optimizer, loss: supervised(model, mse), train, epochs: 3 });
 * const { history } = await trainer.fit();
 * learningCurve(history, { title: 'A line' }).startsWith('<svg'); // true
 */
export function learningCurve(history: History, options: LearningCurveOptions = {}): string {
  checkOptions('learningCurve', options, ['title', 'subtitle', 'unit', 'panels']);
  const [first] = history.points;
  if (first === undefined) throw new ArgumentError('learningCurve: the history has no points to draw');
  const names = Object.keys(first.scores);
  const { title = 'Learning curve', subtitle = '', unit = 'examples' } = options;
  const { panels = names.map((score): CurvePanel => ({ score })) } = options;
  const places = placesOf(history);
  const hasValidation = places.validation.length > 0;
  const strange = panels.find(({ score }) => !names.includes(score));
  if (strange !== undefined) {
    throw new ArgumentError(`learningCurve: there is no score '${strange.score}', expected one of ${names.join(', ')}`);
  }
  return figure({
    title,
    subtitle,
    legend: [
      { label: `training ${unit}`, color: COLORS.blue },
      ...(hasValidation ? [{ label: `validation ${unit}`, color: COLORS.orange }] : []),
    ],
    panels: panels.map((panel) => curves(panel, places, Math.max(1, history.epochs.length))),
  });
}

function curves(
  { score, title = score, value = (x) => x, format = threeDigits, log = score === 'loss' }: CurvePanel,
  { training, validation }: ReturnType<typeof placesOf>,
  epochs: number,
): Panel {
  const numberOf = ({ scores }: Place): number => value(scores[score] ?? Number.NaN);
  // Numbers that are not finite can't be drawn, nor can numbers that are not positive on a logarithmic scale.
  const hasPlace = (y: number): boolean => Number.isFinite(y) && (!log || y > 0);
  const shown = (places: readonly Place[]) => places.filter((place) => hasPlace(numberOf(place)));
  const ticks = log ? logTicks([...training, ...validation].map(numberOf).filter(hasPlace)) : undefined;
  const at = { x: 'epoch', y: numberOf } as const;
  const last = shown(validation.length > 0 ? validation : training).slice(-1);
  const color = validation.length > 0 ? COLORS.orange : COLORS.blue;
  const options: PlotOptions = {
    marginTop: 8,
    marginLeft: 44,
    marginRight: 60,
    marginBottom: 42,
    x: { domain: [0, epochs] },
    y: ticks === undefined ? { nice: true } : { type: 'log', domain: [ticks[0], ticks.at(-1)] },
    marks: [
      gridX({ stroke: COLORS.grid, strokeOpacity: 1, ticks: Math.min(epochs, 10) }),
      gridY({ stroke: COLORS.grid, strokeOpacity: 1, ...(ticks === undefined ? {} : { ticks }) }),
      axisX({
        label: 'epoch',
        ...(epochs > 20 ? {} : { interval: 1 }),
        tickFormat: String,
        tickSize: 0,
        labelAnchor: 'center',
        labelArrow: 'none',
      }),
      ticks === undefined
        ? axisY({ label: null, tickSize: 0 })
        : axisY(ticks, { label: null, text: String, tickSize: 0 }),
      lineY(shown(training), { ...at, stroke: COLORS.blue, strokeWidth: 1.75 }),
      lineY(shown(validation), { ...at, stroke: COLORS.orange, strokeWidth: 1.75 }),
      dot(shown(validation), { ...at, fill: COLORS.orange, r: 4, stroke: COLORS.paper }),
      text(last, {
        ...at,
        text: (place: Place) => format(numberOf(place)),
        fill: color,
        fontWeight: 600,
        textAnchor: 'start',
        dx: 8,
      }),
    ],
  };
  return chart(title, { ...options, width: 470, height: 320 });
}

/** Returns the numbers 1, 2 and 5 times powers of 10 that cover the range of the values. */
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
