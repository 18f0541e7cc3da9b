/** Normalises each example separately, over its last axes. */

import { checkFloat, formatShape, sameShape } from '@tapegrad/core/extend';
import { type Parameter, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkCount, checkLayerOptions, checkLengths, checkOptions } from '../checks.ts';
import type { FeatureMap, Input, Output, SameShape, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import {
  type AffineOptions,
  affineParameters,
  checkEps,
  checkParts,
  type NormOptions,
  normalized,
} from './norm-statistics.ts';

/** The options of `layerNorm` and `rmsNorm`. */
export interface LayerNormFunctionOptions extends NormOptions {
  /**
   * The lengths of the last axes, over which to normalise. Defaults to the shape of the weight or, without a weight, of
   * the bias. Without either, defaults to the length of the last axis.
   */
  readonly normalizedShape?: Shape;
}

/** Returns the numbers of the last axes, over which to normalise. Throws unless the input has the given lengths there. */
function normalizedAxes(call: string, { shape }: Tensor, normalizedShape: Shape): number[] {
  const start = shape.length - normalizedShape.length;
  const found = shape.slice(Math.max(0, start));
  if (normalizedShape.length === 0 || !sameShape(found, normalizedShape)) {
    const one = normalizedShape.length === 1 && found.length === 1;
    const [expects, receives] = one
      ? [`${normalizedShape[0]} features`, found[0]]
      : [`last axes ${formatShape(normalizedShape)}`, formatShape(found)];
    const of = `in an input of shape ${formatShape(shape)}`;
    throw new ShapeError(`${call}: expects ${expects} but receives ${receives}, ${of}`);
  }
  return normalizedShape.map((_, i) => start + i);
}

/**
 * Computes (x - mean) / sqrt(variance + eps) weight + bias, with the mean and the variance, sum (x - mean)^2 / n, over
 * the last axes (Ba, Kiros and Hinton 2016). A large mean causes no loss of precision. Numbers whose squares overflow
 * are normalised correctly, too (PyTorch: NaN).
 *
 * @param x [..., ...normalizedShape]
 * @param weight [...normalizedShape]
 * @param bias [...normalizedShape]
 * @example
 * layerNorm(tensor([[1, 3], [10, 30]]), undefined, undefined, { eps: 0 }).toArray(); // [[-1, 1], [-1, 1]]
 */
export function layerNorm<S extends Shape>(
  x: Tensor<S>,
  weight?: Tensor,
  bias?: Tensor,
  options: LayerNormFunctionOptions = {},
): Tensor<S> {
  checkOptions('layerNorm', options, ['normalizedShape', 'eps']);
  checkFloat('layerNorm', x);
  const { normalizedShape = weight?.shape ?? bias?.shape ?? x.shape.slice(-1), eps = 1e-5 } = options;
  checkEps('layerNorm', eps);
  checkParts('layerNorm', x, normalizedShape, { weight, bias });
  const axes = normalizedAxes('layerNorm', x, normalizedShape);
  return normalized(x, { axes, eps, weight, bias }) as Tensor<S>;
}

/**
 * Computes x / sqrt(mean(x^2) + eps) weight, with the mean over the last axes (Zhang and Sennrich 2019).
 *
 * @param x [..., ...normalizedShape]
 * @param weight [...normalizedShape]
 * @param options `eps` defaults to the machine epsilon of the dtype.
 * @example
 * rmsNorm(tensor([[1, 1], [10, -10]])).toArray(); // [[1, 1], [1, -1]]
 */
export function rmsNorm<S extends Shape>(
  x: Tensor<S>,
  weight?: Tensor,
  options: LayerNormFunctionOptions = {},
): Tensor<S> {
  checkOptions('rmsNorm', options, ['normalizedShape', 'eps']);
  checkFloat('rmsNorm', x);
  const { normalizedShape = weight?.shape ?? x.shape.slice(-1) } = options;
  const { eps = x.dtype === 'float64' ? 2 ** -52 : 2 ** -23 } = options;
  checkEps('rmsNorm', eps);
  checkParts('rmsNorm', x, normalizedShape, { weight });
  const axes = normalizedAxes('rmsNorm', x, normalizedShape);
  return normalized(x, { axes, eps, weight, bias: undefined, centered: false }) as Tensor<S>;
}

/** The shape map of a normalisation over a number of features, or over several axes. */
type NormalizedMap<N extends number | Shape> = N extends number ? FeatureMap<N, N> : SameShape;
type NormalizedShape<N extends number | Shape> = N extends number ? readonly [N] : N extends Shape ? N : never;

function shapeOf<N extends number | Shape>(call: string, features: N): NormalizedShape<N> {
  const what = 'the normalised shape';
  const shape = typeof features === 'number' ? [features] : checkLengths(call, what, features as Shape);
  for (const length of shape) checkCount(call, 'a normalised length', length);
  if (shape.length === 0) throw new ShapeError(`${call}: expected at least one axis to normalise over, got none`);
  return shape as unknown as NormalizedShape<N>;
}

/**
 * A layer that normalises each example over its features, or over its last several axes; see `layerNorm`.
 *
 * @example
 * const layer = new LayerNorm(4);
 * layer.forward(zeros([2, 3, 4])).shape; // [2, 3, 4]
 */
export class LayerNorm<const N extends number | Shape = number> extends Module {
  declare readonly [shapes]: NormalizedMap<N>;
  readonly normalizedShape: NormalizedShape<N>;
  readonly eps: number;
  readonly weight: Parameter<NormalizedShape<N>> | undefined;
  readonly bias: Parameter<NormalizedShape<N>> | undefined;

  /** @param features The length of the last axis, or the lengths of the last several axes. */
  constructor(features: N, options: AffineOptions = {}) {
    super();
    checkLayerOptions('LayerNorm', options, ['eps', 'affine', 'bias', 'dtype']);
    const { eps = 1e-5 } = options;
    checkEps('LayerNorm', eps);
    this.normalizedShape = shapeOf('LayerNorm', features);
    this.eps = eps;
    const { weight, bias } = affineParameters(this.normalizedShape, options);
    this.weight = weight;
    this.bias = bias;
  }

  forward<S extends Shape>(x: Input<NormalizedMap<N>, S>): Output<NormalizedMap<N>, S> {
    const { weight, bias, normalizedShape, eps } = this;
    return layerNorm(x as unknown as Tensor, weight, bias, { normalizedShape, eps }) as never;
  }

  protected override settings(): string {
    return this.normalizedShape.join(', ');
  }
}

/** The options of `RMSNorm`. */
export type RMSNormOptions = Omit<AffineOptions, 'bias'>;

/**
 * A layer that divides each example by the root mean square of its elements; see `rmsNorm`.
 *
 * @example
 * new RMSNorm(2, { eps: 0 }).forward(tensor([[3, 3], [10, -10]])).toArray(); // [[1, 1], [1, -1]]
 */
export class RMSNorm<const N extends number | Shape = number> extends Module {
  declare readonly [shapes]: NormalizedMap<N>;
  readonly normalizedShape: NormalizedShape<N>;
  /** The number added to the mean square; `undefined` stands for the machine epsilon of the dtype. */
  readonly eps: number | undefined;
  readonly weight: Parameter<NormalizedShape<N>> | undefined;

  /** @param features The length of the last axis, or the lengths of the last several axes. */
  constructor(features: N, options: RMSNormOptions = {}) {
    super();
    checkLayerOptions('RMSNorm', options, ['eps', 'affine', 'dtype']);
    const { eps } = options;
    if (eps !== undefined) checkEps('RMSNorm', eps);
    this.normalizedShape = shapeOf('RMSNorm', features);
    this.eps = eps;
    this.weight = affineParameters(this.normalizedShape, { ...options, bias: false }).weight;
  }

  forward<S extends Shape>(x: Input<NormalizedMap<N>, S>): Output<NormalizedMap<N>, S> {
    const { weight, normalizedShape, eps } = this;
    const options = eps === undefined ? { normalizedShape } : { normalizedShape, eps };
    return rmsNorm(x as unknown as Tensor, weight, options) as never;
  }

  protected override settings(): string {
    return this.normalizedShape.join(', ');
  }
}
