/** Traces a function: runs it once on tensors without elements, and returns its program. */

import { checkSynchronous, describeValue, isPlain } from '@tapegrad/core/extend';
import { Tensor, Variable } from '@tapegrad/core/lean';
import { mapTensors, tracing, withInterpreter } from '@tapegrad/core/tape';
import type { Program } from '../program/program.ts';
import { TraceError } from './errors.ts';
import { Tracer } from './tracer.ts';

/** A program, and what ties it to the program around it. */
export interface Traced {
  readonly program: Program;
  readonly tracer: Tracer;
  /** Returns what the function returns, given the tensors of the results. */
  readonly output: (results: readonly Tensor[]) => unknown;
  /** For each result, whether gradients flow to it. */
  readonly requireGrad: readonly boolean[];
}

/** Throws unless a leaf of what the function returns can be returned by a program. */
function checkOutput(leaf: unknown): void {
  if ((typeof leaf !== 'object' && typeof leaf !== 'function') || leaf === null) return;
  throw new TraceError(
    `compile: the function returns ${describeValue(leaf)}; expected tensors, or arrays and plain objects of tensors`,
  );
}

/** Calls `visit` with each leaf of a tree of arrays and plain objects. */
function visitLeaves(tree: unknown, visit: (leaf: unknown) => void): void {
  if (Array.isArray(tree)) for (const branch of tree) visitLeaves(branch, visit);
  else if (typeof tree === 'object' && tree !== null && !(tree instanceof Tensor) && isPlain(tree)) {
    for (const branch of Object.values(tree)) visitLeaves(branch, visit);
  } else visit(tree);
}

/**
 * Traces a call.
 *
 * @param args the arguments, whose tensors are placeholders in the program, except for variables.
 * @param assumed the answers to the first questions about elements.
 */
export function trace(
  f: (...args: readonly unknown[]) => unknown,
  args: readonly unknown[],
  assumed: readonly boolean[],
): Traced {
  const tracer = new Tracer(assumed);
  let count = 0;
  const placeholder = (x: Tensor): Tensor => {
    if (x instanceof Variable) return x;
    const value = tracer.builder.argument(`x${count++}`, x.shape, x.dtype);
    return new Tensor(tracer.arrayFor(value), undefined, x.requiresGrad);
  };
  const traced = mapTensors('compile', args, placeholder) as readonly unknown[];
  try {
    return tracing.run(tracer, () =>
      withInterpreter(tracer.kernels, () => {
        const made = checkSynchronous('compile', f(...traced));
        const results: Tensor[] = [];
        visitLeaves(made, (leaf) => {
          if (!(leaf instanceof Tensor)) checkOutput(leaf);
          else if (!(leaf instanceof Variable)) results.push(leaf);
        });
        tracer.storeSlots();
        const program = tracer.builder.finish(results.map(({ array }) => tracer.valueOf(array)));
        // Without the tapes of the results, which would keep the whole trace in memory.
        const tree = mapTensors('compile', made, (x) => (x instanceof Variable ? x : new Tensor(x.array)));
        const output = (tensors: readonly Tensor[]): unknown => {
          let next = 0;
          return mapTensors('compile', tree, (x) => (x instanceof Variable ? x : tensors[next++]!));
        };
        return { program, tracer, output, requireGrad: results.map(({ requiresGrad }) => requiresGrad) };
      }),
    );
  } catch (error) {
    for (const undo of tracer.undos.toReversed()) undo();
    throw error;
  }
}
