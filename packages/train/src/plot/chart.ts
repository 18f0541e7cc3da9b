/** Draws charts with Observable Plot, without a browser. */

import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { COLORS, FONT, type Panel } from './figure.ts';

/** The options of `chart`: those of Observable Plot. */
export interface ChartOptions extends PlotOptions {
  /** The width in pixels. */
  readonly width: number;
  readonly height: number;
}

/** Draws a chart as a panel of a figure, with `title` above it. */
export function chart(title: string, options: ChartOptions): Panel {
  const { document } = parseHTML('<html></html>');
  const svg = plot({ ...options, document, className: 'chart' });
  // The style sheet is made for web pages; viewers of SVG files interpret it differently.
  svg.querySelector('style')?.remove();
  svg.setAttribute('role', 'img');
  svg.setAttribute('aria-label', title);
  svg.setAttribute('font-family', FONT);
  svg.setAttribute('font-size', '12');
  svg.setAttribute('color', COLORS.text);
  return { svg: svg.outerHTML, width: options.width, height: options.height, title };
}
