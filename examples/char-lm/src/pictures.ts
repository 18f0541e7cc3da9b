/** Draws the learning curves of the models. */

import { axisX, axisY, dot, gridX, gridY, lineY, ruleY, text } from '@observablehq/plot';
import type { History } from '@tapegrad/train';
import { COLORS, chart, figure } from '@tapegrad/train/plot';
import { bits, count, type Result } from './report.ts';

/** The training of a model. */
export interface Course {
  readonly name: string;
  readonly history: History;
}

/** The losses after a round, in nats per character. */
interface Round {
  /** The number of training characters so far. */
  readonly characters: number;
  /** The training loss: the mean since the last round. */
  readonly training: number;
  readonly heldOut: number;
}

function roundsOf({ epochs }: History): Round[] {
  let characters = 0;
  return epochs.map(({ examples, training, validation }) => {
    characters += examples;
    return { characters, training: training.loss, heldOut: validation?.loss ?? Number.NaN };
  });
}

const WIDTH = 860;
const HEIGHT = 400;

/** Draws the held-out loss of each model during training, and the losses of n-gram models for comparison. */
export function learningCurves(courses: readonly Course[], yardsticks: readonly Result[], title: string): string {
  const colors = [COLORS.blue, COLORS.orange];
  const all = courses.flatMap(({ history }) => roundsOf(history)).filter(({ heldOut }) => Number.isFinite(heldOut));
  const shown = [...all.flatMap(({ heldOut, training }) => [heldOut, training]), ...yardsticks.map(({ loss }) => loss)];
  const [low, high] = [Math.floor(5 * Math.min(...shown)) / 5, Math.ceil(5 * Math.max(...shown)) / 5];
  const most = Math.max(1, ...all.map(({ characters }) => characters));
  const marks = courses.flatMap(({ history }, i) => {
    const stroke = colors[i % colors.length]!;
    const finite = roundsOf(history).filter(
      ({ heldOut, training }) => Number.isFinite(heldOut) && Number.isFinite(training),
    );
    return [
      lineY(finite, { x: 'characters', y: 'training', stroke, strokeWidth: 1.25, strokeDasharray: '3 4' }),
      lineY(finite, { x: 'characters', y: 'heldOut', stroke, strokeWidth: 1.75 }),
      dot(finite, { x: 'characters', y: 'heldOut', fill: stroke, stroke: COLORS.paper, r: 4 }),
    ];
  });
  const panel = chart('Loss, nats a character', {
    width: WIDTH,
    height: HEIGHT,
    marginTop: 8,
    marginLeft: 36,
    marginRight: 150,
    marginBottom: 42,
    x: { domain: [0, most] },
    y: { domain: [low, high] },
    marks: [
      gridX({ stroke: COLORS.grid, strokeOpacity: 1, ticks: 8 }),
      gridY({ stroke: COLORS.grid, strokeOpacity: 1, ticks: 8 }),
      axisX({
        label: 'characters learned from',
        ticks: 8,
        tickFormat: (value: number) => count(value),
        tickSize: 0,
        labelAnchor: 'center',
        labelArrow: 'none',
      }),
      axisY({ label: null, ticks: 8, tickSize: 0 }),
      ruleY(yardsticks, { y: 'loss', stroke: COLORS.quiet, strokeDasharray: '1 4' }),
      text(yardsticks, {
        x: most,
        y: 'loss',
        text: ({ name, loss }: Result) => `${name}: ${loss.toFixed(2)}`,
        fill: COLORS.quiet,
        textAnchor: 'start',
        dx: 8,
      }),
      ...marks,
    ],
  });
  const endOf = ({ name, history }: Course): string => {
    const last = roundsOf(history).at(-1);
    return last === undefined
      ? name
      : `${name}: ${last.heldOut.toFixed(2)} nats, ${bits(last.heldOut).toFixed(2)} bits`;
  };
  return figure({
    title,
    subtitle:
      'Whole lines: text held out, tested after each round. Broken lines: text learned from, the mean of each round. Dotted: counting.',
    legend: courses.map((course, i) => ({ label: endOf(course), color: colors[i % colors.length]! })),
    panels: [panel],
  });
}
