/** Checks of channels, which are the second axis of an input [batch, channels, ...]. */

import { formatShape } from '@tapegrad/core/extend';
import { ShapeError, type Tensor } from '@tapegrad/core/lean';

/** Returns the number of channels of an input. Throws if it has no channel axis. */
export function channelsOf(call: string, { shape }: Tensor): number {
  const [, channels] = shape;
  if (channels !== undefined) return channels;
  throw new ShapeError(`${call}: expected an input of shape [batch, channels, ...], got ${formatShape(shape)}`);
}

/** Throws unless an input has the expected number of channels. */
export function checkChannels(call: string, { shape }: Tensor, expected: number): void {
  if (shape[1] === expected) return;
  const receives = `receives ${shape[1]}, in an input of shape ${formatShape(shape)}`;
  throw new ShapeError(`${call}: expects ${expected} channels but ${receives}`);
}

/** Reshapes a vector with one number per channel so that it broadcasts with an input of the given rank. */
export const byChannel = (x: Tensor, rank: number): Tensor =>
  x.reshape([x.size, ...Array.from({ length: rank - 2 }, () => 1)]);
