/** Arrays without elements, which represent the values of a program while a function is traced. */

import { type Data, type DType, formatShape, type NdArray, rowMajor, type Shape, sizeOf } from '@tapegrad/kernels';
import type { Value } from '../program/program.ts';
import { place, TraceError } from './errors.ts';

const classes = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

/** Throws the error for a function that needs elements. */
function refuse({ dtype, shape }: Value): never {
  throw new TraceError(
    `compile: the function reads elements of a ${dtype} tensor of shape ${formatShape(shape)}${place()}. It is traced ` +
      'before there are any; compute with tensors (where, maximum, …), or return the tensor and read the result',
  );
}

/** Returns an object in place of the elements of a value. It has their number and class, but reading any throws. */
function withoutElements(value: Value): Data {
  return new Proxy(new classes[value.dtype](0), {
    get(target, key) {
      if (key === 'length') return sizeOf(value.shape);
      if (key === 'constructor') return target.constructor;
      // Code that looks for promises asks any object for this.
      if (key === 'then') return undefined;
      return refuse(value);
    },
    set: () => refuse(value),
    has: () => refuse(value),
    ownKeys: () => refuse(value),
  }) as Data;
}

/** The memory of a traced array: its value, which changes if the memory belongs to a variable. */
export class TracedMemory {
  value: Value;
  readonly #owner: object;
  #elements: Data | undefined;
  readonly #note: (memory: TracedMemory, elements: Data) => void;

  /** @param note is called with the object that stands for the elements when it is made. */
  constructor(owner: object, value: Value, note: (memory: TracedMemory, elements: Data) => void) {
    this.#owner = owner;
    this.value = value;
    this.#note = note;
  }

  /** An object in place of the elements, by which memory is identified. */
  get elements(): Data {
    if (this.#elements === undefined) {
      this.#elements = withoutElements(this.value);
      this.#note(this, this.#elements);
    }
    return this.#elements;
  }

  /** Throws unless the memory belongs to a trace. */
  checkOwner(owner: object): void {
    if (this.#owner === owner) return;
    throw new TraceError(
      `compile: a tensor of an earlier trace is used${place()}; a compiled function must not keep tensors outside: ` +
        'return them, or assign them to a buffer',
    );
  }
}

/** An array of a trace. */
export class TracedArray implements NdArray {
  readonly memory: TracedMemory;
  readonly dtype: DType;
  readonly shape: Shape;
  readonly stride: readonly number[];
  readonly offset = 0;
  readonly size: number;

  constructor(memory: TracedMemory) {
    const { dtype, shape } = memory.value;
    this.memory = memory;
    this.dtype = dtype;
    this.shape = shape;
    this.stride = rowMajor(shape);
    this.size = sizeOf(shape);
  }

  get data(): Data {
    return this.memory.elements;
  }
}
