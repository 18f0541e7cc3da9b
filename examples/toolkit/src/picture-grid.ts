/** Rows of small pictures, each with two lines of text below. */

import { COLORS, type Panel, text } from '@tapegrad/train/plot';
import { type GrayImage, imageElement } from './gray-image.ts';

export interface CaptionedImage {
  readonly image: GrayImage;
  readonly caption: string;
  readonly details: string;
}

/** In pixels. The picture with its border is as wide as the cell. */
const CELL = { width: 104, height: 150, image: 96, border: 4, gap: 20 } as const;

/** Draws pictures as a panel of a figure, row by row. */
export function pictureGrid(items: readonly CaptionedImage[], columns: number): Panel {
  const cells = items.map(({ image, caption, details }, i) => {
    const x = (i % columns) * (CELL.width + CELL.gap);
    const y = Math.floor(i / columns) * CELL.height;
    const captionAt = { x: x + CELL.width / 2, anchor: 'middle' } as const;
    return [
      `<rect x="${x}" y="${y}" width="${CELL.width}" height="${CELL.width}" rx="4" fill="none" stroke="${COLORS.grid}"/>`,
      imageElement(image, x + CELL.border, y + CELL.border, CELL.image),
      text(caption, { ...captionAt, y: y + CELL.width + 18, size: 13, weight: 600 }),
      text(details, { ...captionAt, y: y + CELL.width + 35, size: 12, color: COLORS.quiet }),
    ].join('');
  });
  return {
    svg: cells.join('\n'),
    width: Math.min(columns, items.length) * (CELL.width + CELL.gap) - CELL.gap,
    height: Math.ceil(items.length / columns) * CELL.height,
  };
}
