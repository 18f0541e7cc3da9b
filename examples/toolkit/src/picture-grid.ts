/** Small pictures in rows, each with two lines below it. */

import { COLORS, type Panel, text } from './figure.ts';
import { type GrayImage, imageElement } from './gray-image.ts';

export interface CaptionedImage {
  readonly image: GrayImage;
  readonly caption: string;
  readonly details: string;
}

/** Pixels. */
const CELL = { width: 128, height: 150, image: 96 } as const;

/** Draws pictures as a panel of a figure, row by row. */
export function pictureGrid(items: readonly CaptionedImage[], columns: number): Panel {
  const cells = items.map(({ image, caption, details }, i) => {
    const x = (i % columns) * CELL.width;
    const y = Math.floor(i / columns) * CELL.height;
    const middle = x + CELL.width / 2;
    return [
      `<g>`,
      imageElement(image, middle - CELL.image / 2, y, CELL.image),
      text(caption, { x: middle, y: y + CELL.image + 18, size: 13, weight: 600, anchor: 'middle' }),
      text(details, { x: middle, y: y + CELL.image + 35, size: 12, color: COLORS.quiet, anchor: 'middle' }),
      `</g>`,
    ].join('');
  });
  return {
    svg: cells.join('\n'),
    width: CELL.width * Math.min(columns, items.length),
    height: CELL.height * Math.ceil(items.length / columns),
  };
}
