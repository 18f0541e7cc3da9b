/** Mutable tensors: parameters to train, and buffers that accompany them. */

import {
  ArgumentError,
  checkSynchronous,
  contiguous,
  type Data,
  type DType,
  DTypeError,
  formatShape,
  isFloat,
  NdArray,
  type Shape,
  ShapeError,
  sameShape,
} from '@tapegrad/kernels';
import { describeValue } from './checks/describe-value.ts';
import { checkTensor } from './checks/operands.ts';
import { checkNoMore, checkOptions, countArguments } from './checks/untyped-callers.ts';
import { isLent, isShared, noteChange, noteView } from './tape/changes.ts';
import { kernels, Tensor } from './tensor.ts';
import { tracing } from './tracing.ts';
import type { SameShapes } from './types/static-shapes.ts';

/** The internals of a variable that other packages need. */
export interface VariableAccess {
  /** Makes a variable use other memory that holds the same elements. Views of the variable keep the old memory. */
  moveTo(variable: Variable, data: Data): void;
}

/** The internals of variables. */
export let variableAccess: VariableAccess;

/**
 * A mutable tensor: a `Parameter` or a `Buffer`.
 *
 * `assign` and `update` change the elements of a variable in place. Every other tensor is immutable. A view of a
 * variable, such as a transpose, keeps the elements that the variable had when the view was created. So does an array
 * read from `data`. If any of these exist, a change copies the elements first.
 *
 * A backward pass throws if a gradient rule needs elements that have changed.
 *
 * @example
 * const w = parameter(tensor([[1, 2], [3, 4]]));
 * const before = w.transpose();
 * w.assign(zeros([2, 2]));
 * before.toArray(); // [[1, 3], [2, 4]]
 */
export abstract class Variable<out S extends Shape = Shape> extends Tensor<S> {
  static {
    variableAccess = { moveTo: (variable, data) => variable.moveTo(data) };
  }

  #name: string;

  constructor(init: Tensor<S>, name: string, requiresGrad: boolean) {
    if (typeof name !== 'string') throw new ArgumentError(`expected a name, got ${describeValue(name)}`);
    super(new NdArray(init.data.slice(), init.dtype, init.shape), undefined, requiresGrad);
    this.#name = name;
  }

  /** The name for messages; for a variable in a module, its path. */
  override get name(): string {
    return this.#name;
  }

  override set name(name: string) {
    this.#name = name;
  }

  override get array(): NdArray {
    const trace = tracing.current;
    return trace === undefined ? super.array : trace.arrayOf(this);
  }

  /** The current elements in row-major order; later changes of the variable don't affect them. Must not be written to. */
  override get data(): Data {
    const { data } = this.array;
    if (isLent(data)) return data.slice();
    noteView(data);
    return super.data;
  }

  /**
   * Returns the current elements in another dtype. If `dtype` is the variable's own, returns a view, which later
   * changes of the variable don't affect.
   */
  override cast(dtype: DType): Tensor<S> {
    return dtype === this.dtype ? (kernels.reshape(this, this.shape) as Tensor<S>) : super.cast(dtype);
  }

  /** Returns the current elements as a constant. */
  override detach(): Tensor<S> {
    return new Tensor<S>(new NdArray(this.data, this.dtype, this.shape));
  }

  /**
   * Replaces the elements by those of a tensor of the same shape and dtype. Axis lengths that the types don't know are
   * checked at run time.
   */
  assign<T extends Shape>(replacement: SameShapes<S, T> extends true ? Tensor<T> : Tensor<S>): void {
    const value: Tensor = replacement;
    checkTensor('assign', value);
    if (!sameShape(value.shape, this.shape)) {
      const got = formatShape(value.shape);
      throw new ShapeError(`assign: '${this.#name}' has shape ${formatShape(this.shape)}, got ${got}`);
    }
    if (value.dtype !== this.dtype) {
      throw new DTypeError(`assign: '${this.#name}' is ${this.dtype}, got ${value.dtype}; cast it first`);
    }
    if (tracing.current !== undefined) {
      this.#beforeChange();
      tracing.current.assign(this, value.array);
      return;
    }
    const { data, offset, size } = contiguous(value.array);
    this.update((own) => own.set(data.subarray(offset, offset + size)));
  }

  /** Calls `change` with the elements in row-major order, which it may overwrite, as optimizers do. */
  update(change: (elements: Data) => void): void {
    this.#beforeChange();
    checkSynchronous('update', change(this.array.data));
  }

  #beforeChange(): void {
    const { data } = this.array;
    if (isShared(data)) {
      if (tracing.current === undefined) this.moveTo(data.slice());
      else tracing.current.move(this);
    }
    noteChange(this);
  }
}

/** A trainable tensor, float32 or float64. Operations on it are recorded, so gradients can flow to it. */
export class Parameter<out S extends Shape = Shape> extends Variable<S> {
  constructor(init: Tensor<S>, name = 'parameter') {
    if (!isFloat(checkTensor('parameter', init).dtype))
      throw new DTypeError(`parameter: '${name}' is ${init.dtype}; expected float32 or float64`);
    super(init, name, true);
  }
}

/**
 * A non-trainable tensor of any dtype that a model keeps besides its parameters, such as running statistics. It has no
 * gradient.
 */
export class Buffer<out S extends Shape = Shape> extends Variable<S> {
  constructor(init: Tensor<S>, name = 'buffer') {
    super(checkTensor('buffer', init) as Tensor<S>, name, false);
  }
}

countArguments(Variable.prototype);

export interface NameOptions {
  /** The name for messages. In a module it is replaced by the path of the variable. Defaults to `parameter` or `buffer`. */
  readonly name?: string;
}

function nameIn(call: string, options: NameOptions | undefined, more: readonly unknown[]): string | undefined {
  checkNoMore(call, more);
  checkOptions(call, options, ['name']);
  return options?.name;
}

/**
 * Creates a parameter with a copy of the given elements.
 *
 * @example
 * const w = parameter(zeros([784, 10]), { name: 'w' });
 */
export const parameter = <S extends Shape>(init: Tensor<S>, options?: NameOptions, ...more: []): Parameter<S> =>
  new Parameter(init, nameIn('parameter', options, more));

/**
 * Creates a buffer with a copy of the given elements.
 *
 * @example
 * const count = buffer(zeros([], { dtype: 'int32' }), { name: 'count' });
 * count.assign(count.add(1));
 * count.item(); // 1
 */
export const buffer = <S extends Shape>(init: Tensor<S>, options?: NameOptions, ...more: []): Buffer<S> =>
  new Buffer(init, nameIn('buffer', options, more));
