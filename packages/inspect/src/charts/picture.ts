/** Creates standalone SVG files, which follow light and dark mode. */

import { FONT, theme, themed } from './colors.ts';
import { element, escaped, label } from './markup.ts';

/** A drawing of known size, without a frame. */
export interface Drawing {
  /** The drawing as SVG elements. */
  readonly body: string;
  readonly width: number;
  readonly height: number;
}

/** The options of a picture. */
export interface PictureOptions {
  readonly title: string;
  /** A sentence that says what the picture shows. */
  readonly subtitle?: string;
}

const MARGIN = 20;
const TITLE = 17;
const SUBTITLE = 12.5;
/** The average width of a letter, as a multiple of the font size. */
const LETTER = 0.52;

export const textWidth = (text: string, size: number): number => text.length * size * LETTER;

/** Breaks text into lines that are at most `width` wide at a font size. */
function wrapped(text: string, width: number, size: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(' ')) {
    const line = lines.at(-1);
    if (line === undefined || textWidth(`${line} ${word}`, size) > width) lines.push(word);
    else lines[lines.length - 1] = `${line} ${word}`;
  }
  return lines;
}

/** Moves the SVG elements of a drawing to a position. */
export const placed = (body: string, x: number, y: number): string =>
  element('g', { transform: `translate(${x} ${y})` }, body);

/** Returns an SVG file with a title, and a drawing below it. */
export function picture({ title, subtitle = '' }: PictureOptions, drawing: Drawing): string {
  const inner = Math.max(drawing.width, textWidth(title, TITLE), 260);
  const lines = subtitle === '' ? [] : wrapped(subtitle, inner, SUBTITLE);
  const head = MARGIN + 24 + 18 * lines.length + 8;
  const [width, height] = [Math.ceil(inner + 2 * MARGIN), Math.ceil(head + drawing.height + MARGIN)];
  return element(
    'svg',
    {
      xmlns: 'http://www.w3.org/2000/svg',
      class: 'tapegrad',
      viewBox: `0 0 ${width} ${height}`,
      width,
      height,
      'font-family': FONT,
      role: 'img',
      'aria-label': title,
    },
    element('title', {}, escaped(title)),
    element('style', {}, `${themed('.tapegrad')}.tapegrad{max-width:100%;height:auto;color:var(--ink)}`),
    element('rect', { width: '100%', height: '100%', rx: 8, fill: theme.paper }),
    label(title, { x: MARGIN, y: MARGIN + 14, 'font-size': TITLE, 'font-weight': 600, fill: theme.ink }),
    ...lines.map((line, i) =>
      label(line, { x: MARGIN, y: MARGIN + 36 + 18 * i, 'font-size': SUBTITLE, fill: theme.quiet }),
    ),
    placed(drawing.body, MARGIN, head),
  );
}
