/** Options of convolutions and poolings for each spatial axis, and the windows that they describe. */

import { checkTensor, describeValue, formatShape, type Window } from '@tapegrad/core/extend';
import { ArgumentError, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';

/** A value for each spatial axis: one number for all axes, or a list with one number for each. */
export type PerAxis = number | readonly number[];

/** Formats a per-axis value for a module's settings. */
export const perAxisText = (value: PerAxis | string): string =>
  typeof value === 'object' ? `[${value.join(', ')}]` : `${value}`;

/** Returns a list with one number for each axis. Throws unless all of them are integers of at least `least`. */
export function perAxis(call: string, what: string, value: PerAxis, axes: number, least: number): readonly number[] {
  const list = typeof value === 'number' ? new Array<number>(axes).fill(value) : value;
  if (Array.isArray(list) && list.length === axes && list.every((n) => Number.isInteger(n) && n >= least))
    return [...list];
  const got = Array.isArray(value) ? formatShape(value) : value === undefined ? 'none' : describeValue(value);
  throw new ArgumentError(
    `${call}: expected ${what} as an integer of at least ${least}, or ${axes} of them, got ${got}`,
  );
}

/** Throws unless an input has the given rank. */
export function checkRank(call: string, x: Tensor, rank: number, wanted: string): void {
  if (checkTensor(call, x).rank === rank) return;
  throw new ShapeError(`${call}: expected an input of shape ${wanted}, got ${formatShape(x.shape)}`);
}

const places = ['[batch, channels, length]', '[batch, channels, height, width]'] as const;

/** Throws unless an input is a batch of maps with the given number of spatial axes, 1 or 2. */
export const checkMaps = (call: string, x: Tensor, axes: number): void =>
  checkRank(call, x, axes + 2, places[axes - 1]!);

/**
 * The options that describe how windows move. Each option is one number for all axes, or a list with one number for
 * each.
 */
export interface WindowOptions {
  readonly size: PerAxis;
  readonly stride: PerAxis;
  readonly padding: PerAxis | 'same' | 'valid';
  readonly dilation: PerAxis;
}

/**
 * Returns the padding before and after that keeps the length at stride 1. If the total is odd, the padding after is
 * larger by one.
 */
const same = (span: number): readonly [number, number] => [Math.floor(span / 2), Math.ceil(span / 2)];

/** Returns a window for each spatial axis of an input. `shape` contains the lengths of these axes. */
export function windowsOf(call: string, shape: Shape, { size, stride, padding, dilation }: WindowOptions): Window[] {
  const axes = shape.length;
  const sizes = perAxis(call, 'a size', size, axes, 1);
  const strides = perAxis(call, 'a stride', stride, axes, 1);
  const dilations = perAxis(call, 'a dilation', dilation, axes, 1);
  if (padding === 'same' && strides.some((step) => step !== 1)) {
    throw new ArgumentError(`${call}: padding 'same' requires a stride of 1, got ${formatShape(strides)}`);
  }
  const widths = typeof padding === 'string' ? undefined : perAxis(call, 'a padding', padding, axes, 0);
  return sizes.map((length, i) => {
    const before = widths?.[i] ?? 0;
    const around = padding === 'same' ? same((length - 1) * dilations[i]!) : ([before, before] as const);
    return { size: length, stride: strides[i]!, dilation: dilations[i]!, padding: around };
  });
}
