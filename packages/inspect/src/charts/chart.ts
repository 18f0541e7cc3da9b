/** Draws charts with Observable Plot, without a browser. */

import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { FONT } from './colors.ts';
import type { Drawing } from './picture.ts';

export interface ChartOptions extends PlotOptions {
  /** The width of the chart in pixels. */
  readonly width: number;
  readonly height: number;
}

/** Draws a chart. The colours may be CSS variables of the theme. */
export function chart(options: ChartOptions): Drawing {
  const { document } = parseHTML('<html></html>');
  const svg = plot({ ...options, document, className: 'chart' });
  // Removed, since Plot's style sheet assumes another theme.
  svg.querySelector('style')?.remove();
  svg.removeAttribute('class');
  svg.setAttribute('font-family', FONT);
  svg.setAttribute('font-size', '11');
  return { body: svg.outerHTML, width: options.width, height: options.height };
}
