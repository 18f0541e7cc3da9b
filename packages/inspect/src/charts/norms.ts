/** Draws how links vanish or explode over the course of training. */

import { axisX, axisY, cell, gridY, line, text } from '@observablehq/plot';
import { ArgumentError } from '@tapegrad/core';
import { chart } from './chart.ts';
import { divergingStroke, normColor, theme } from './colors.ts';
import type { LinkHistory, LinkNorm } from './link-history.ts';
import { label } from './markup.ts';
import { short } from './numbers.ts';
import { type Drawing, type PictureOptions, picture, placed, textWidth } from './picture.ts';
import { legendOfNorms } from './scale-legend.ts';

const WIDTH = 680;
const [ROW, LEAST_STRIP, MAX_STRIP, LINES] = [22, 60, 320, 230];
const [RIGHT, SIZE] = [64, 11];
/** The maximum number of layers for which all names are shown. */
const NAMED = 14;

const plain = { tickSize: 0, label: null } as const;

/** Returns at most `most` items of a list, including the first and the last. */
function some<T>(list: readonly T[], most: number): T[] {
  const count = Math.min(most, list.length);
  const places = Array.from({ length: count }, (_, i) => Math.round((i * (list.length - 1)) / Math.max(1, count - 1)));
  return places.map((place) => list[place]!);
}

/**
 * Draws a strip for each layer, with the first layer at the bottom. The colour at a step shows the norm of the layer's
 * link relative to that of the last layer at the same step.
 */
function strips(history: LinkHistory, marginLeft: number): Drawing {
  const { layers, norms, steps } = history;
  const height = Math.min(MAX_STRIP, Math.max(LEAST_STRIP, layers.length * ROW)) + 8;
  const references = new Map(steps.map((step) => [step, history.referenceAt(step)]));
  const last = norms.filter(({ step }) => step === steps.at(-1));
  const named = some(layers, NAMED);
  return chart({
    width: WIDTH,
    height,
    marginLeft,
    marginRight: RIGHT,
    marginTop: 4,
    marginBottom: 4,
    x: { type: 'band', domain: steps, axis: null, padding: 0 },
    y: { type: 'band', domain: layers.toReversed(), padding: layers.length > NAMED ? 0 : 0.08 },
    color: { type: 'identity' },
    marks: [
      cell(norms, {
        x: 'step',
        y: 'layer',
        fill: ({ step, norm }: LinkNorm) => normColor(norm, references.get(step)!),
        shapeRendering: 'crispEdges',
      }),
      axisY(named, { ...plain, fill: theme.ink }),
      text(
        last.filter(({ layer }) => named.includes(layer)),
        {
          x: () => steps.at(-1)!,
          y: 'layer',
          text: ({ norm }: LinkNorm) => short(norm, 2),
          textAnchor: 'start',
          dx: 10 + (WIDTH - marginLeft - RIGHT) / steps.length / 2,
          fill: theme.quiet,
        },
      ),
    ],
  });
}

/** Draws the norms on a logarithmic scale, with a line for each layer. */
function lines(history: LinkHistory, marginLeft: number): Drawing {
  const { layers, steps } = history;
  // A logarithmic scale can't show 0, or the infinite and NaN norms of a diverging run.
  const shown = history.norms.filter(({ norm }) => norm > 0 && norm < Infinity);
  const depth = new Map(layers.map((layer, i) => [layer, layers.length === 1 ? 1 : (2 * i) / (layers.length - 1) - 1]));
  return chart({
    width: WIDTH,
    height: LINES,
    marginLeft,
    marginRight: RIGHT,
    marginTop: 10,
    marginBottom: 36,
    x: { domain: [steps[0]!, steps.at(-1)!] },
    y: { type: 'log', nice: true },
    color: { type: 'identity' },
    marks: [
      gridY({ stroke: theme.line, strokeOpacity: 1, ticks: 5 }),
      axisX({ tickSize: 0, label: 'step', labelAnchor: 'center', labelArrow: 'none', fill: theme.quiet }),
      axisY({ ...plain, ticks: 5, tickFormat: (value: number) => short(value), fill: theme.quiet }),
      line(shown, {
        x: 'step',
        y: 'norm',
        z: 'layer',
        stroke: ({ layer }: LinkNorm) => divergingStroke(depth.get(layer)!),
        strokeWidth: 1.75,
      }),
    ],
  });
}

/**
 * Draws the norms of every layer's link over training, in SVG. The upper chart has a strip for each layer, whose colour
 * shows the norm of its link relative to that of the last layer. So vanishing (blue) and exploding (orange) links stand
 * out. The lower chart shows the norms themselves.
 *
 * @throws ArgumentError if nothing was recorded.
 */
export function normsOverTraining(
  history: LinkHistory,
  { title = 'Norms of the links over training', subtitle }: Partial<PictureOptions> = {},
): string {
  if (history.steps.length === 0)
    throw new ArgumentError('normsOverTraining: the history is empty; record links first');
  const marginLeft = Math.max(52, ...some(history.layers, NAMED).map((name) => textWidth(name, SIZE) * 1.1 + 12));
  const [above, below, legend] = [strips(history, marginLeft), lines(history, marginLeft), legendOfNorms()];
  const caption = label('‖δ‖, from the first layer (blue) to the last (orange)', {
    x: 0,
    y: 0,
    'font-size': SIZE,
    fill: theme.quiet,
  });
  const top = above.height + legend.height + 40;
  const drawing: Drawing = {
    body:
      above.body +
      placed(legend.body, marginLeft, above.height + 14) +
      placed(caption, marginLeft, top - 4) +
      placed(below.body, 0, top),
    width: WIDTH,
    height: top + below.height,
  };
  return picture(subtitle === undefined ? { title } : { title, subtitle }, drawing);
}
