/**
 * The basis of the transforms: runs a function once on fresh inputs. The tape of that run can then be walked forward or
 * backward.
 */

import { type ArrayLike, filled, type Kernels, type NdArray, RefCounted } from '@tapegrad/kernels';
import { noteView } from '../tape/changes.ts';
import type { CotangentMemory } from '../tape/cotangents.ts';
import { type Entry, nextEntry } from '../tape/entry.ts';
import type { ValueDomain } from '../tape/pullback.ts';
import { pushForward } from '../tape/push-forward.ts';
import { entriesOf } from '../tape/reachable.ts';
import { isRecording, withRecording } from '../tape/recording.ts';
import { sweep } from '../tape/sweep.ts';
import { onArrays, onTensors } from '../tensor/kernels.ts';
import { Tensor } from '../tensor.ts';
import { isTracing } from '../tracing.ts';
import { activeLevels, Batched, unwrapLevels, unwrapped, wrapLevels } from './batched.ts';
import { freshLeaf } from './leaf.ts';

/** The linearization of a function at given inputs. */
export interface Linearization {
  /**
   * The outputs to return to the caller. They stay connected to an outer tape only if something there requires a
   * gradient.
   */
  readonly outputs: readonly Tensor[];
  /** Prepares another tensor that the function returned for the caller, in the same way as the outputs. */
  release(x: Tensor): Tensor;
  /** Computes the inputs' cotangents from the outputs' cotangents, where undefined means 0. */
  pullBack(cotangents: readonly (Tensor | undefined)[]): Tensor[];
  /** Computes the outputs' tangents from the inputs' tangents, where undefined means 0. */
  pushForward(tangents: readonly (Tensor | undefined)[]): Tensor[];
}

const zerosLike = ({ shape, dtype }: Tensor): Tensor => new Tensor(filled(shape, 0, dtype));

/** Returns whether entries depend on any tensor that requires a gradient, other than the leaves. */
function dependsOnOthers(entries: readonly Entry<Tensor>[], leaves: readonly Tensor[], since: number): boolean {
  const own = new Set(leaves);
  const isOther = (x: Tensor): boolean =>
    x.requiresGrad && !own.has(x) && (x.entry === undefined || x.entry.id < since);
  return entries.some(({ inputs }) => inputs.some(isOther));
}

/** A walk over the tape. It takes the values known at one end and returns those at the other; undefined means 0. */
type Walk = <A extends ArrayLike>(
  domain: ValueDomain<Tensor, A>,
  known: readonly (A | undefined)[],
  memory?: CotangentMemory<A>,
) => readonly (A | undefined)[];

function walkOnArrays(walk: Walk, known: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
  const domain = onArrays();
  for (const x of known) if (x !== undefined) noteView(x.array.data);
  const arrays = known.map((x) => x && domain.value(x));
  const found = walk<NdArray>(domain, arrays, isTracing() ? undefined : new RefCounted());
  return found.map((array) => array && domain.tensor(array));
}

/** Maps tensors to their known values. If a tensor occurs several times, its values are added. */
function addUp<A>(k: Kernels<A>, tensors: readonly Tensor[], known: readonly (A | undefined)[]): Map<Tensor, A> {
  const sums = new Map<Tensor, A>();
  tensors.forEach((x, i) => {
    const term = known[i];
    const earlier = sums.get(x);
    if (term !== undefined) sums.set(x, earlier === undefined ? term : k.add(earlier, term));
  });
  return sums;
}

/**
 * Runs a function of tensors on fresh inputs, records it, and returns its outputs and its linearization there.
 *
 * Inside `vmap`, the tape records operations on all examples at once, with a leading axis for each batch. Examples
 * don't depend on each other, so a single backward pass gives each example its own gradient.
 *
 * @param captured Tensors that the function uses besides its inputs. The linearization includes them: their cotangents
 * and tangents come after those of the inputs.
 */
export function linearize(
  inputs: readonly Tensor[],
  f: (inputs: readonly Tensor[]) => { readonly outputs: readonly Tensor[]; readonly others?: readonly Tensor[] },
  captured: readonly Tensor[] = [],
): Linearization {
  const recorded = isRecording();
  const at = activeLevels();
  const primals = inputs.map((x) => unwrapLevels(at, x));
  const leaves = primals.map((x) => freshLeaf(x, recorded && x.requiresGrad));
  const variables = [...leaves, ...captured];
  const since = nextEntry();
  const { outputs, others, roots } = withRecording(true, () => {
    const { outputs, others = [] } = f(leaves.map((x) => wrapLevels(at, x)));
    return { outputs, others, roots: outputs.map((y) => unwrapLevels(at, y)) };
  });
  const entries = entriesOf([...roots, ...others.map(unwrapped)], since);
  const isConnected =
    recorded && (primals.some(({ requiresGrad }) => requiresGrad) || dependsOnOthers(entries, leaves, since));
  const release = (x: Tensor): Tensor => (isConnected ? x : x.detach());

  /** Runs a walk on plain arrays if possible, otherwise on tensors. Records the walk if it must be differentiable. */
  function run(walk: Walk, known: readonly (Tensor | undefined)[], models: readonly Tensor[]): Tensor[] {
    const lowered = known.map((x) => x && unwrapLevels(at, x));
    const isRecorded = isRecording() && (isConnected || lowered.some((x) => x?.requiresGrad));
    const needsTensors = isRecorded || lowered.some((x) => x instanceof Batched);
    const results = withRecording(isRecorded, () =>
      needsTensors ? walk<Tensor>(onTensors, lowered) : walkOnArrays(walk, lowered),
    );
    return models.map((model, i) => wrapLevels(at, results[i] ?? zerosLike(model)));
  }

  const backwards: Walk = (domain, cotangents, memory) => {
    const seeds = addUp(domain.kernels, roots, cotangents);
    const found = sweep(seeds, domain, { wanted: new Set(variables), since, memory, retain: true });
    return variables.map((x) => found.get(x));
  };

  const forwards: Walk = (domain, tangents, memory) =>
    pushForward(domain, entries, addUp(domain.kernels, variables, tangents), roots, memory);

  return {
    outputs: outputs.map(release),
    release,
    pullBack: (cotangents) => run(backwards, cotangents, [...primals, ...captured]),
    pushForward: (tangents) => run(forwards, tangents, roots),
  };
}
