/** Tensors that change: what is trained, and what is kept beside it. */

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
import { checkNoMore, checkOptions, countArguments } from './checks/untyped-callers.ts';
import { isShared, noteChange, noteView } from './tape/changes.ts';
import { checkTensor, kernels, Tensor } from './tensor.ts';
import type { SameShapes } from './types/static-shapes.ts';

/**
 * A tensor that changes: a `Parameter` or a `Buffer`.
 *
 * Its elements have memory of their own and change in place, by `assign` or `update`. Every other tensor is immutable: a view
 * of a variable (a transpose, say) and its `data` keep the elements that it had when they were made. Where there is one, a
 * change copies the elements first.
 *
 * A sweep whose rules need elements that have changed is an error.
 *
 * @example
 * const w = parameter(tensor([[1, 2], [3, 4]]));
 * const before = w.transpose();
 * w.assign(zeros([2, 2]));
 * before.toArray(); // [[1, 3], [2, 4]]
 */
export abstract class Variable<out S extends Shape = Shape> extends Tensor<S> {
  #name: string;

  constructor(init: Tensor<S>, name: string, requiresGrad: boolean) {
    if (typeof name !== 'string') throw new ArgumentError(`expected a name, got ${describeValue(name)}`);
    super(new NdArray(init.data.slice(), init.dtype, init.shape), undefined, requiresGrad);
    this.#name = name;
  }

  /** For messages; its path where it belongs to a module. */
  override get name(): string {
    return this.#name;
  }

  override set name(name: string) {
    this.#name = name;
  }

  /** The elements as they are now, in row-major order: they stay as they are when the variable changes. Not to be written to. */
  override get data(): Data {
    noteView(this.array.data);
    return super.data;
  }

  /** The elements as they are now in another dtype; in its own, a view that keeps them. */
  override cast(dtype: DType): Tensor<S> {
    return dtype === this.dtype ? (kernels.reshape(this, this.shape) as Tensor<S>) : super.cast(dtype);
  }

  /** The elements as they are now, held constant. */
  override detach(): Tensor<S> {
    return new Tensor<S>(new NdArray(this.data, this.dtype, this.shape));
  }

  /** Replaces the elements by those of a tensor of the same shape and dtype; lengths that the types do not know are checked here. */
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
    const { data, offset, size } = contiguous(value.array);
    this.update((own) => own.set(data.subarray(offset, offset + size)));
  }

  /** Lets `change` write the elements, in row-major order: how optimizers work. */
  update(change: (elements: Data) => void): void {
    if (isShared(this.array.data)) this.moveTo(this.array.data.slice());
    noteChange(this);
    checkSynchronous('update', change(this.array.data));
  }
}

/** What an optimizer trains, float32 or float64. Everything computed from it is recorded. */
export class Parameter<out S extends Shape = Shape> extends Variable<S> {
  constructor(init: Tensor<S>, name = 'parameter') {
    if (!isFloat(checkTensor('parameter', init).dtype))
      throw new DTypeError(`parameter: '${name}' is ${init.dtype}; expected float32 or float64`);
    super(init, name, true);
  }
}

/** What a model keeps beside its parameters, of any dtype: running statistics, say. It has no gradient. */
export class Buffer<out S extends Shape = Shape> extends Variable<S> {
  constructor(init: Tensor<S>, name = 'buffer') {
    super(checkTensor('buffer', init) as Tensor<S>, name, false);
  }
}

countArguments(Variable.prototype);

export interface NameOptions {
  /** For messages; in a module it becomes the path there. Defaults to `parameter` or `buffer`. */
  readonly name?: string;
}

function nameIn(call: string, options: NameOptions | undefined, more: readonly unknown[]): string | undefined {
  checkNoMore(call, more);
  checkOptions(call, options, ['name']);
  return options?.name;
}

/**
 * A parameter with these initial elements, which are copied.
 *
 * @example
 * const w = parameter(zeros([784, 10]), { name: 'w' });
 */
export const parameter = <S extends Shape>(init: Tensor<S>, options?: NameOptions, ...more: []): Parameter<S> =>
  new Parameter(init, nameIn('parameter', options, more));

/**
 * A buffer with these initial elements, which are copied.
 *
 * @example
 * const count = buffer(zeros([], { dtype: 'int32' }), { name: 'count' });
 * count.assign(count.add(1));
 * count.item(); // 1
 */
export const buffer = <S extends Shape>(init: Tensor<S>, options?: NameOptions, ...more: []): Buffer<S> =>
  new Buffer(init, nameIn('buffer', options, more));
