/** Layers whose weight is computed from trained parameters: weight and spectral normalisation. */

import {
  areWithin,
  checkSynchronous,
  describeValue,
  formatShape,
  isAnyTrue,
  isRecomputing,
  sameShape,
} from '@tapegrad/core/extend';
import {
  ArgumentError,
  type Buffer,
  buffer,
  noGrad,
  norm,
  normal,
  Parameter,
  parameter,
  type Random,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core/lean';
import {
  changeable,
  checkArgument,
  checkCount,
  checkLayerOptions,
  checkLikeInput,
  checkOption,
  checkUnbatched,
} from '../checks.ts';
import { defaultRandom } from '../init.ts';
import type { Composed, Input, Output, shapes } from '../layer-shapes.ts';
import { errorAt } from '../module/layer-errors.ts';
import { Module } from '../module/module.ts';
import type { Layer } from '../module/sequential.ts';

/** The options of `WeightNorm`. */
export interface WeightNormOptions {
  /** The field of the layer that holds the weight. Defaults to `weight`. */
  readonly name?: string;
  /**
   * The axis along which each index has a separate norm. Defaults to the last axis of a `Dense` layer's weight [in,
   * out], and to the first axis of any other weight. The first axis holds the outputs of a convolution or a cell, or
   * the vectors of an `Embedding`. For a transposed convolution it holds the inputs, as in PyTorch; the outputs are
   * axis 1.
   */
  readonly axis?: number;
}

/** A wrapper around a layer, which runs the layer with a weight computed from the layer's parameter. */
abstract class Reparametrized<L extends Layer> extends Module {
  declare readonly [shapes]: Composed<readonly [L]>;
  readonly layer: L;
  /** The field of the layer that holds the weight. */
  readonly field: string;
  readonly axis: number;

  /** @param usualAxis the default axis for a weight of a given rank */
  constructor(layer: L, { name: field = 'weight', axis }: WeightNormOptions, usualAxis: (rank: number) => number) {
    super();
    const call = this.constructor.name;
    if (!(layer instanceof Module)) {
      throw new ArgumentError(`${call}: expected a layer, got ${describeValue(layer)}`);
    }
    this.layer = layer;
    this.field = field;
    const { held } = this;
    if (!(held instanceof Parameter)) throw new ArgumentError(`${call}: ${layer} has no parameter '${field}'`);
    if (held.rank < 2) {
      throw new ShapeError(`${call}: expected a weight of two axes or more, got shape ${formatShape(held.shape)}`);
    }
    this.axis = axisOf(call, axis ?? usualAxis(held.rank), held.rank);
  }

  /** The tensor in the layer's field: the parameter, or a tensor that currently replaces it. */
  protected get held(): Tensor {
    return Reflect.get(this.layer, this.field) as Tensor;
  }

  /** Computes the weight that the layer uses. */
  protected abstract weight(): Tensor;

  /** Runs the layer with the computed weight. */
  forward<S extends Shape>(x: Input<Composed<readonly [L]>, S>): Output<Composed<readonly [L]>, S> {
    const { layer, field, held } = this;
    const weight = this.weight();
    try {
      Reflect.set(layer, field, weight);
      return checkSynchronous(this.constructor.name, layer.forward(x as never), 'a forward') as never;
    } catch (error) {
      throw errorAt(error, 'layer', layer);
    } finally {
      Reflect.set(layer, field, held);
    }
  }

  protected override settings(): string {
    return String(this.layer);
  }
}

function axisOf(call: string, axis: number, rank: number): number {
  if (Number.isInteger(axis) && axis >= -rank && axis < rank) return axis < 0 ? axis + rank : axis;
  throw new ArgumentError(`${call}: axis ${axis} is out of range for a weight of ${rank} axes`);
}

/**
 * Returns the output axis of a layer's weight. This is the axis that the layer declares. Without a declaration, it is
 * the last axis of a matrix, and the first of any other weight.
 */
function outputAxisOf(layer: object, rank: number): number {
  const own: unknown = Reflect.get(layer, 'outputAxis');
  return typeof own === 'number' ? own : rank === 2 ? 1 : 0;
}

const allBut = (axis: number, { shape }: Tensor): number[] => shape.map((_, i) => i).filter((i) => i !== axis);

/** Computes the norm over all axes except `axis`. The reduced axes are kept with length 1. */
const normsAlong = (x: Tensor, axis: number): Tensor => norm(x, allBut(axis, x), { keepDims: true });

/**
 * Computes magnitude direction / |direction|, with a separate norm for each index of `axis`. So the lengths and
 * directions of weights are learned separately (Salimans and Kingma 2016). If a direction is all zeros, the result is
 * zero, whatever its magnitude (PyTorch: NaN).
 *
 * @param direction A tensor of two axes or more.
 * @param magnitude A tensor of the same shape, but with length 1 for all axes except `axis`.
 * @example
 * weightNorm(tensor([[3, 1], [4, 0]]), tensor([[10, 2]]), 1).toArray(); // [[6, 2], [8, 0]]
 */
export function weightNorm<S extends Shape>(direction: Tensor<S>, magnitude: Tensor, axis: number): Tensor<S> {
  checkArgument('weightNorm', 'the direction', direction);
  checkArgument('weightNorm', 'the magnitude', magnitude);
  const i = axisOf('weightNorm', axis, direction.rank);
  const norms = normsAlong(direction, i);
  if (!sameShape(norms.shape, magnitude.shape)) {
    const shape = formatShape(norms.shape);
    throw new ShapeError(`weightNorm: expected magnitudes of shape ${shape}, got ${formatShape(magnitude.shape)}`);
  }
  checkLikeInput('weightNorm', 'the magnitude', magnitude, direction);
  const isZero = norms.equal(0);
  const divisors = isAnyTrue(isZero.elements) ? isZero.where(1, norms) : norms;
  return (direction as Tensor).mul(magnitude.div(divisors)) as Tensor<S>;
}

/**
 * A layer whose weight has separate parameters for length and direction. There is one length for each index of an axis,
 * for example for each output of a `Dense` layer or a convolution. The weight parameter of the wrapped layer then gives
 * only the direction. See `weightNorm`.
 *
 * @throws ArgumentError if the weight has a vector of zeros, which has no direction and would never get a gradient.
 * @example
 * const layer = new WeightNorm(new Dense(4, 3));
 * layer.forward(zeros([2, 4])).shape; // [2, 3]
 * [...layer.namedParameters().keys()]; // ['magnitude', 'layer.weight', 'layer.bias']
 */
export class WeightNorm<L extends Layer = Layer> extends Reparametrized<L> {
  /** The lengths of the weight's vectors. The shape is that of the weight, but with length 1 for all axes except `axis`. */
  readonly magnitude: Parameter;

  constructor(layer: L, options: WeightNormOptions = {}) {
    checkLayerOptions('WeightNorm', options, ['name', 'axis']);
    super(layer, options, (rank) => (rank === 2 ? outputAxisOf(layer, rank) : 0));
    const norms = normsAlong(this.held.detach(), this.axis);
    if (norms.elements.every((norm) => norm === 0)) {
      const why = 'which has no direction and would never be trained; initialize it differently';
      throw new ArgumentError(`WeightNorm: ${layer} has a ${this.field} of zeros, ${why}`);
    }
    this.magnitude = parameter(norms, { name: 'magnitude' });
  }

  protected override weight(): Tensor {
    return weightNorm(this.held, this.magnitude, this.axis);
  }
}

/** The options of `SpectralNorm`. */
export interface SpectralNormOptions {
  /** The field of the layer that holds the weight. Defaults to `weight`. */
  readonly name?: string;
  /**
   * The axis of the outputs. Defaults to the axis that the layer declares: the last for a `Dense` layer, the first for
   * a convolution, the second for a transposed convolution.
   */
  readonly axis?: number;
  /** The number of power iteration steps in each forward pass while training. Defaults to 1. */
  readonly powerIterations?: number;
  /**
   * The threshold below which values count as 0: a weight with a smaller singular value isn't divided, and a vector
   * with a smaller norm is ignored. Defaults to 1e-12.
   */
  readonly eps?: number;
  /** The generator that draws the initial vectors of the iteration. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
}

/**
 * A layer whose weight is divided by its largest singular value: W / (u^T W v). For this, the weight is treated as a
 * matrix [outputs, all other axes]. A power iteration updates u and v while training, and the gradient treats them as
 * constants (Miyato et al. 2018). If the largest singular value is below eps, as for a weight of zeros, the weight is
 * not divided (PyTorch: NaN).
 *
 * @example
 * const layer = new SpectralNorm(new Dense(4, 3), { random: new Random(1) });
 * layer.forward(zeros([2, 4])).shape; // [2, 3]
 * [...layer.namedBuffers().keys()]; // ['left', 'right']
 */
export class SpectralNorm<L extends Layer = Layer> extends Reparametrized<L> {
  readonly powerIterations: number;
  readonly eps: number;
  /** The estimate u of the left singular vector, [outputs]. */
  readonly left: Buffer;
  /** The estimate v of the right singular vector, which has one element for each column of the matrix. */
  readonly right: Buffer;

  constructor(layer: L, options: SpectralNormOptions = {}) {
    checkLayerOptions('SpectralNorm', options, ['name', 'axis', 'powerIterations', 'eps', 'random']);
    super(layer, options, (rank) => outputAxisOf(layer, rank));
    const { powerIterations = 1, eps = 1e-12, random = defaultRandom } = options;
    checkCount('SpectralNorm', 'the number of power iterations', powerIterations);
    checkOption('SpectralNorm', 'eps', eps, eps > 0, 'a number above 0');
    this.powerIterations = powerIterations;
    this.eps = eps;
    const matrix = this.#matrix(this.held.detach());
    const [left, right] = matrix.shape.map((length) => {
      const x: Tensor = normal(random, [length], { dtype: matrix.dtype as 'float32' });
      return x.div(norm(x) as Tensor) as Tensor;
    });
    this.left = buffer(left!, { name: 'left' });
    this.right = buffer(right!, { name: 'right' });
    // Runs more steps here, to start from a good estimate.
    this.#iterate(matrix, 15);
  }

  protected override weight(): Tensor {
    const weight = this.held;
    if (this.training && !isRecomputing()) this.#follow(weight);
    // Copies the vectors, since they may change before the backward pass.
    const [left, right] = [this.left.detach(), this.right.detach()];
    const largest = this.#matrix(weight).matmul(right).matmul(left) as Tensor;
    const isSmall = largest.less(this.eps);
    return weight.div(isAnyTrue(isSmall.elements) ? isSmall.where(1, largest) : largest);
  }

  /** Continues the power iteration after the weight has changed. */
  #follow(weight: Tensor): void {
    checkUnbatched('SpectralNorm', 'a weight', weight, 'call eval()');
    for (const [field, value] of Object.entries({ left: this.left, right: this.right })) {
      changeable('SpectralNorm', field, value, `call eval(), or replace it by a buffer: { ${field}: buffer(x) }`);
    }
    noGrad(() => this.#iterate(this.#matrix(weight), this.powerIterations));
  }

  /** Returns a weight as a matrix [outputs, all other axes]. */
  #matrix(weight: Tensor): Tensor {
    const outputs = weight.shape[this.axis]!;
    return (weight.permute([this.axis, ...allBut(this.axis, weight)]) as Tensor).reshape([outputs, -1]);
  }

  /** Sets a vector to the direction of another. If the norm of the other vector is below eps, nothing changes. */
  #turn(vector: Buffer, to: Tensor): void {
    const length = norm(to) as Tensor;
    if (areWithin(length.elements, { low: this.eps, high: Number.POSITIVE_INFINITY })) vector.assign(to.div(length));
  }

  #iterate(matrix: Tensor, steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#turn(this.left, matrix.matmul(this.right));
      this.#turn(this.right, (matrix.transpose() as Tensor).matmul(this.left));
    }
  }
}
