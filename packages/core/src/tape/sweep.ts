/** The backward sweep: one walk along the tape, the same on arrays and on recorded tensors. */

import { type ArrayLike, formatShape, type Slice, sameShape } from '@tapegrad/kernels';
import { TapeError } from '../checks/errors.ts';
import { changedInput } from './changes.ts';
import { type CotangentMemory, Cotangents, garbageCollected } from './cotangents.ts';
import { type AnyRecorded, type CustomAttributes, customOf, type Entry } from './entry.ts';
import { currentObserver, hooksOf, whileApplying } from './observers.ts';
import { applyVjp, hasVjp, inputsRead, type Rule, ruleOf, type ValueDomain } from './pullback.ts';
import { entriesOf } from './reachable.ts';
import { recomputed } from './recomputation.ts';
import { unbroadcast } from './rules/unbroadcast.ts';

/** What messages call a tensor. */
export const nameOf = ({ name }: AnyRecorded, otherwise: string): string =>
  name === undefined ? otherwise : `'${name}'`;

/** Throws where an input of an entry, of those given, is no longer what it was when the entry ran. */
export function checkUnchanged<T extends AnyRecorded>(entry: Entry<T>, inputs: readonly T[] = entry.inputs): void {
  const changed = changedInput(entry, inputs);
  if (changed === undefined) return;
  throw new TapeError(
    `backward: '${changed.name}' of '${entry.name}' changed after the forward pass that this sweep needs its old value of; ` +
      'sweep before the update, or run the forward pass again',
  );
}

/** Whether a cotangent of `x` is like it. */
const fits = (x: AnyRecorded, d: ArrayLike): boolean => sameShape(d.shape, x.shape) && d.dtype === x.array.dtype;

/** For a cotangent of `x` that does not fit; `giver` says who gave it, and to what. */
export function misfit(giver: string, x: AnyRecorded, d: ArrayLike): TapeError {
  const expected = `${x.array.dtype} ${formatShape(x.shape)}`;
  return new TapeError(`backward: ${giver} a cotangent of ${d.dtype} ${formatShape(d.shape)}, expected ${expected}`);
}

/** What a sweep is to find, and to leave. */
export interface SweepOptions<T extends AnyRecorded, A> {
  /** The tensors whose cotangents to return; without it, every input of the program that requires a gradient. */
  readonly wanted?: ReadonlySet<T> | undefined;
  /** The first entry to walk to, by its number, where nothing wanted comes before; all unless given. */
  readonly since?: number;
  /** What to walk along, in order of execution: what the seeds' tensors were computed by, unless given. */
  readonly entries?: readonly Entry<T>[] | undefined;
  /** Whether the tape stays usable. */
  readonly retain: boolean;
  /** Who hands back the memory of cotangents that were passed on, where values have memory that can be. */
  readonly memory?: CotangentMemory<A> | undefined;
}

/**
 * Walks the tape of one or several tensors backwards from their cotangents, the seeds, along the entries that lie between
 * them and something wanted, and returns the cotangent of everything wanted that it reaches.
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

/** Whether some entries have no inputs of the program that require a gradient, but for these. */
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
  /** What to find; `undefined` where that is every input of the program. */
  #wanted: ReadonlySet<T> | undefined;
  /** The results ahead that something wanted leads to; `undefined` where every input of the program is wanted. */
  #leading: Set<T> | undefined;
  readonly #arrived: Cotangents<T, A>;
  /** The cotangents of wanted results. */
  readonly #found: [T, A][] = [];
  readonly #watcher = currentObserver<T>();

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

    // From the last entry on, with those of a recomputation in the place of the checkpoint.
    const ahead = [...entries];
    for (let entry = ahead.pop(); entry !== undefined; entry = ahead.pop()) {
      // Nobody asks for it any more, and a set would hold a recomputed tape in memory.
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

  /** Finds what leads to something wanted, unless what is wanted is all that there is. */
  #leaveOut(entries: readonly Entry<T>[], wanted: ReadonlySet<T>): void {
    if (this.#since === 0 && areInputs(wanted) && hasNoInputBut(wanted, entries)) {
      this.#wanted = undefined;
      return;
    }
    this.#leading = new Set();
    this.#findLeading(entries);
  }

  /** Notes the results that something wanted leads to on the way forward. */
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
    // Behind a 'stopGradient', which only leaves of transforms are the results of, there is nothing that is wanted.
    if (this.#leading === undefined) return x.entry?.op !== 'stopGradient';
    return this.#isWanted(x) || this.#leading.has(x);
  }

  /** What ran in a checkpoint, where a cotangent has arrived at its result. */
  #recomputed(entry: Entry<T>): readonly Entry<T>[] {
    if (!this.#arrived.has(entry.output)) return [];
    checkUnchanged(entry);
    const entries = recomputed(entry);
    this.#findLeading(entries);
    return entries;
  }

  /** Passes the cotangent of an entry's output on to its inputs, if it has one. */
  #pass(entry: Entry<T>): void {
    const { output } = entry;
    const sum = this.#arrived.take(output);
    if (sum === undefined) return;
    const g = this.#hooked(output, sum);
    if (this.#watcher === undefined) this.#passOn(entry, g);
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
    for (let i = 0; i < entry.inputs.length; i++) {
      const x = entry.inputs[i]!;
      if (!this.#flowsTo(x) || !hasVjp(rule, i)) continue;
      if (entry.op === 'slice') {
        this.#arrived.addPart(x, entry.attributes as Slice, g);
        continue;
      }
      if (isChanged) checkUnchanged(entry, inputsRead(entry, i));
      this.#arrive(entry, i, g, this.#applyRule(entry, i, g, rule));
    }
  }

  /** `applyVjp` in the sweep's memory. A closure would take a fifth of what a small entry takes. */
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

  /** Takes what an entry made of `g` for its input `i`. */
  #arrive(entry: Entry<T>, i: number, g: A, d: A): void {
    const x = entry.inputs[i]!;
    if (!fits(x, d)) throw misfit(`the rule of '${entry.name}' gave ${nameOf(x, `input ${i}`)}`, x, d);
    if (this.#watcher !== undefined) {
      const { tensor } = this.#domain;
      this.#watcher.cotangent(entry, i, tensor(g), tensor(d));
    }
    this.#memory.retain(d);
    this.#arrived.add(x, d);
  }

  /** Shows a cotangent that is complete to those who wait for it, who may put another in its place. */
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
