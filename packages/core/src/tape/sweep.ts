/** The backward sweep: a single walk over the tape. The same code runs on arrays and on recorded tensors. */

import { type ArrayLike, formatShape, type Slice, sameShape } from '@tapegrad/kernels';
import { TapeError } from '../checks/errors.ts';
import { changedInput } from './changes.ts';
import { type CotangentMemory, Cotangents, garbageCollected } from './cotangents.ts';
import { type AnyRecorded, type CustomAttributes, customOf, type Entry } from './entry.ts';
import { currentObserver, hooksOf, whileApplying } from './observers.ts';
import {
  applyVjp,
  hasVjp,
  inputsRead,
  type JointPullback,
  jointPullbackOf,
  type Rule,
  ruleOf,
  type ValueDomain,
} from './pullback.ts';
import { entriesOf } from './reachable.ts';
import { recomputed } from './recomputation.ts';
import { unbroadcast } from './rules/unbroadcast.ts';

/** Returns the name of a tensor for error messages, or `otherwise` if it has none. */
export const nameOf = ({ name }: AnyRecorded, otherwise: string): string =>
  name === undefined ? otherwise : `'${name}'`;

/** Throws if any of the given inputs of an entry has changed since the entry ran. */
export function checkUnchanged<T extends AnyRecorded>(entry: Entry<T>, inputs: readonly T[] = entry.inputs): void {
  const changed = changedInput(entry, inputs);
  if (changed === undefined) return;
  throw new TapeError(
    `backward: '${changed.name}' of '${entry.name}' changed after the forward pass, but the backward pass needs its old value; ` +
      'call backward before the update, or run the forward pass again',
  );
}

/** Returns whether a cotangent of `x` has the shape and dtype of `x`. */
const fits = (x: AnyRecorded, d: ArrayLike): boolean => sameShape(d.shape, x.shape) && d.dtype === x.array.dtype;

/**
 * Returns the error for a cotangent whose shape or dtype differs from that of `x`. `giver` says where the cotangent
 * came from.
 */
export function misfit(giver: string, x: AnyRecorded, d: ArrayLike): TapeError {
  const expected = `${x.array.dtype} ${formatShape(x.shape)}`;
  return new TapeError(`backward: ${giver} a cotangent of ${d.dtype} ${formatShape(d.shape)}, expected ${expected}`);
}

/** The options of a sweep: which entries it walks, which cotangents it returns, and whether it keeps the tape. */
export interface SweepOptions<T extends AnyRecorded, A> {
  /** The tensors whose cotangents to return. Defaults to every input of the program that requires a gradient. */
  readonly wanted?: ReadonlySet<T> | undefined;
  /**
   * The number of the first entry to visit. Set it if no wanted tensor was computed before that entry. Defaults to 0,
   * for all entries.
   */
  readonly since?: number;
  /** The entries to visit, in order of execution. Defaults to those that computed the seeds' tensors. */
  readonly entries?: readonly Entry<T>[] | undefined;
  /** Whether to keep the tape usable afterwards. */
  readonly retain: boolean;
  /** Frees the memory of cotangents after use. Only needed if values have memory that can be freed. */
  readonly memory?: CotangentMemory<A> | undefined;
}

/**
 * Walks the tape of one or more tensors backward from the seeds, which are the cotangents of these tensors. The sweep
 * visits only entries between the seeds and wanted tensors. It returns the cotangent of every wanted tensor that it
 * reaches.
 */
export const sweep = <T extends AnyRecorded, A extends ArrayLike>(
  seeds: ReadonlyMap<T, A>,
  domain: ValueDomain<T, A>,
  options: SweepOptions<T, A>,
): Map<T, A> => new Sweep(domain, options).from(seeds);

function areInputs(tensors: Iterable<AnyRecorded>): boolean {
  for (const { entry } of tensors) if (entry !== undefined) return false;
  return true;
}

/**
 * Returns whether no input of the program, other than those in `known`, requires a gradient among the inputs of
 * `entries`.
 */
function hasNoInputBut<T extends AnyRecorded>(known: ReadonlySet<T>, entries: readonly Entry<T>[]): boolean {
  for (const { inputs } of entries) {
    for (const x of inputs) if (x.entry === undefined && x.requiresGrad && !known.has(x)) return false;
  }
  return true;
}

class Sweep<T extends AnyRecorded, A extends ArrayLike> {
  readonly #domain: ValueDomain<T, A>;
  readonly #options: SweepOptions<T, A>;
  readonly #since: number;
  readonly #memory: CotangentMemory<A>;
  /** The tensors whose cotangents to find. `undefined` stands for every input of the program. */
  #wanted: ReadonlySet<T> | undefined;
  /** The results, not yet visited, that depend on a wanted tensor. `undefined` if every input of the program is wanted. */
  #leading: Set<T> | undefined;
  readonly #arrived: Cotangents<T, A>;
  /** The cotangents of wanted results. */
  readonly #found: [T, A][] = [];
  readonly #observer = currentObserver<T>();

  constructor(domain: ValueDomain<T, A>, options: SweepOptions<T, A>) {
    const { wanted, since = 0, memory = garbageCollected as CotangentMemory<A> } = options;
    this.#domain = domain;
    this.#options = options;
    this.#since = since;
    this.#memory = memory;
    this.#wanted = wanted;
    this.#arrived = new Cotangents(domain.kernels, memory, since);
  }

  from(seeds: ReadonlyMap<T, A>): Map<T, A> {
    const { entries = entriesOf(seeds.keys(), this.#since), retain } = this.#options;
    if (this.#wanted !== undefined) this.#leaveOut(entries, this.#wanted);
    for (const [root, seed] of seeds) if (this.#flowsTo(root)) this.#arrived.add(root, seed);

    // Starts at the last entry. Recomputed entries take the place of their checkpoint.
    const ahead = [...entries];
    for (let entry = ahead.pop(); entry !== undefined; entry = ahead.pop()) {
      // The output isn't needed any more. Keeping it in the set would keep a recomputed tape in memory.
      this.#leading?.delete(entry.output);
      if (entry.op !== 'checkpoint') this.#pass(entry);
      else for (const inner of this.#recomputed(entry)) ahead.push(inner);
    }
    const found = this.#arrived.atInputs();
    for (const [x, g] of found) {
      const hooked = this.#hooked(x, g);
      if (hooked !== g) found.set(x, hooked);
    }
    for (const [x, g] of this.#found) found.set(x, g);
    if (!retain) for (const entry of entries) entry.consume();
    return found;
  }

  /**
   * Prepares to skip results that don't depend on a wanted tensor. If every input of the program is wanted anyway,
   * nothing is skipped.
   */
  #leaveOut(entries: readonly Entry<T>[], wanted: ReadonlySet<T>): void {
    if (this.#since === 0 && areInputs(wanted) && hasNoInputBut(wanted, entries)) {
      this.#wanted = undefined;
      return;
    }
    this.#leading = new Set();
    this.#findLeading(entries);
  }

  /** Adds to `#leading` the results that depend on a wanted tensor. */
  #findLeading(entries: readonly Entry<T>[]): void {
    const [wanted, leading] = [this.#wanted, this.#leading];
    if (wanted === undefined || leading === undefined) return;
    for (const { inputs, output } of entries) {
      if (inputs.some((x) => wanted.has(x) || leading.has(x))) leading.add(output);
    }
  }

  #isWanted(x: T): boolean {
    return this.#wanted === undefined ? x.entry === undefined : this.#wanted.has(x);
  }

  #flowsTo(x: T): boolean {
    if (!x.requiresGrad) return false;
    // A result of 'stopGradient' is a leaf of a transform, so no wanted tensor was computed before it.
    if (this.#leading === undefined) return x.entry?.op !== 'stopGradient';
    return this.#isWanted(x) || this.#leading.has(x);
  }

  /** Returns the recomputed entries of a checkpoint; an empty list if no cotangent has reached its result. */
  #recomputed(entry: Entry<T>): readonly Entry<T>[] {
    if (!this.#arrived.has(entry.output)) return [];
    checkUnchanged(entry);
    const entries = recomputed(entry);
    this.#findLeading(entries);
    return entries;
  }

  /** Takes the cotangent of an entry's output, if there is one, and passes it on to the entry's inputs. */
  #pass(entry: Entry<T>): void {
    const { output } = entry;
    const sum = this.#arrived.take(output);
    if (sum === undefined) return;
    const g = this.#hooked(output, sum);
    if (this.#observer === undefined) this.#passOn(entry, g);
    else whileApplying(entry, () => this.#passOn(entry, g));
    if (this.#isWanted(output)) this.#found.push([output, g]);
    else this.#memory.release(g);
  }

  #passOn(entry: Entry<T>, g: A): void {
    const custom = customOf(entry);
    if (custom === undefined) this.#throughPrimitive(entry, g);
    else this.#throughCustom(entry, g, custom);
  }

  #throughPrimitive(entry: Entry<T>, g: A): void {
    const isChanged = changedInput(entry) !== undefined;
    const rule = ruleOf(entry);
    const joint = isChanged ? undefined : jointPullbackOf(entry);
    const all = joint && this.#flowsTo(entry.inputs[0]!) ? this.#applyJointly(entry, g, joint) : undefined;
    for (let i = 0; i < entry.inputs.length; i++) {
      const x = entry.inputs[i]!;
      if (!this.#flowsTo(x) || !hasVjp(rule, i)) continue;
      if (entry.op === 'slice') {
        this.#arrived.addPart(x, entry.attributes as Slice, g);
        continue;
      }
      if (isChanged) checkUnchanged(entry, inputsRead(entry, i));
      this.#arrive(entry, i, g, all?.[i] ?? this.#applyRule(entry, i, g, rule));
    }
  }

  /**
   * Runs `applyVjp` with the sweep's memory. Passing a closure to `run` instead would cost a fifth of the time of a
   * small entry.
   */
  #applyRule(entry: Entry<T>, i: number, g: A, rule: Rule): A {
    const begun = this.#memory.begin();
    let d: A | undefined;
    try {
      d = applyVjp(this.#domain, entry, i, g, rule);
      return d;
    } finally {
      this.#memory.end(begun, d);
    }
  }

  #applyJointly({ inputs, attributes }: Entry<T>, g: A, joint: JointPullback): readonly A[] | undefined {
    const { kernels, value } = this.#domain;
    const begun = this.#memory.begin();
    let all: readonly A[] | undefined;
    try {
      all = joint(kernels, g, inputs.map(value), attributes);
      return all;
    } finally {
      this.#memory.end(begun, all?.[0]);
    }
  }

  #throughCustom(entry: Entry<T>, g: A, { definition }: CustomAttributes<T>): void {
    const { kernels, value, tensor } = this.#domain;
    checkUnchanged(entry);
    this.#memory.escape(g);
    const cotangents = definition.cotangents(entry, tensor(g));
    entry.inputs.forEach((x, i) => {
      const d = cotangents[i]!;
      if (d !== null && this.#flowsTo(x)) this.#arrive(entry, i, g, unbroadcast(kernels, value(d), x.shape));
    });
  }

  /** Adds `d` to the cotangent of input `i`. The entry computed `d` from the cotangent `g` of its output. */
  #arrive(entry: Entry<T>, i: number, g: A, d: A): void {
    const x = entry.inputs[i]!;
    if (!fits(x, d)) throw misfit(`the rule of '${entry.name}' gave ${nameOf(x, `input ${i}`)}`, x, d);
    if (this.#observer !== undefined) {
      const { tensor } = this.#domain;
      this.#observer.cotangent(entry, i, tensor(g), tensor(d));
    }
    this.#memory.retain(d);
    this.#arrived.add(x, d);
  }

  /** Passes a complete cotangent to the tensor's hooks, which may replace it. */
  #hooked(x: T, g: A): A {
    const hooks = hooksOf(x);
    if (hooks === undefined) return g;
    this.#memory.escape(g);
    const { value, tensor } = this.#domain;
    let now = g;
    for (const hook of hooks) {
      const made = hook(tensor(now));
      if (made === undefined) continue;
      now = value(made);
      if (!fits(x, now)) throw misfit(`a hook on ${nameOf(x, x.entry?.name ?? 'an input')} gave`, x, now);
    }
    return now;
  }
}
