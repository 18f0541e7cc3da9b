/** The geometry of a convolution: planes of images as stored, and as laid out. */

import type { Shape } from '../../arrays/shape.ts';
import type { Convolution } from '../../primitives.ts';
import type { AxisLayout, Tap } from './layout.ts';
import { type Axis, planarAxes } from './unfold.ts';

/** The shapes of a convolution, as planes of images. */
export interface Sizes {
  readonly images: number;
  readonly groups: number;
  /** Channels per group of x (`inputs`) and of y (`outputs`). */
  readonly inputs: number;
  readonly outputs: number;
  readonly y: Axis;
  readonly x: Axis;
}

export const sizesOf = (x: Shape, w: Shape, { windows, groups }: Convolution): Sizes => {
  const [vertical, horizontal] = planarAxes(x.slice(2), windows);
  return { images: x[0]!, groups, inputs: w[1]!, outputs: w[0]! / groups, y: vertical, x: horizontal };
};

/** The size of an image's planes, both in the stored array and in the layout for convolutions. */
export interface Maps {
  /** Number of planes of one image. */
  readonly planes: number;
  readonly width: number;
  /** Number of elements in a plane. */
  readonly plane: number;
  readonly y: AxisLayout;
  readonly x: AxisLayout;
  /** Number of elements in a laid-out plane. */
  readonly laid: number;
}

export const mapsOf = (planes: number, height: number, width: number, y: AxisLayout, x: AxisLayout): Maps => ({
  planes,
  width,
  plane: height * width,
  y,
  x,
  laid: y.phases * y.length * x.phases * x.length,
});

/** Returns whether an axis is laid out as stored. If windows see only padding, no segment of it is laid out. */
const isWhole = ({ phases, length, segments: [first] }: AxisLayout): boolean =>
  phases === 1 && first !== undefined && first.step === 1 && first.to === 0 && first.count === length;

/** Returns whether planes are laid out as stored. */
export const isPlain = ({ width, plane, y, x, laid }: Maps): boolean =>
  laid === plane && x.length === width && isWhole(y) && isWhole(x);

/** Returns the offsets of the window entries from the first element, for each channel. */
export function distances(
  channels: number,
  { x, y, laid }: Maps,
  down: readonly Tap[],
  across: readonly Tap[],
): Int32Array {
  const list = new Int32Array(channels * down.length * across.length);
  let at = 0;
  for (let channel = 0; channel < channels; channel++) {
    for (const v of down) {
      for (const h of across) {
        list[at++] = channel * laid + ((v.phase * x.phases + h.phase) * y.length + v.start) * x.length + h.start;
      }
    }
  }
  return list;
}
