/** Layers that rearrange elements. */

import { checkTensor, formatShape, sizeOf } from '@tapegrad/core/extend';
import { ArgumentError, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkCount, checkLengths } from './checks.ts';
import { checkRank } from './convolution/per-axis.ts';
import type { FlattenMap, InputMap, ReshapeMap, ShuffleMap } from './convolution/window-shapes.ts';
import type { Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module/module.ts';

function checkBatch(call: string, x: Tensor): void {
  if (checkTensor(call, x).rank === 0)
    throw new ShapeError(`${call}: expected an input of shape [batch, ...], got a scalar`);
}

/**
 * A layer that declares the shape of a network's inputs, without the batch axis, and returns its input unchanged. So
 * the compiler knows the shapes from the first layer on. The shape is also checked at run time.
 *
 * @example
 * const model = new Sequential(new InputShape([1, 8, 8]), new MaxPool2d(2), new Flatten(), new Dense(16, 10));
 * model.forward(zeros([4, 1, 8, 8])).shape; // [4, 10]
 */
export class InputShape<const S extends Shape = Shape> extends Module {
  declare readonly [shapes]: InputMap<S>;
  readonly shape: S;

  constructor(shape: S) {
    super();
    this.shape = checkLengths('InputShape', 'the shape', shape);
  }

  forward<X extends Shape>(x: Input<InputMap<S>, X>): Output<InputMap<S>, X> {
    const own = checkTensor('InputShape', x).shape;
    if (own.length !== this.shape.length + 1 || this.shape.some((length, i) => length !== own[i + 1])) {
      const receives = own.length === 0 ? 'a scalar' : formatShape(own.slice(1));
      throw new ShapeError(`InputShape: expects examples of shape ${formatShape(this.shape)} but receives ${receives}`);
    }
    return x as never;
  }

  protected override settings(): string {
    return formatShape(this.shape);
  }
}

/**
 * A layer that merges all axes after the first into one.
 *
 * @example
 * new Flatten().forward(zeros([8, 32, 7, 7])).shape; // [8, 1568]
 */
export class Flatten extends Module {
  declare readonly [shapes]: FlattenMap;

  forward<S extends Shape>(x: Input<FlattenMap, S>): Output<FlattenMap, S> {
    const t = x as unknown as Tensor;
    checkBatch('Flatten', t);
    return t.reshape([t.shape[0]!, sizeOf(t.shape.slice(1))]) as never;
  }
}

/**
 * A layer that reshapes the axes after the first to a shape with the same number of elements.
 *
 * @example
 * new Reshape([32, 7, 7]).forward(zeros([8, 1568])).shape; // [8, 32, 7, 7]
 */
export class Reshape<const T extends Shape = Shape> extends Module {
  declare readonly [shapes]: ReshapeMap<T>;
  readonly shape: T;

  constructor(shape: T) {
    super();
    this.shape = checkLengths('Reshape', 'the shape', shape);
  }

  forward<S extends Shape>(x: Input<ReshapeMap<T>, S>): Output<ReshapeMap<T>, S> {
    const t = x as unknown as Tensor;
    checkBatch('Reshape', t);
    const [expected, got] = [sizeOf(this.shape), sizeOf(t.shape.slice(1))];
    if (expected !== got) {
      throw new ShapeError(`Reshape: expects ${expected} elements per example but receives ${got}`);
    }
    return t.reshape([t.shape[0]!, ...this.shape]) as never;
  }

  protected override settings(): string {
    return formatShape(this.shape);
  }
}

/**
 * Merges every r^2 channels into one channel with r times the height and width. The element of channel c r^2 + i r + j
 * at (y, x) goes to row r y + i and column r x + j of channel c (Shi et al. 2016).
 *
 * @param x [batch, channels r^2, height, width]
 * @returns [batch, channels, height r, width r]
 * @example
 * pixelShuffle(tensor([[[[1]], [[2]], [[3]], [[4]]]]), 2).toArray(); // [[[[1, 2], [3, 4]]]]
 */
export function pixelShuffle<S extends Shape, const R extends number>(
  x: Tensor<S>,
  factor: R,
): Output<ShuffleMap<R>, S> {
  checkCount('pixelShuffle', 'the factor', factor);
  const t = x as Tensor;
  checkRank('pixelShuffle', t, 4, '[batch, channels, height, width]');
  const [batch, channels, height, width] = t.shape as readonly [number, number, number, number];
  const out = channels / factor ** 2;
  if (!Number.isInteger(out)) {
    throw new ArgumentError(`pixelShuffle: expected a number of channels divisible by ${factor ** 2}, got ${channels}`);
  }
  return t
    .reshape([batch, out, factor, factor, height, width])
    .permute([0, 1, 4, 2, 5, 3])
    .reshape([batch, out, height * factor, width * factor]) as never;
}

/**
 * A layer that rearranges channels into blocks of elements; see `pixelShuffle`.
 *
 * @example
 * new PixelShuffle(2).forward(zeros([1, 12, 5, 5])).shape; // [1, 3, 10, 10]
 */
export class PixelShuffle<const R extends number = number> extends Module {
  declare readonly [shapes]: ShuffleMap<R>;
  readonly factor: R;

  constructor(factor: R) {
    super();
    checkCount('PixelShuffle', 'the factor', factor);
    this.factor = factor;
  }

  forward<S extends Shape>(x: Input<ShuffleMap<R>, S>): Output<ShuffleMap<R>, S> {
    return pixelShuffle(x as unknown as Tensor, this.factor) as never;
  }

  protected override settings(): string {
    return String(this.factor);
  }
}
