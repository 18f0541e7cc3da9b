/** Layers whose weight is computed from what is trained: weight and spectral normalisation. */

import {
  ArgumentError,
  type Buffer,
  buffer,
  noGrad,
  Parameter,
  parameter,
  type Random,
  type Shape,
  ShapeError,
  type Tensor,
} from '@tapegrad/core';
import { checkSynchronous, describeValue, formatShape, isRecomputing, sameShape } from '@tapegrad/core/extend';
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
   * The axis each of whose entries has a length of its own. Defaults to the last of a `Dense` layer's weight [in, out], and to
   * the first of any other: the outputs of a convolution or a cell, the vectors of an `Embedding`, and, as PyTorch's, the
   * inputs of a transposed convolution, whose outputs are axis 1.
   */
  readonly axis?: number;
}

/** A layer that computes with a weight other than the parameter that it holds. */
abstract class Reparametrized<L extends Layer> extends Module {
  declare readonly [shapes]: Composed<readonly [L]>;
  readonly layer: L;
  /** The field of the layer that holds the weight. */
  readonly field: string;
  readonly axis: number;

  /** @param axis the one that the layer's weight is seen along, where the options name none */
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

  /** What the layer holds: the parameter, or what stands in its place. */
  protected get held(): Tensor {
    return Reflect.get(this.layer, this.field) as Tensor;
  }

  /** The weight that the layer is to compute with. */
  protected abstract weight(): Tensor;

  /** What the layer gives with the computed weight. */
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

/** The axis of the outputs of a layer's weight: what the layer says, or the last of a matrix, the first of any other. */
function outputAxisOf(layer: object, rank: number): number {
  const own: unknown = Reflect.get(layer, 'outputAxis');
  return typeof own === 'number' ? own : rank === 2 ? 1 : 0;
}

const allBut = (axis: number, { shape }: Tensor): number[] => shape.map((_, i) => i).filter((i) => i !== axis);

/** The norm of each entry of an axis, which alone keeps its length. */
const normsAlong = (x: Tensor, axis: number): Tensor => x.norm(allBut(axis, x), { keepDims: true });

/**
 * magnitude direction / |direction|, with the norm of each entry of an axis: weights whose lengths and directions are learnt
 * apart (Salimans and Kingma 2016). An entry of zeros has no direction: it stays zeros, whatever its magnitude (PyTorch: NaN).
 *
 * @param direction of two axes or more
 * @param magnitude of the same shape, but for length 1 in place of all axes but the one
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
  const divisors = isZero.elements.includes(1) ? isZero.where(1, norms) : norms;
  return (direction as Tensor).mul(magnitude.div(divisors)) as Tensor<S>;
}

/**
 * A layer whose weight has the length of each entry of an axis, of each output of a `Dense` layer or a convolution, as a
 * parameter of its own; the parameter that the layer holds gives the direction alone. See `weightNorm`.
 *
 * @throws ArgumentError for a weight of zeros: without directions, no gradient would ever reach it.
 * @example
 * const layer = new WeightNorm(new Dense(4, 3));
 * layer.forward(zeros([2, 4])).shape; // [2, 3]
 * [...layer.namedParameters().keys()]; // ['magnitude', 'layer.weight', 'layer.bias']
 */
export class WeightNorm<L extends Layer = Layer> extends Reparametrized<L> {
  /** The lengths, of the weight's shape but for length 1 in place of all axes but the one. */
  readonly magnitude: Parameter;

  constructor(layer: L, options: WeightNormOptions = {}) {
    checkLayerOptions('WeightNorm', options, ['name', 'axis']);
    super(layer, options, (rank) => (rank === 2 ? outputAxisOf(layer, rank) : 0));
    const norms = normsAlong(this.held.detach(), this.axis);
    if (norms.elements.every((norm) => norm === 0)) {
      const why = 'which has no direction and would never be trained; initialise it otherwise';
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
   * The axis of the outputs. Defaults to what the layer has: the last of a `Dense` layer's weight [in, out], the first of a
   * convolution's, the second of a transposed one's.
   */
  readonly axis?: number;
  /** How many steps of the power iteration a forward pass takes while training. Defaults to 1. */
  readonly powerIterations?: number;
  /** The least singular value that the weight, and norm that a vector is divided by. Defaults to 1e-12. */
  readonly eps?: number;
  /** Draws the vectors that the iteration starts from. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
}

/**
 * A layer whose weight is divided by its largest singular value, that of the matrix [outputs, all else]:
 * W / (u^T W v), with u and v by a power iteration that goes on while training and is held constant in the gradient (Miyato et
 * al. 2018). A weight whose largest singular value is below eps, as that of zeros is, is taken as it is (PyTorch: NaN).
 *
 * @example
 * const layer = new SpectralNorm(new Dense(4, 3), { random: new Random(1) });
 * layer.forward(zeros([2, 4])).shape; // [2, 3]
 * [...layer.namedBuffers().keys()]; // ['left', 'right']
 */
export class SpectralNorm<L extends Layer = Layer> extends Reparametrized<L> {
  readonly powerIterations: number;
  readonly eps: number;
  /** The left singular vector, [outputs]. */
  readonly left: Buffer;
  /** The right singular vector. */
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
      const x: Tensor = random.normal([length], { dtype: matrix.dtype as 'float32' });
      return x.div(x.norm() as Tensor) as Tensor;
    });
    this.left = buffer(left!, { name: 'left' });
    this.right = buffer(right!, { name: 'right' });
    // So that the first estimate is a good one.
    this.#iterate(matrix, 15);
  }

  protected override weight(): Tensor {
    const weight = this.held;
    if (this.training && !isRecomputing()) this.#follow(weight);
    // Copies, since the vectors may change before the sweep.
    const [left, right] = [this.left.detach(), this.right.detach()];
    const largest = this.#matrix(weight).matmul(right).matmul(left) as Tensor;
    const isSmall = largest.less(this.eps);
    return weight.div(isSmall.elements.includes(1) ? isSmall.where(1, largest) : largest);
  }

  /** Goes on with the power iteration, for a weight that has changed. */
  #follow(weight: Tensor): void {
    checkUnbatched('SpectralNorm', 'a weight', weight, 'call eval()');
    for (const [field, value] of Object.entries({ left: this.left, right: this.right })) {
      changeable('SpectralNorm', field, value, `call eval(), or let a buffer stand for it: { ${field}: buffer(x) }`);
    }
    noGrad(() => this.#iterate(this.#matrix(weight), this.powerIterations));
  }

  /** [outputs, all else] */
  #matrix(weight: Tensor): Tensor {
    const outputs = weight.shape[this.axis]!;
    return (weight.permute([this.axis, ...allBut(this.axis, weight)]) as Tensor).reshape([outputs, -1]);
  }

  /** Turns a vector to the direction of another; where that has none, as a product with zeros has not, it stays as it is. */
  #turn(vector: Buffer, to: Tensor): void {
    const norm = to.norm().item();
    if (norm >= this.eps) vector.assign(to.div(norm));
  }

  #iterate(matrix: Tensor, steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.#turn(this.left, matrix.matmul(this.right));
      this.#turn(this.right, (matrix.transpose() as Tensor).matmul(this.left));
    }
  }
}
