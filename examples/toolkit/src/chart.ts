/** Charts by Observable Plot, drawn without a browser. */

import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { COLORS, FONT, type Panel } from './figure.ts';

export interface ChartOptions extends PlotOptions {
  /** Pixels. */
  readonly width: number;
  readonly height: number;
}

/** Draws a chart as a panel of a figure; `title` stands above it. */
export function chart(title: string, options: ChartOptions): Panel {
  const { document } = parseHTML('<html></html>');
  const svg = plot({ ...options, document, className: 'chart' });
  // The style sheet is for a page; in a file, viewers differ in what they make of it.
  svg.querySelector('style')?.remove();
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  svg.setAttribute('font-family', FONT);
  svg.setAttribute('font-size', '12');
  svg.setAttribute('color', COLORS.text);
  return { svg: svg.outerHTML, width: options.width, height: options.height, title };
}
