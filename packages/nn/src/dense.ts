/** Fully connected layers. */

import { checkTensor, type Fitting, formatShape, kernels, type MatMul, type Of } from '@tapegrad/core/extend';
import { type FloatDType, type Parameter, type Random, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkArgument, checkBias, checkCount, checkInputDType, checkLayerOptions } from './checks.ts';
import { defaultRandom, type Initializer, uniform } from './init.ts';
import { initialized } from './initialized.ts';
import type { FeatureMap, Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module/module.ts';

/**
 * Computes x W + b, with the features on the last axis of x.
 *
 * @param x [..., in]
 * @param weight [in, out]
 * @param bias [out]
 * @returns [..., out]
 */
export function dense<S extends Shape, W extends Shape>(
  x: Tensor<S>,
  weight: Fitting<MatMul<S, W>, W>,
  bias?: Tensor,
): Of<MatMul<S, W>> {
  const w = weight as unknown as Tensor;
  checkTensor('dense', x);
  checkArgument('dense', 'the weight', w);
  const [inFeatures, outFeatures] = w.shape;
  if (inFeatures === undefined || outFeatures === undefined || w.rank !== 2) {
    throw new ShapeError(`dense: expected a weight of shape [in, out], got ${formatShape(w.shape)}`);
  }
  const last = x.shape.at(-1);
  if (last !== inFeatures) {
    const receives = last === undefined ? 'a scalar' : `${last}, in an input of shape ${formatShape(x.shape)}`;
    throw new ShapeError(`dense: expects ${inFeatures} features but receives ${receives}`);
  }
  checkInputDType('dense', x, w);
  if (bias === undefined) return (x as Tensor).matmul(w) as never;
  checkBias('dense', bias, outFeatures, w);
  return (x.rank === 1 ? (x as Tensor).matmul(w).add(bias) : kernels.affine(x, w, bias)) as never;
}

/** The options of `Dense`. */
export interface DenseOptions {
  /** Whether to add a bias. Defaults to true. */
  readonly bias?: boolean;
  /**
   * The initialiser of the weight. The default draws uniformly between -1/sqrt(in) and 1/sqrt(in), as in PyTorch's
   * `Linear`.
   */
  readonly init?: Initializer;
  /** The initialiser of the bias. Has the same default as `init`. */
  readonly biasInit?: Initializer;
  /** The generator that the initialisers draw from. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/**
 * A fully connected layer, which computes x W + b.
 *
 * @example
 * const layer = new Dense(784, 256, { random: new Random(1) });
 * layer.forward(zeros([64, 784])).shape; // [64, 256]
 */
export class Dense<const In extends number = number, const Out extends number = number> extends Module {
  declare readonly [shapes]: FeatureMap<In, Out>;
  readonly inFeatures: In;
  readonly outFeatures: Out;
  /** The weight, [in, out]. */
  readonly weight: Parameter<readonly [In, Out]>;
  /** The bias, [out]. */
  readonly bias: Parameter<readonly [Out]> | undefined;

  constructor(inFeatures: In, outFeatures: Out, options: DenseOptions = {}) {
    super();
    checkLayerOptions('Dense', options, ['bias', 'init', 'biasInit', 'random', 'dtype']);
    checkCount('Dense', 'inFeatures', inFeatures);
    checkCount('Dense', 'outFeatures', outFeatures);
    const high = 1 / Math.sqrt(inFeatures);
    const usual = uniform({ low: -high, high });
    const { bias = true, init = usual, biasInit = usual, random = defaultRandom, dtype = 'float32' } = options;
    this.inFeatures = inFeatures;
    this.outFeatures = outFeatures;
    this.weight = initialized('Dense', 'weight', [inFeatures, outFeatures], { init, random, dtype });
    const biasOrigin = { option: 'biasInit', init: biasInit, random, dtype };
    this.bias = bias ? initialized('Dense', 'bias', [outFeatures], biasOrigin) : undefined;
  }

  /** Maps [..., in] to [..., out]. */
  forward<S extends Shape>(x: Input<FeatureMap<In, Out>, S>): Output<FeatureMap<In, Out>, S> {
    return dense(x as unknown as Tensor, this.weight as Tensor, this.bias as Tensor | undefined) as never;
  }

  protected override settings(): string {
    return `${this.inFeatures}, ${this.outFeatures}${this.bias === undefined ? ', no bias' : ''}`;
  }
}
