import { ArgumentError, checkSynchronous, formatShape, type Shape } from '@tapegrad/kernels';
import { describeValue, marked, markOf } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkTensor } from '../checks/operands.ts';
import { countArguments } from '../checks/untyped-callers.ts';
import type { Tensor } from '../tensor/class.ts';

const gradientsMark = markOf('gradients');

/**
 * The gradients that a backward pass computed. They are not stored in the tensors, so nothing must be reset before the
 * next pass.
 */
export class Gradients {
  readonly #gradients: ReadonlyMap<Tensor, Tensor>;

  constructor(gradients: ReadonlyMap<Tensor, Tensor>) {
    this.#gradients = gradients;
  }

  /** The description of the gradients in messages. */
  get [marked](): object {
    return gradientsMark;
  }

  /**
   * Returns the gradient with respect to a tensor, which has the tensor's shape and dtype. Throws `TapeError` if the
   * loss does not depend on the tensor.
   */
  of<S extends Shape>(x: Tensor<S>): Tensor<S> {
    const gradient = this.#gradients.get(x);
    if (gradient !== undefined) return gradient as Tensor<S>;
    checkTensor('gradients', x);
    const which = x.name === undefined ? `a tensor of shape ${formatShape(x.shape)}` : `'${x.name}'`;
    const why = x.requiresGrad ? 'the loss does not depend on it, or it was not wanted' : 'it does not require one';
    throw new TapeError(`gradients: there is none for ${which}: ${why}`);
  }

  has(x: Tensor): boolean {
    return this.#gradients.has(x);
  }

  /** The number of tensors that have a gradient. */
  get size(): number {
    return this.#gradients.size;
  }

  /** Iterates over pairs of a tensor and its gradient. */
  [Symbol.iterator](): Iterator<readonly [Tensor, Tensor]> {
    return this.#gradients[Symbol.iterator]();
  }

  /** Applies `change` to every gradient, and returns the results as new gradients. */
  map(change: (gradient: Tensor, x: Tensor) => Tensor): Gradients {
    const made = (x: Tensor, gradient: Tensor) => checkSynchronous('gradients.map', change(gradient, x));
    return new Gradients(new Map([...this].map(([x, gradient]) => [x, made(x, gradient)])));
  }

  /**
   * Adds the gradients of another backward pass, for example that of another micro-batch. A tensor with a gradient in
   * only one of them keeps it.
   */
  add(other: Gradients): Gradients {
    if (!(other instanceof Gradients))
      throw new ArgumentError(`gradients.add: expected gradients, got ${describeValue(other)}`);
    const sum = new Map(this.#gradients);
    for (const [x, gradient] of other) {
      const mine = sum.get(x);
      sum.set(x, mine === undefined ? gradient : mine.add(gradient));
    }
    return new Gradients(sum);
  }

  /** Multiplies every gradient by a number. */
  scale(factor: number): Gradients {
    return this.map((gradient) => gradient.mul(factor));
  }
}

countArguments(Gradients.prototype);
