/** Maps a function of a single example over a batch. */

import {
  ArgumentError,
  type ArrayLike,
  abstract,
  callPrimitive,
  checkSynchronous,
  filled,
  normalizeAxis,
  type Primitive,
  type Shape,
} from '@tapegrad/kernels';
import { checkFunction, checkNoMore, checkOptions } from '../checks/untyped-callers.ts';
import { stack } from '../composites.ts';
import { zeros } from '../create.ts';
import type { CustomAttributes } from '../tape/entry.ts';
import { intercept, type OperationCall } from '../tape/interception.ts';
import { noGrad } from '../tape/recording.ts';
import { kernels, Tensor } from '../tensor.ts';
import type { InsertAxis } from '../types/static-shapes.ts';
import { activeLevels, allExamples, Batched, type Level, type Randomness, withLevels } from './batched.ts';
import { moveAxes, runBatched } from './batching-rules.ts';
import { besideTensors, copyTree, tensorsOf, withTensors } from './trees.ts';

/**
 * An axis of a tensor, or null for no axis. For a tree of tensors: one axis that applies to all tensors, or a tree of
 * axes.
 */
export type MappedAxes = number | null | readonly MappedAxes[] | { readonly [key: string]: MappedAxes };

/** The type of a batch: the tree `T` of one example, in which every tensor gets an axis for the examples at `Axes`. */
export type WithAxes<T, Axes> = Axes extends null
  ? T
  : T extends Tensor<infer S>
    ? Tensor<Axes extends number ? InsertAxis<S, Axes, number> : Shape>
    : { readonly [K in keyof T]: WithAxes<T[K], Axes extends number ? Axes : K extends keyof Axes ? Axes[K] : never> };

/** The arguments of the mapped function, which takes a batch. */
export type BatchArguments<A extends readonly unknown[], Axes> = {
  [K in keyof A]: WithAxes<A[K], Axes extends readonly unknown[] ? (K extends keyof Axes ? Axes[K] : never) : Axes>;
};

/** The options of `vmap`. */
export interface VmapOptions<In = MappedAxes, Out = MappedAxes> {
  /**
   * The axis along which the examples of each argument lie: one axis for all arguments, or a list with one entry per
   * argument. An entry of null passes the argument through unchanged. An argument that is a tree takes one axis for all
   * its tensors, or a tree of axes. Defaults to 0.
   */
  readonly inAxes?: In;
  /**
   * The axis along which the examples of the result lie. Null means that the result is the same for all examples, and
   * has no such axis. Defaults to 0.
   */
  readonly outAxes?: Out;
  /**
   * The handling of random draws inside the function, including dropout: `same` draws once for all examples,
   * `different` separately for each. Defaults to `error`, as in PyTorch, since either may be intended.
   */
  readonly randomness?: Randomness;
}

const isAxis = (axis: unknown): boolean => axis === null || typeof axis === 'number';

/** An argument that is mapped over. */
interface MappedArgument {
  /** The name of the argument in error messages. */
  readonly where: string;
  readonly tensors: readonly Tensor[];
  /** For each tensor, the axis along which its examples lie, as a non-negative number. */
  readonly axes: readonly (number | null)[];
}

/** Returns the mapped tensors of an argument; `null` if it is passed through unchanged. */
function mappedArgument(where: string, argument: unknown, axes: unknown): MappedArgument | null {
  if (axes === null) return null;
  const tensors = tensorsOf('vmap', where, argument);
  const list = besideTensors('vmap', `inAxes for ${where}`, argument, axes, isAxis) as (number | null)[];
  return {
    where,
    tensors,
    axes: list.map((axis, i) => (axis === null ? null : normalizeAxis('vmap', axis, tensors[i]!.rank))),
  };
}

/** Returns the number of examples. Throws unless it is the same for all arguments. */
function sizeOfBatch(args: readonly (MappedArgument | null)[]): number {
  const lengths = args.flatMap((argument) => {
    if (argument === null) return [];
    const { where, tensors, axes } = argument;
    return axes.flatMap((axis, i) => (axis === null ? [] : [{ where, axis, length: tensors[i]!.shape[axis]! }]));
  });
  const [first] = lengths;
  if (first === undefined) throw new ArgumentError('vmap: expected an argument to map over; all of inAxes is null');
  const other = lengths.find(({ length }) => length !== first.length);
  if (other === undefined) return first.length;
  const [a, b] = [first, other].map(({ where, axis, length }) => `${where} has ${length} along axis ${axis}`);
  throw new ArgumentError(`vmap: expected the same number of examples in each argument, but ${a} and ${b}`);
}

/** Turns a batch into a tensor that represents a single one of its examples. */
const exampleAlong = (level: Level, x: Tensor, axis: number | null): Tensor =>
  axis === null ? x : new Batched(level, moveAxes(x, axis, 0));

/** Returns the result of a primitive for a batch without examples: it has a shape, but no elements. */
function noExamples(level: Level, { op, inputs, attributes }: OperationCall<Tensor>): Tensor {
  const { shape, dtype } = callPrimitive<ArrayLike>(abstract, op as Primitive, inputs, attributes);
  return new Batched(level, new Tensor(filled([0, ...shape], 0, dtype)));
}

/** Returns example `i` of a batch. */
const exampleOf = (x: Tensor, i: number): Tensor => x.slice(0, i, i + 1).reshape(x.shape.slice(1));

/** Runs a custom operation on all examples at once if its definition is batched, otherwise on one example at a time. */
function runCustomAtLevel(level: Level, call: OperationCall<Tensor>): Tensor {
  const { definition } = call.attributes as CustomAttributes<Tensor>;
  const batches = call.inputs.map((x) => allExamples(x, [level]));
  if (definition.batched) return new Batched(level, call.run(batches));
  if (level.size === 0) {
    const { shape, dtype } = noGrad(() => call.run(batches.map((x) => zeros(x.shape.slice(1), { dtype: x.dtype }))));
    return new Batched(level, zeros([0, ...shape], { dtype }));
  }
  const results = Array.from({ length: level.size }, (_, i) => call.run(batches.map((x) => exampleOf(x, i))));
  return new Batched(level, stack(kernels, results, 0));
}

/** Runs an operation on all examples of a level if any of its inputs represents an example of that level. */
function runAtLevel(level: Level, call: OperationCall<Tensor>): Tensor {
  const isMapped = (x: Tensor): x is Batched => x instanceof Batched && x.level === level;
  if (!call.inputs.some(isMapped)) return call.run();
  if (call.op === 'custom') return runCustomAtLevel(level, call);
  const operands = call.inputs.map((x) => {
    return { value: isMapped(x) ? x.value : x, isMapped: isMapped(x), shape: x.shape };
  });
  if (level.size === 0) return noExamples(level, call);
  return new Batched(level, runBatched(call.op, level.size, operands, call.attributes));
}

/**
 * Turns a function of one example into a function of a batch. Each operation runs once, on all examples, without a loop
 * and without changes to the function. `vmap` composes with itself and with every other transform: `vmap(grad(f))`
 * gives each example its own gradient.
 *
 * Inside the function, a tensor has the shape of one example, and its elements can't be read. A value that does not
 * depend on a mapped argument is the same for all examples. Random draws are an exception, which `randomness` controls.
 *
 * @throws ArgumentError if arguments differ in their number of examples, or on a random draw if `randomness` is
 * `error`.
 * @example
 * const dot = (x: Tensor<readonly [3]>, y: Tensor<readonly [3]>) => x.mul(y).sum();
 * vmap(dot)(ones([5, 3]), ones([5, 3])).toArray(); // [3, 3, 3, 3, 3]
 * vmap(dot, { inAxes: [1, null] })(ones([3, 2]), ones([3])).shape; // [2]
 *
 * const random = new Random(1);
 * const noisy = (x: Tensor) => x.add(random.normal([]));
 * vmap(noisy, { randomness: 'different' })(ones([5])).shape; // [5]
 */
export function vmap<A extends readonly unknown[], R, const In = 0, const Out = 0>(
  f: (...args: A) => R,
  options: VmapOptions<In, Out> = {},
  ...more: []
): (...args: BatchArguments<A, In>) => WithAxes<R, Out> {
  checkFunction('vmap', f);
  checkOptions('vmap', options, ['inAxes', 'outAxes', 'randomness']);
  checkNoMore('vmap', more);
  const [inAxes, outAxes] = [options.inAxes, options.outAxes].map((axes) => ownAxes(axes === undefined ? 0 : axes));
  const { randomness = 'error' } = options;
  if (!['error', 'same', 'different'].includes(randomness)) {
    throw new ArgumentError(`vmap: unknown randomness '${randomness}', expected 'error', 'same' or 'different'`);
  }
  return (...args) => {
    if (Array.isArray(inAxes) && inAxes.length !== args.length) {
      throw new ArgumentError(`vmap: inAxes has ${inAxes.length} entries, for ${args.length} arguments`);
    }
    const mapped = args.map((x, i) => mappedArgument(`argument ${i}`, x, Array.isArray(inAxes) ? inAxes[i] : inAxes));
    const level: Level = {
      size: sizeOfBatch(mapped),
      randomness,
      map: <T>(body: () => T) => intercept<Tensor, T>((call) => runAtLevel(level, call), body),
    };
    const examples = args.map((x, i) => {
      const argument = mapped[i];
      if (argument === null || argument === undefined) return x;
      const { tensors, axes } = argument;
      return withTensors(
        x,
        tensors.map((tensor, j) => exampleAlong(level, tensor, axes[j]!)),
      );
    });
    const run = (): R => checkSynchronous('vmap', f(...(examples as unknown as A)));
    const result = withLevels([...activeLevels(), level], run);
    const outputs = tensorsOf('vmap', 'the result', result);
    const places = besideTensors('vmap', 'outAxes', result, outAxes, isAxis) as (number | null)[];
    const batches = outputs.map((y, i) => batchOf(level, y, places[i]!));
    return withTensors(result, batches) as never;
  };
}

/** Copies the axes, since the caller may change the list or tree later. */
const ownAxes = (axes: unknown): unknown => copyTree('vmap', axes);

/** Returns a result with its examples along `axis`. A null axis requires that the result is the same for all examples. */
function batchOf(level: Level, y: Tensor, axis: number | null): Tensor {
  if (axis !== null) return moveAxes(allExamples(y, [level]), 0, normalizeAxis('vmap', axis, y.rank + 1));
  if (!(y instanceof Batched && y.level === level)) return y;
  throw new ArgumentError('vmap: outAxes is null for a result that differs between examples');
}
