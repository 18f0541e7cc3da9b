/** Functions that are linear in each of two inputs. */

import { checkTensor, formatShape, sameShape } from '@tapegrad/core/extend';
import { type FloatDType, type Parameter, type Random, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkArgument, checkBias, checkCount, checkInputDType, checkLayerOptions } from './checks.ts';
import { defaultRandom, type Initializer, uniform } from './init.ts';
import { initialized } from './initialized.ts';
import type { FeatureMap, Input, Output } from './layer-shapes.ts';
import { Module } from './module/module.ts';

/**
 * Computes y_k = x1^T W_k x2 + b_k, with the features on the last axes. The computation multiplies the products of all
 * feature pairs by the weight, reshaped to a matrix [in1 * in2, out].
 *
 * @param x1 [..., in1]
 * @param x2 [..., in2]
 * @param weight [out, in1, in2]
 * @param bias [out]
 * @returns [..., out]
 * @example
 * const [x, y] = [tensor([[1, 2]]), tensor([[3, 4]])];
 * bilinear(x, y, ones([1, 2, 2])).toArray(); // [[21]]
 */
export function bilinear(x1: Tensor, x2: Tensor, weight: Tensor, bias?: Tensor): Tensor {
  checkTensor('bilinear', x1);
  checkArgument('bilinear', 'the second input', x2);
  checkArgument('bilinear', 'the weight', weight);
  const [out, in1, in2] = weight.shape;
  if (out === undefined || in1 === undefined || in2 === undefined || weight.rank !== 3) {
    throw new ShapeError(`bilinear: expected a weight of shape [out, in1, in2], got ${formatShape(weight.shape)}`);
  }
  const fits = x1.shape.at(-1) === in1 && x2.shape.at(-1) === in2;
  if (!fits || !sameShape(x1.shape.slice(0, -1), x2.shape.slice(0, -1))) {
    const got = `${formatShape(x1.shape)} and ${formatShape(x2.shape)}`;
    throw new ShapeError(
      `bilinear: expected inputs [..., ${in1}] and [..., ${in2}] alike before the last axis, got ${got}`,
    );
  }
  for (const x of [x1, x2]) checkInputDType('bilinear', x, weight);
  if (bias !== undefined) checkBias('bilinear', bias, out, weight);
  const lead = x1.shape.slice(0, -1);
  const pairs = x1.reshape([...lead, in1, 1]).mul(x2.reshape([...lead, 1, in2]));
  const matrix = weight.reshape([out, in1 * in2]).transpose();
  const product = pairs.reshape([...lead, in1 * in2]).matmul(matrix as Tensor);
  return bias === undefined ? product : product.add(bias);
}

/** The options of `Bilinear`. */
export interface BilinearOptions {
  /** Whether to add a bias. Defaults to true. */
  readonly bias?: boolean;
  /**
   * The initialiser of the weight and the bias. The default draws uniformly between -1/sqrt(in1) and 1/sqrt(in1), as in
   * PyTorch.
   */
  readonly init?: Initializer;
  /** The generator that the initialiser draws from. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/**
 * A module that computes a function linear in each of two inputs; see `bilinear`.
 *
 * @example
 * new Bilinear(3, 4, 2).forward(zeros([8, 3]), zeros([8, 4])).shape; // [8, 2]
 */
export class Bilinear<
  const In1 extends number = number,
  const In2 extends number = number,
  const Out extends number = number,
> extends Module {
  readonly in1Features: In1;
  readonly in2Features: In2;
  readonly outFeatures: Out;
  /** The weight, [out, in1, in2]. */
  readonly weight: Parameter<readonly [Out, In1, In2]>;
  /** The bias, [out]. */
  readonly bias: Parameter<readonly [Out]> | undefined;

  constructor(in1Features: In1, in2Features: In2, outFeatures: Out, options: BilinearOptions = {}) {
    super();
    checkLayerOptions('Bilinear', options, ['bias', 'init', 'random', 'dtype']);
    const counts = { in1Features, in2Features, outFeatures };
    for (const [name, count] of Object.entries(counts)) checkCount('Bilinear', name, count);
    const high = 1 / Math.sqrt(in1Features);
    const { bias = true, init = uniform({ low: -high, high }), random = defaultRandom, dtype = 'float32' } = options;
    const origin = { init, random, dtype };
    this.in1Features = in1Features;
    this.in2Features = in2Features;
    this.outFeatures = outFeatures;
    this.weight = initialized('Bilinear', 'weight', [outFeatures, in1Features, in2Features], origin);
    this.bias = bias ? initialized('Bilinear', 'bias', [outFeatures], origin) : undefined;
  }

  /** Maps [..., in1] and [..., in2] to [..., out]. */
  forward<S1 extends Shape, S2 extends Shape>(
    x1: Input<FeatureMap<In1, Out>, S1>,
    x2: Input<FeatureMap<In2, Out>, S2>,
  ): Output<FeatureMap<In1, Out>, S1> {
    return bilinear(x1 as unknown as Tensor, x2 as unknown as Tensor, this.weight, this.bias) as never;
  }

  protected override settings(): string {
    const without = this.bias === undefined ? ', no bias' : '';
    return `${this.in1Features}, ${this.in2Features}, ${this.outFeatures}${without}`;
  }
}
