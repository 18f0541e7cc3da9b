/** Custom operations, each defined by a forward pass and a gradient rule. */

import { ArgumentError, checkSynchronous, filled, formatShape, sameShape } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkNoMore, checkOptions, ownData } from '../checks/untyped-callers.ts';
import { noteViewOf } from '../tape/changes.ts';
import { type CustomAttributes, type Definition, type Entry, nextEntry } from '../tape/entry.ts';
import { throughInterceptors } from '../tape/interception.ts';
import { record } from '../tape/recorded.ts';
import { isRecording, withRecording } from '../tape/recording.ts';
import { misfit, nameOf, sweep } from '../tape/sweep.ts';
import { onTensors, wrap } from '../tensor/kernels.ts';
import { Tensor } from '../tensor.ts';
import { unwrapped } from '../transforms/batched.ts';
import { freshLeaf } from '../transforms/leaf.ts';

/** A function of one or more tensors, optionally followed by one value of plain data. */
export type TensorFunction = (...args: never[]) => Tensor;

/** The tensors among the arguments of an operation. */
type InputsIn<Args extends readonly unknown[]> = Args extends readonly [infer First, ...infer Rest]
  ? First extends Tensor
    ? readonly [First, ...InputsIn<Rest>]
    : readonly []
  : Args extends readonly Tensor[]
    ? Args
    : readonly [];

type Cotangent = Tensor | null;

type CotangentsOf<Inputs extends readonly unknown[]> =
  | { readonly [I in keyof Inputs]: Cotangent }
  | (Inputs extends readonly [Tensor] ? Cotangent : never);

/**
 * A list with one cotangent for each input, or `null` for inputs without one. An operation with a single input may
 * return its cotangent without a list.
 */
export type VjpResult<F extends TensorFunction> = CotangentsOf<InputsIn<Parameters<F>>>;

/** The definition of an operation, for `defineOp`. */
export interface Operation<F extends TensorFunction, Forward = F> {
  /** The name of the operation in messages, listings and graphs. */
  readonly name: string;
  /**
   * Computes the result, either with tensor operations, which are not recorded, or directly from the elements. The
   * arguments are tensors, optionally followed by one value of plain data.
   */
  readonly forward: Forward;
  /**
   * Computes the inputs' cotangents from the result's cotangent, the result, and the arguments of `forward`. A rule
   * written with tensor operations can be differentiated again. The cotangent of a broadcast input may have the
   * result's shape; it is then summed to the input's shape.
   */
  readonly vjp: (cotangent: ReturnType<F>, output: ReturnType<F>, ...args: [...Parameters<F>]) => VjpResult<F>;
  /**
   * Computes the result's tangent from the inputs' tangents, which are zeros for inputs without one. If `jvp` is
   * absent, forward mode uses `vjp`, which must then be written with tensor operations.
   */
  readonly jvp?: (tangents: readonly Tensor[], output: ReturnType<F>, ...args: [...Parameters<F>]) => Tensor;
  /** Whether leading axes are treated as batch axes, so that `vmap` can run all examples at once. Defaults to false. */
  readonly batched?: boolean;
}

/** A definition whose function type is given explicitly; its forward pass then need not return the static shape. */
type TypedOperation<F extends TensorFunction> = [F] extends [never]
  ? never
  : Operation<F, (...args: [...Parameters<F>]) => Tensor>;

/** A function from a definition, before its result is checked. */
type UncheckedFunction = (...args: readonly unknown[]) => unknown;

/** Separates the tensors of a call from the plain data after them. */
function splitArguments(name: string, args: readonly unknown[]): { inputs: Tensor[]; options: unknown } {
  const end = args.findIndex((x) => !(x instanceof Tensor));
  const count = end === -1 ? args.length : end;
  if (count === 0) throw new ArgumentError(`${name}: expected a tensor first, got ${describeValue(args[0])}`);
  if (args.length > count + 1) {
    const got = args
      .slice(count)
      .map((x) => describeValue(x))
      .join(', ');
    throw new ArgumentError(`${name}: expected tensors and after them at most one value of plain data, got ${got}`);
  }
  return { inputs: args.slice(0, count) as Tensor[], options: args[count] };
}

/** Returns the arguments of a call. */
const argumentsOf = (inputs: readonly Tensor[], { options }: Pick<CustomAttributes, 'options'>): readonly unknown[] =>
  options === undefined ? inputs : [...inputs, options];

/**
 * Returns the cotangent, copied if it shares memory with an input. An input that is a parameter may change later, but a
 * gradient must not.
 */
function ownOf(d: Tensor, inputs: readonly Tensor[]): Tensor {
  const { data } = unwrapped(d).array;
  return inputs.some((x) => unwrapped(x).array.data === data) ? d.mul(1) : d;
}

/**
 * Throws if a cotangent has the wrong shape or dtype. The shape must be that of the input or, if the input was
 * broadcast, may be that of the result; the cotangent is then summed.
 */
function checkCotangent({ name, inputs, output }: Entry<Tensor>, d: Tensor, i: number): void {
  const x = inputs[i]!;
  if (sameShape(d.shape, x.shape) || sameShape(d.shape, output.shape)) return;
  throw misfit(`the rule of '${name}' gave ${nameOf(x, `input ${i}`)}`, x, d);
}

/** Throws if a nonzero cotangent was not recorded although the backward pass is being recorded. */
function checkRecorded(name: string, d: Tensor): void {
  if (d.requiresGrad || !isRecording() || d.elements.every((element) => element === 0)) return;
  throw new TapeError(
    `${name}: vjp reads elements, or treats its cotangent as constant, so it cannot be differentiated again; ` +
      'write it with tensor operations only',
  );
}

function definitionOf(
  name: string,
  forward: UncheckedFunction,
  vjp: UncheckedFunction,
  jvp: UncheckedFunction | undefined,
  batched: boolean,
) {
  const checked = (made: unknown, by: string): Tensor => {
    checkSynchronous(name, made);
    if (made instanceof Tensor) return made;
    throw new ArgumentError(`${name}: ${by} gave ${describeValue(made)}, expected a tensor`);
  };
  const definition: Definition<Tensor> = {
    name,
    batched,
    run: (inputs, options) =>
      checked(
        withRecording(false, () => forward(...argumentsOf(inputs, { options }))),
        'forward',
      ),
    cotangents(entry, given) {
      const { inputs, output, attributes } = entry;
      const g = isRecording() && !given.requiresGrad ? freshLeaf(given, false) : given;
      const made = checkSynchronous(name, vjp(g, output, ...argumentsOf(inputs, attributes as CustomAttributes)));
      const list = inputs.length === 1 && (made === null || made instanceof Tensor) ? [made] : made;
      if (!Array.isArray(list) || list.length !== inputs.length) {
        const got = Array.isArray(list) ? `${list.length}` : describeValue(list);
        throw new ArgumentError(`${name}: vjp gave ${got}, expected a list of ${inputs.length} cotangents`);
      }
      return list.map((d, i) => {
        if (d === null) return null;
        const cotangent = checked(d, `vjp, for input ${i},`);
        checkCotangent(entry, cotangent, i);
        if (g.requiresGrad) checkRecorded(name, cotangent);
        return ownOf(cotangent, inputs);
      });
    },
    tangent(entry, tangents) {
      if (jvp === undefined) return tangentOfCotangents(definition, entry, tangents);
      const { inputs, output, attributes } = entry;
      const t = checked(jvp(tangents, output, ...argumentsOf(inputs, attributes as CustomAttributes)), 'jvp');
      if (sameShape(t.shape, output.shape) && t.dtype === output.dtype) return t;
      const [got, wanted] = [t, output].map(({ dtype, shape }) => `${dtype} ${formatShape(shape)}`);
      throw new TapeError(`${name}: jvp gave a tangent of ${got}, expected ${wanted}`);
    },
  };
  return definition;
}

/**
 * Computes the tangent in forward mode from `vjp`, whose cotangents are linear in the result's cotangent u. The map
 * from input tangents to the result's tangent is the transpose of the map from u to the cotangents.
 */
function tangentOfCotangents(
  definition: Definition<Tensor>,
  entry: Entry<Tensor>,
  tangents: readonly Tensor[],
): Tensor {
  const { shape, dtype } = entry.output;
  const isRecorded = isRecording();
  const u = freshLeaf(new Tensor(filled(shape, 1, dtype)), false);
  const since = nextEntry();
  const cotangents = withRecording(true, () => definition.cotangents(entry, u));
  return withRecording(isRecorded, () => {
    const seeds = new Map<Tensor, Tensor>();
    cotangents.forEach((d, i) => {
      if (!d?.requiresGrad) return;
      const seed = tangents[i]!.broadcastTo(d.shape);
      seeds.set(d, seeds.get(d)?.add(seed) ?? seed);
    });
    const found = sweep(seeds, onTensors, { wanted: new Set([u]), since, retain: true });
    return found.get(u) ?? new Tensor(filled(shape, 0, dtype));
  });
}

/** Runs a custom operation, and records it as a single entry on the tape. */
export function runCustom(attributes: CustomAttributes<Tensor>, inputs: readonly Tensor[]): Tensor {
  const { definition, options } = attributes;
  return throughInterceptors('custom', inputs, attributes, (operands) => {
    const { array } = definition.run(operands, options);
    noteViewOf(operands, array);
    return record(wrap, 'custom', operands, attributes, array);
  });
}

/**
 * Defines a custom operation with its own forward pass and gradient rule, recorded as a single tape entry. Use it where
 * existing operations can't express a computation, are too slow, use too much memory or lose too much precision.
 *
 * Plain data is copied at the call: arrays and plain objects at any depth. So `vjp` gets the data as it was then, even
 * if the caller changes it later.
 *
 * The operation has the type of `forward`, including static shapes, or the type given to `defineOp`. Use `gradcheck` to
 * check the gradient rule.
 *
 * @throws ArgumentError for a call without a tensor, or with more than one value after the tensors. Also in the
 * backward pass, if the rule does not return one cotangent for each input. TapeError if a cotangent has the wrong shape
 * or dtype.
 * @example
 * import type { Shape, Tensor } from '@tapegrad/core';
 *
 * const swish = defineOp<<S extends Shape>(x: Tensor<S>) => Tensor<S>>({
 *   name: 'swish',
 *   forward: (x) => x.mul(x.sigmoid()),
 *   // y' = s + y (1 - s), s = sigmoid(x)
 *   vjp: (g, y, x) => {
 *     const s = x.sigmoid();
 *     return g.mul(s.add(y.mul(sub(1, s))));
 *   },
 * });
 * const x = tensor([0.5, -1], { dtype: 'float64' });
 * swish(x).toArray(); // [0.31122967, -0.26894142]
 * gradcheck(swish, [x], { order: 2 }).passed; // true
 */
export function defineOp<F extends TensorFunction = never>(operation: TypedOperation<F>, ...more: []): F;
export function defineOp<F extends TensorFunction>(operation: Operation<F>, ...more: []): F;
export function defineOp<F extends TensorFunction>(operation: Operation<F>, ...more: []): F {
  checkNoMore('defineOp', more);
  checkOptions<Operation<F>>('defineOp', operation ?? null, ['name', 'forward', 'vjp', 'jvp', 'batched']);
  const { name, forward, vjp, jvp, batched = false } = operation;
  if (typeof name !== 'string' || name === '') throw new ArgumentError('defineOp: expected a name');
  for (const [part, value] of Object.entries({ forward, vjp, ...(jvp && { jvp }) })) {
    if (typeof value !== 'function') {
      throw new ArgumentError(`defineOp: expected '${name}' to have a function ${part}, got ${describeValue(value)}`);
    }
  }
  const definition = definitionOf(
    name,
    forward as unknown as UncheckedFunction,
    vjp as UncheckedFunction,
    jvp as UncheckedFunction | undefined,
    batched,
  );
  const run = (...args: readonly unknown[]): Tensor => {
    const { inputs, options } = splitArguments(name, args);
    return runCustom({ definition, options: ownData(options) }, inputs);
  };
  return run as unknown as F;
}
