/** Checkpoints: functions whose tape is not kept, which saves memory at the cost of a second forward pass. */

import { ArgumentError, checkSynchronous, sameShape } from '@tapegrad/kernels';
import { TapeError } from '../checks/errors.ts';
import { checkFunction, ownData } from '../checks/untyped-callers.ts';
import { type RandomStates, watchDraws, withStates } from '../random.ts';
import { nextEntry, type Recomputation } from '../tape/entry.ts';
import { entriesOf } from '../tape/reachable.ts';
import { record } from '../tape/recorded.ts';
import { isRecording } from '../tape/recording.ts';
import { wrap } from '../tensor/kernels.ts';
import type { Tensor } from '../tensor.ts';
import { isTracing } from '../tracing.ts';
import { activeLevels, type Levels, unwrapped, withLevels, wrappedLike } from '../transforms/batched.ts';
import type { TensorFunction } from './define.ts';

type Run = (...args: readonly unknown[]) => Tensor;

const wordsOf = ({ data: { buffer, byteOffset, byteLength } }: Tensor): Int32Array =>
  new Int32Array(buffer, byteOffset, byteLength / 4);

/** Returns whether floats are identical bit for bit. */
function sameElements(x: Tensor, y: Tensor): boolean {
  if (!sameShape(x.shape, y.shape) || x.dtype !== y.dtype) return false;
  // In a trace, elements can't be compared. It must suffice that the operations are the same.
  if (isTracing()) return true;
  const [a, b] = [wordsOf(x), wordsOf(y)];
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** A call of a checkpointed function, which can be repeated exactly. */
class Call implements Recomputation<Tensor> {
  readonly #run: Run;
  readonly #args: readonly unknown[];
  /** For each random generator that the function drew from, the generator's state before the call. */
  readonly #states: RandomStates;
  /** The result, for all examples if the call was inside `vmap`. */
  readonly #result: Tensor;
  /** The batches that were being mapped over at the call. */
  readonly #levels: Levels = activeLevels();

  constructor(run: Run, args: readonly unknown[], states: RandomStates, result: Tensor) {
    this.#run = run;
    this.#args = args;
    this.#states = states;
    this.#result = result;
  }

  recompute(): Tensor {
    const run = (): Tensor => withStates(this.#states, () => this.#run(...this.#args));
    const again = unwrapped(withLevels(this.#levels, run));
    if (sameElements(again, this.#result)) return again;
    throw new TapeError(
      'checkpoint: the function gave another result when the backward pass ran it again; it may depend only on tensors and ' +
        'generators, and a model must stay in train() or eval() until then',
    );
  }
}

/** Returns the tensors that a function used but did not compute, and to which gradients flow. */
function inputsOf(result: Tensor, since: number): Tensor[] {
  const inputs = new Set<Tensor>();
  for (const entry of entriesOf([result], since)) {
    for (const x of entry.inputs) {
      if (x.requiresGrad && (x.entry === undefined || x.entry.id < since)) inputs.add(x);
    }
  }
  return [...inputs];
}

/**
 * Wraps a function so that its tape isn't kept: when the backward pass reaches the call, it runs the function again. If
 * each of n equal parts of a network is a checkpoint, only the values passed between the parts are kept. The backward
 * pass then holds the tape of one part at a time. The cost is one more forward pass, about a third of a training step.
 *
 * Gradients of any order are identical, bit for bit, to those without a checkpoint. This holds for arguments and for
 * anything else that the function uses, such as parameters. Random draws are repeated. The function may take any
 * arguments; arrays and plain objects are copied at the call. It must return one tensor, and compute the same result
 * when run again. Its side effects (counters, running statistics) happen twice, unless it checks `isRecomputing`.
 *
 * @throws TapeError in the backward pass if the function gives another result when run again, or if a parameter that it
 * uses has changed.
 * @example
 * const w = parameter(tensor([[1, 2], [3, 4]]));
 * const block = checkpoint((x: Tensor) => x.matmul(w).tanh().matmul(w));
 * const loss = block(ones([1, 2])).sum();
 * tapeOf(loss).map((entry) => entry.op); // ['checkpoint', 'sum', 'reshape']
 * loss.backward().of(w).shape; // [2, 2]
 */
export function checkpoint<F extends TensorFunction>(f: F, ...more: []): F {
  checkFunction('checkpoint', f);
  if (more.length > 0) {
    throw new ArgumentError('checkpoint: expected only a function; checkpoint(f) returns one: checkpoint(f)(x)');
  }
  const run: Run = (...args) => checkSynchronous('checkpoint', (f as unknown as Run)(...args));
  const checkpointed: Run = (...args) => {
    if (!isRecording()) return run(...args);
    const given = args.map((arg) => ownData(arg));
    const since = nextEntry();
    const [result, states] = watchDraws(() => run(...args));
    // Inside `vmap`, the tape records operations on all examples.
    const all = unwrapped(result);
    if (all.entry === undefined || all.entry.id < since) return result;
    const call = new Call(run, given, states, all.detach());
    return wrappedLike(result, record(wrap, 'checkpoint', inputsOf(all, since), call, all.array));
  };
  return checkpointed as unknown as F;
}
