/** Draws the scaling section as one SVG: a panel for each workload, a line for each contender, with logarithmic axes. */

import * as Plot from '@observablehq/plot';
import { parseHTML } from 'linkedom';

const compact = new Intl.NumberFormat('en', { notation: 'compact', maximumSignificantDigits: 2 });

/** A panel, with a line for each contender. */
interface Panel {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  /** The points of each contender's line, by label. */
  readonly lines: Readonly<Record<string, readonly { readonly x: number; readonly y: number }[]>>;
}

export type ScalingResult = readonly Panel[];

const WIDTH = 520;
const HEIGHT = 360;
const LEGEND_HEIGHT = 40;
const COLUMNS = 2;

// The colors of Okabe and Ito, which color-blind readers can distinguish.
const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#56B4E9', '#E69F00', '#000000'];

function panelPlot({ title, x, y, lines }: Panel, labels: readonly string[], document: Document): Element {
  const points = labels.flatMap((label) => (lines[label] ?? []).map((point) => ({ ...point, label })));
  const ticks = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  return Plot.plot({
    document,
    width: WIDTH,
    height: HEIGHT,
    style: { fontSize: '12px', fontFamily: 'sans-serif' },
    marginLeft: 60,
    marginTop: 52,
    marginBottom: 48,
    marginRight: 20,
    x: { type: 'log', base: 2, label: x, labelAnchor: 'center', labelArrow: 'none', ticks, tickFormat: String },
    y: { type: 'log', label: y, labelArrow: 'none', grid: true, tickFormat: compact.format },
    color: { domain: [...labels], range: COLOURS },
    marks: [
      Plot.text([title], { frameAnchor: 'top', dy: -36, fontSize: 14, fontWeight: 'bold' }),
      Plot.line(points, { x: 'x', y: 'y', z: 'label', stroke: 'label', strokeWidth: 2 }),
      Plot.dot(points, { x: 'x', y: 'y', fill: 'label', r: 3 }),
    ],
  });
}

function legend(labels: readonly string[]): string {
  const step = (COLUMNS * WIDTH) / labels.length;
  return labels
    .map((label, n) => {
      const x = n * step + 16;
      return `<circle cx="${x}" cy="20" r="5" fill="${COLOURS[n]}"/><text x="${x + 12}" y="25">${label}</text>`;
    })
    .join('');
}

export function scalingSvg(panels: ScalingResult): string {
  const { document } = parseHTML('<!doctype html><html><body></body></html>');
  const labels = Object.keys(panels[0]?.lines ?? {});
  const height = LEGEND_HEIGHT + Math.ceil(panels.length / COLUMNS) * HEIGHT;
  const placed = panels.map((panel, n) => {
    const svg = panelPlot(panel, labels, document);
    svg.setAttribute('x', String((n % COLUMNS) * WIDTH));
    svg.setAttribute('y', String(LEGEND_HEIGHT + Math.floor(n / COLUMNS) * HEIGHT));
    return svg.outerHTML;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${COLUMNS * WIDTH}" height="${height}" font-family="sans-serif" font-size="14">`,
    `<rect width="100%" height="100%" fill="white"/>${legend(labels)}${placed.join('')}</svg>`,
  ].join('\n');
}
