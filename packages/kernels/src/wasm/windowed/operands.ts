/** The operands of a convolution's products, in linear memory. */

import type { StagedItems } from '../memory/block-pipeline.ts';
import type { Maps } from './geometry.ts';

/** Maps of some images in the heap, as stored (`dense`) and laid out. */
export interface Images {
  readonly maps: Maps;
  readonly dense: StagedItems;
  /** Address of the laid-out maps, or `undefined` if their layout is the dense one. */
  readonly laidOut: number | undefined;
}

/** A weight in the heap, [groups, m, k], with packed rows. */
export interface Weight {
  readonly pointer: number;
  readonly m: number;
  readonly k: number;
  readonly groupBytes: number;
}

/**
 * The operand by which the rows of a weight are multiplied, and the location of the products. Offsets and distances are
 * in elements.
 */
export interface Multiplication {
  readonly weight: Weight;
  readonly groups: number;
  /**
   * Number of rows of positions (`rows`), of positions in each (`columns`), and the distance between two laid-out
   * rows (`row`).
   */
  readonly rows: number;
  readonly columns: number;
  readonly row: number;
  readonly from: Images;
  /** The first position. */
  readonly start?: number;
  readonly list: number;
  readonly to: StagedItems;
  /** Offset of the results in an image, in elements. */
  readonly toStart: number;
  readonly toImage: number;
  readonly toPlane: number;
  readonly toRow: number;
  readonly toStep: number;
}

/** Returns the address of laid-out images. */
export const laidOutAt = ({ dense, laidOut: pointer }: Images, first: number): number =>
  pointer ?? dense.pointer(first);
