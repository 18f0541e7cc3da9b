/** Layers whose weight is computed from what is trained: weight and spectral normalisation. */

import {
  ArgumentError,
  type Buffer,
  buffer,
  checkSynchronous,
  describeValue,
  formatShape,
  isRecomputing,
  noGrad,
  Parameter,
  parameter,
  type Random,
  type Shape,
  ShapeError,
  sameShape,
  type Tensor,
} from '@tapegrad/core';
import { changeable, checkArgument, checkCount, checkLikeInput, checkOption, checkUnbatched } from './checks.ts';
import { defaultRandom } from './init.ts';
import { errorAt } from './layer-errors.ts';
import type { Composed, Input, Output, shapes } from './layer-shapes.ts';
import { Module } from './module.ts';
import type { Layer } from './sequential.ts';

export interface WeightNormOptions {
  /** The field of the layer that holds the weight; `weight` unless given. */
  readonly name?: string;
  /** The axis of the outputs; the last of a matrix [in, out], the first of a convolution's weight, unless given. */
  readonly axis?: number;
}

/** A layer that computes with a weight other than the parameter that it holds. */
abstract class Reparametrized<L extends Layer> extends Module {
  declare readonly [shapes]: Composed<readonly [L]>;
  readonly layer: L;
  /** The field of the layer that holds the weight. */
  readonly field: string;
  readonly axis: number;

  constructor(layer: L, { name: field = 'weight', axis }: WeightNormOptions) {
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
    this.axis = axisOf(call, axis ?? (held.rank === 2 ? 1 : 0), held.rank);
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

const allBut = (axis: number, { shape }: Tensor): number[] => shape.map((_, i) => i).filter((i) => i !== axis);

/** The norm of each entry of an axis, which alone keeps its length. */
const normsAlong = (x: Tensor, axis: number): Tensor => x.norm(allBut(axis, x), { keepDims: true });

/**
 * magnitude direction / |direction|, with the norm of each entry of an axis: weights whose lengths and directions are learnt
 * apart (Salimans and Kingma 2016).
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
  return (direction as Tensor).mul(magnitude.div(norms)) as Tensor<S>;
}

/**
 * A layer whose weight has its length, for each output, as a parameter of its own; the parameter that the layer holds gives the
 * direction alone. See `weightNorm`.
 *
 * @example
 * const layer = new WeightNorm(new Dense(4, 3));
 * layer.forward(zeros([2, 4])).shape; // [2, 3]
 * [...layer.namedParameters().keys()]; // ['magnitude', 'layer.weight', 'layer.bias']
 */
export class WeightNorm<L extends Layer = Layer> extends Reparametrized<L> {
  /** The lengths, of the weight's shape but for length 1 in place of all axes but that of the outputs. */
  readonly magnitude: Parameter;

  constructor(layer: L, options: WeightNormOptions = {}) {
    super(layer, options);
    this.magnitude = parameter(normsAlong(this.held.detach(), this.axis), { name: 'magnitude' });
  }

  protected override weight(): Tensor {
    return weightNorm(this.held, this.magnitude, this.axis);
  }
}

export interface SpectralNormOptions extends WeightNormOptions {
  /** How many steps of the power iteration a forward pass takes while training; 1 unless given. */
  readonly powerIterations?: number;
  /** The least norm that a vector is divided by; 1e-12 unless given. */
  readonly eps?: number;
  /** Draws the vectors that the iteration starts from; `init.defaultRandom` unless given. */
  readonly random?: Random;
}

/**
 * A layer whose weight is divided by its largest singular value, that of the matrix [outputs, all else]:
 * W / (u^T W v), with u and v by a power iteration that goes on while training and is held constant in the gradient (Miyato et
 * al. 2018).
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
    super(layer, options);
    const { powerIterations = 1, eps = 1e-12, random = defaultRandom } = options;
    checkCount('SpectralNorm', 'the number of power iterations', powerIterations);
    checkOption('SpectralNorm', 'eps', eps, eps > 0, 'a number above 0');
    this.powerIterations = powerIterations;
    this.eps = eps;
    const matrix = this.#matrix(this.held.detach());
    const [left, right] = matrix.shape.map((length) =>
      this.#unit(random.normal([length], { dtype: matrix.dtype as 'float32' })),
    );
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
    return weight.div(largest);
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

  #unit(x: Tensor): Tensor {
    return x.div(Math.max(x.norm().item(), this.eps));
  }

  #iterate(matrix: Tensor, steps: number): void {
    for (let step = 0; step < steps; step++) {
      this.left.assign(this.#unit(matrix.matmul(this.right)));
      this.right.assign(this.#unit((matrix.transpose() as Tensor).matmul(this.left)));
    }
  }
}
