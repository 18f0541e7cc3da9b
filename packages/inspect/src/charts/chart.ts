/** Draws charts with Observable Plot, without a browser. */

import { type PlotOptions, plot } from '@observablehq/plot';
import { parseHTML } from 'linkedom';
import { FONT } from './colors.ts';
import type { Drawing } from './picture.ts';

export interface ChartOptions extends PlotOptions {
  /** In pixels. */
  readonly width: number;
  readonly height: number;
}

/** Draws a chart. Its colours may be CSS variables of the theme. */
export function chart(options: ChartOptions): Drawing {
  const { document } = parseHTML('<html></html>');
  const svg = plot({ ...options, document, className: 'chart' });
  // Plot's own style sheet assumes its own theme.
  svg.querySelector('style')?.remove();
  svg.removeAttribute('class');
  svg.setAttribute('font-family', FONT);
  svg.setAttribute('font-size', '11');
  return { body: svg.outerHTML, width: options.width, height: options.height };
}
