/** Tensors that represent a single example of a batch, and the batches being mapped over. */

import {
  ArgumentError,
  type Data,
  type DType,
  DynamicScope,
  formatShape,
  type NdArray,
  type Shape,
  sizeOf,
} from '@tapegrad/kernels';
import type { Gradients } from '../autograd/gradients.ts';
import { TapeError } from '../checks/errors.ts';
import { type Drawing, drawing } from '../random.ts';
import { kernels as k, Tensor } from '../tensor.ts';

/** How `vmap` handles a random draw: it is an error, is the same for all examples of a batch, or is different for each. */
export type Randomness = 'error' | 'same' | 'different';

/** A running `vmap`. */
export interface Level {
  /** The number of examples. */
  readonly size: number;
  readonly randomness: Randomness;
  /** Runs `body` so that every operation applies to all examples. */
  map<R>(body: () => R): R;
}

/**
 * The array of a tensor that represents each example of a batch. Its elements can't be read, since it stands for all
 * examples.
 */
class ExampleArray implements NdArray {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly size: number;
  readonly stride: readonly number[] = [];
  readonly offset = 0;

  constructor({ dtype, shape }: Tensor) {
    this.dtype = dtype;
    this.shape = shape.slice(1);
    this.size = sizeOf(this.shape);
  }

  get data(): never {
    throw new ArgumentError(
      'vmap: a tensor represents every example of the batch here, so its elements can’t be read; ' +
        'compute with tensors (where, maximum, …), or return it and read the result',
    );
  }
}

/**
 * A tensor that represents each example of a batch: it has the shape of one example, and operations on it apply to all
 * examples.
 */
export class Batched<out S extends Shape = Shape> extends Tensor<S> {
  readonly level: Level;
  /** All examples, along the first axis. */
  readonly value: Tensor;

  constructor(level: Level, value: Tensor) {
    super(new ExampleArray(value), undefined, value.requiresGrad);
    this.level = level;
    this.value = value;
  }

  override get elements(): Data {
    return this.value.elements;
  }

  override toString(): string {
    return `Tensor ${this.dtype} ${formatShape(this.shape)}, each of ${this.level.size} examples`;
  }

  override detach(): Tensor<S> {
    return new Batched<S>(this.level, this.value.detach());
  }

  override backward(): Gradients {
    throw new TapeError('backward: inside vmap, use grad(f), which gives each example its own gradient');
  }
}

/** Returns whether a tensor represents each example of a batch, inside `vmap`. */
export const isBatched = (x: Tensor): boolean => x instanceof Batched;

/** The batches being mapped over, outermost first. */
export type Levels = readonly Level[];

const active = new DynamicScope<Levels>([]);

/** Returns the batches being mapped over, outermost first. */
export const activeLevels = (): Levels => active.current;

/** Returns the handler of random draws inside the given levels; `undefined` without levels. */
function drawingWithin(levels: Levels): Drawing | undefined {
  if (levels.length === 0) return undefined;
  const different = levels.filter(({ randomness }) => randomness === 'different');
  const check = (call: string): void => {
    if (levels.every(({ randomness }) => randomness !== 'error')) return;
    throw new ArgumentError(
      `${call}: a random draw inside vmap; say whether it is the same for all examples, vmap(f, { randomness: 'same' }), ` +
        "or another for each, { randomness: 'different' }",
    );
  };
  return {
    tensor(call, draw) {
      check(call);
      return wrapped(draw(different.map(({ size }) => size)), different);
    },
    number(call) {
      check(call);
      if (different.length === 0) return;
      throw new ArgumentError(`${call}: a number can't differ between the examples of vmap; draw a tensor`);
    },
  };
}

/** Runs `body` with exactly these levels active, whichever levels are active now. */
export function withLevels<R>(levels: Levels, body: () => R): R {
  const added = levels.filter((level) => !active.current.includes(level));
  const mapped = added.reduceRight((inner, level) => () => level.map(inner), body);
  return drawing.run(drawingWithin(levels), () => active.run(levels, mapped));
}

/** Returns the tensor that contains all examples, across all levels, if `x` represents an example; otherwise `x`. */
export function unwrapped(x: Tensor): Tensor {
  let value = x;
  while (value instanceof Batched) value = value.value;
  return value;
}

/** Wraps `value` as an example of the same batches as `x`. */
export const wrappedLike = (x: Tensor, value: Tensor): Tensor =>
  x instanceof Batched ? new Batched(x.level, wrappedLike(x.value, value)) : value;

function isExampleOf(x: Tensor, level: Level): boolean {
  for (let value = x; value instanceof Batched; value = value.value) if (value.level === level) return true;
  return false;
}

/** Returns `x` with one leading axis of examples for each of the given levels. */
export const allExamples = (x: Tensor, levels: Levels): Tensor =>
  levels.reduceRight<Tensor>(
    (value, level) =>
      value instanceof Batched && value.level === level
        ? value.value
        : k.broadcastTo(value, [level.size, ...value.shape]),
    x,
  );

const wrapped = (x: Tensor, levels: Levels): Tensor =>
  levels.reduce<Tensor>((value, level) => new Batched(level, value), x);

/** Permutes the leading axes, one for each level in `from`, into the order of `to`. */
function reorder(x: Tensor, from: Levels, to: Levels): Tensor {
  if (from.every((level, i) => level === to[i])) return x;
  const order = x.shape.map((_, i) => (i < to.length ? from.indexOf(to[i]!) : i));
  return k.permute(x, order);
}

/** Returns the active levels, except those in `at`, for which a tensor represents an example. */
function othersOf(x: Tensor, at: Levels): Levels {
  if (!at.every((level) => active.current.includes(level))) {
    throw new ArgumentError('vmap: a function that was made inside vmap was called outside of it');
  }
  return active.current.filter((level) => !at.includes(level) && isExampleOf(x, level));
}

const amongActive = (a: Levels, b: Levels): Levels =>
  active.current.filter((level) => a.includes(level) || b.includes(level));

/** Converts a tensor to its form outside the levels `at`: each of these levels becomes a leading axis of examples. */
export function unwrapLevels(at: Levels, x: Tensor): Tensor {
  if (at.length === 0) return x;
  const others = othersOf(x, at);
  const all = amongActive(at, others);
  return wrapped(reorder(allExamples(x, all), all, [...others, ...at]), others);
}

/** Converts a tensor back to its form inside the levels `at`; undoes `unwrapLevels`. */
export function wrapLevels(at: Levels, x: Tensor): Tensor {
  if (at.length === 0) return x;
  const others = othersOf(x, at);
  const all = amongActive(at, others);
  return wrapped(reorder(allExamples(x, others), [...others, ...at], all), all);
}
