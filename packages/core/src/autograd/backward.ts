/** The backward pass from a tensor. */

import {
  ArgumentError,
  DTypeError,
  filled,
  formatShape,
  type NdArray,
  RefCounted,
  type Shape,
  ShapeError,
  sameShape,
} from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkTensor } from '../checks/operands.ts';
import { checkOptions } from '../checks/untyped-callers.ts';
import { noteView } from '../tape/changes.ts';
import type { Entry } from '../tape/entry.ts';
import { withRecording } from '../tape/recording.ts';
import { sweep } from '../tape/sweep.ts';
import { Tensor } from '../tensor/class.ts';
import { onArrays, onTensors } from '../tensor/kernels.ts';
import { isTracing } from '../tracing.ts';
import { Gradients } from './gradients.ts';

/** The options of `backward`. */
export interface BackwardOptions {
  /** The cotangent to start from, with the tensor's shape and dtype. Defaults to 1 for a scalar. */
  readonly seed?: Tensor;
  /**
   * Whether to record the backward pass, so that the gradients can be differentiated again. Implies `retainGraph`. Defaults
   * to false.
   */
  readonly createGraph?: boolean;
  /** Whether to keep the tape for another backward pass. Defaults to false. */
  readonly retainGraph?: boolean;
  /**
   * The tensors whose gradients to compute, which may be intermediate results. Defaults to all parameters and inputs.
   * In a loop, pass a set that is created once, which is faster than a list.
   */
  readonly wanted?: readonly Tensor[] | ReadonlySet<Tensor>;
}

declare module '../tensor/class.ts' {
  interface Tensor<out S extends Shape> {
    /**
     * Computes the gradients of this scalar with respect to every parameter and input that it depends on. If this
     * tensor y isn't a scalar, pass a `seed` v: the result is then the gradients of the sum of v y, a vector-Jacobian
     * product.
     *
     * A backward pass consumes the tape, unless `retainGraph` or `createGraph` is set.
     *
     * @throws TapeError if this tensor does not depend on one that requires a gradient, if the tape has been consumed,
     * or if the old value of a parameter is needed that has since changed.
     * @example
     * const x = tensor(3, { requiresGrad: true });
     * const dx = x.mul(x).mul(x).backward({ createGraph: true }).of(x); // 3 x^2 = 27
     * dx.backward().of(x).item(); // 6 x = 18
     */
    backward(options?: BackwardOptions): Gradients;
  }
}

/** Implements `backward`. The caller may also pass the entries to walk, and memory to allocate the gradients in. */
export function backwardAlong(
  y: Tensor,
  options: BackwardOptions = {},
  entries?: readonly Entry<Tensor>[],
  memory = new RefCounted(),
): Gradients {
  checkOptions('backward', options, ['seed', 'createGraph', 'retainGraph', 'wanted']);
  if (!y.requiresGrad) {
    throw new TapeError(
      'backward: the tensor does not depend on a tensor that requires a gradient, or recording was off',
    );
  }
  const seed = seedOf(y, options.seed);
  const wanted = wantedSet(options.wanted);
  const createGraph = options.createGraph ?? false;
  const retain = createGraph || (options.retainGraph ?? false);
  if (createGraph) {
    const seeds = new Map([[y, seed]]);
    return new Gradients(withRecording(true, () => sweep(seeds, onTensors, { entries, wanted, retain })));
  }
  const seeds = new Map([[y, seed.array]]);
  const run = { entries, wanted, retain, memory: isTracing() ? undefined : memory };
  const found = withRecording(false, () => sweep<Tensor, NdArray>(seeds, onArrays(), run));
  const gradients = new Map<Tensor, Tensor>();
  for (const [x, g] of found) gradients.set(x, new Tensor(g));
  return new Gradients(gradients);
}

function seedOf(y: Tensor, seed: Tensor | undefined): Tensor {
  if (seed === undefined) {
    if (y.size === 1) return new Tensor(filled(y.shape, 1, y.dtype));
    const got = `got shape ${formatShape(y.shape)}`;
    throw new ShapeError(`backward: expected a loss of one element, ${got}; reduce it, or pass { seed } of its shape`);
  }
  checkTensor('backward', seed);
  if (!sameShape(seed.shape, y.shape)) {
    throw new ShapeError(`backward: expected a seed of shape ${formatShape(y.shape)}, got ${formatShape(seed.shape)}`);
  }
  if (seed.dtype !== y.dtype) throw new DTypeError(`backward: expected a ${y.dtype} seed, got ${seed.dtype}`);
  noteView(seed.array.data);
  return seed;
}

function wantedSet(wanted: BackwardOptions['wanted']): ReadonlySet<Tensor> | undefined {
  if (wanted === undefined) return undefined;
  const isSet = wanted instanceof Set;
  if (!isSet && !Array.isArray(wanted)) {
    throw new ArgumentError(`backward: expected a list of wanted tensors, got ${describeValue(wanted)}`);
  }
  for (const x of wanted) {
    if (checkTensor('backward', x).requiresGrad) continue;
    throw new TapeError(`backward: a wanted tensor of shape ${formatShape(x.shape)} does not require a gradient`);
  }
  return isSet ? (wanted as ReadonlySet<Tensor>) : new Set(wanted);
}

export const differentiation: Pick<Tensor, 'backward'> & ThisType<Tensor> = {
  backward(options) {
    return backwardAlong(this, options);
  },
};
