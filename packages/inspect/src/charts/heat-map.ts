/** Draws heat maps of the links delta_l. */

import { ArgumentError, type Tensor } from '@tapegrad/core';
import { formatShape } from '@tapegrad/core/extend';
import type { Link } from '@tapegrad/verify';
import { diverging, normColor, theme } from './colors.ts';
import { element, label } from './markup.ts';
import { short } from './numbers.ts';
import { type Drawing, type PictureOptions, picture, placed, textWidth } from './picture.ts';
import { legend } from './scale-legend.ts';

/** The maximum number of cells along either axis of a map. If there are more elements, they are grouped into blocks. */
const MOST = 48;
/**
 * Sizes in pixels: the maximum side of a map, the maximum side of a cell, the gap between maps, and the height of a
 * map's heading.
 */
const [SIDE, CELL, GAP, HEAD] = [168, 18, 24, 42];
const COLUMNS = 4;

/** Returns a tensor [n, …] as n rows of numbers, one for each point. */
function rowsOf(x: Tensor): readonly (readonly number[])[] {
  const count = x.rank < 2 ? 1 : x.shape[0]!;
  const width = count === 0 ? 0 : x.size / count;
  return Array.from({ length: count }, (_, i) => Array.from(x.data.subarray(i * width, (i + 1) * width)));
}

/** Divides an axis into at most MOST blocks. Returns the start of each block, followed by the end of the last. */
const blocks = (length: number): number[] => {
  const count = Math.min(MOST, length);
  return Array.from({ length: count + 1 }, (_, i) => Math.round((i * length) / count));
};

/** Returns the element with the largest absolute value in a block, since an average would hide it. */
function extreme(
  rows: readonly (readonly number[])[],
  top: number,
  bottom: number,
  left: number,
  right: number,
): number {
  let found = 0;
  for (const row of rows.slice(top, bottom)) {
    for (const value of row.slice(left, right)) if (!(Math.abs(value) <= Math.abs(found))) found = value;
  }
  return found;
}

function heatMap({ name, delta }: Link, norm: number, reference: number): Drawing {
  const rows = rowsOf(delta);
  const [down, across] = [blocks(rows.length), blocks(rows[0]?.length ?? 0)];
  const [height, width] = [down.length - 1, across.length - 1];
  const largest = rows.reduce((most, row) => row.reduce((a, b) => Math.max(a, Math.abs(b)), most), 0);
  const size = Math.min(CELL, SIDE / Math.max(1, height, width));
  const cells = Array.from({ length: height * width }, (_, i) => {
    const [row, column] = [Math.floor(i / width), i % width];
    const value = extreme(rows, down[row]!, down[row + 1]!, across[column]!, across[column + 1]!);
    // The square root spreads small elements over more of the colour scale.
    const place = largest === 0 ? 0 : Math.sign(value) * Math.sqrt(Math.abs(value) / largest);
    return element('rect', {
      x: short(column * size, 5),
      y: short(row * size, 5),
      width: short(size, 5),
      height: short(size, 5),
      fill: diverging(place),
    });
  });
  const caption = `${formatShape(delta.shape)} · ‖δ‖ ${short(norm)} · max ${short(largest)}`;
  const head =
    element('rect', { width: 11, height: 11, y: 1, rx: 3, fill: normColor(norm, reference), stroke: theme.line }) +
    label(name, { x: 18, y: 11, 'font-size': 12.5, 'font-weight': 600, fill: theme.ink }) +
    label(caption, { y: 29, 'font-size': 11, fill: theme.quiet });
  const frame = element('rect', { width: width * size, height: height * size, fill: 'none', stroke: theme.line });
  return {
    body: head + placed(element('g', { 'shape-rendering': 'crispEdges' }, ...cells) + frame, 0, HEAD),
    width: Math.max(SIDE, width * size, textWidth(name, 12.5) * 1.1 + 18, textWidth(caption, 11) * 1.1),
    height: HEAD + height * size,
  };
}

/**
 * Draws heat maps of the links delta_l = dL/dA_l, in SVG: one map for each layer in forward order, with a row for each
 * point and a column for each unit. Negative elements are blue and positive elements are orange; the largest element of
 * a map has the strongest colour. The colour beside a map's name shows the norm of its link relative to that of the
 * last link. With more than 48 rows or columns, a cell shows the largest element of its block.
 *
 * @throws ArgumentError if the list of links is empty.
 * @example
 * const w = parameter(ones([3, 2]), { name: 'w' });
 * const loss = new Random(0).normal([8, 3]).matmul(w).tanh().sum();
 * const svg = heatMaps(links(loss), { title: 'Before training' });
 */
export function heatMaps(
  links: readonly Link[],
  { title = 'Links', subtitle = 'dL/dA of every layer: a point a row, a unit a column' }: Partial<PictureOptions> = {},
): string {
  if (links.length === 0) throw new ArgumentError('heatMaps: there are no links to show');
  const norms = links.map(({ delta }) => delta.norm().item());
  const maps = links.map((link, i) => heatMap(link, norms[i]!, norms.at(-1)!));
  const columns = Math.min(COLUMNS, maps.length);
  const width = Math.max(...maps.map((map) => map.width));
  const height = Math.max(...maps.map((map) => map.height));
  const bodies = maps.map(({ body }, i) =>
    placed(body, (i % columns) * (width + GAP), Math.floor(i / columns) * (height + GAP)),
  );
  const bottom = Math.ceil(maps.length / columns) * (height + GAP);
  const scale = legend('elements, by the largest of the map', ['-max', '0', 'max']);
  return picture(
    { title, subtitle },
    {
      body: bodies.join('') + placed(scale.body, 0, bottom),
      width: Math.max(columns * (width + GAP) - GAP, scale.width),
      height: bottom + scale.height,
    },
  );
}
