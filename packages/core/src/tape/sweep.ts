/** The backward sweep: one walk along the tape, the same on arrays and on recorded tensors. */

import { type ArrayLike, formatShape, type Primitive, type Slice, sameShape } from '@tapegrad/kernels';
import { TapeError } from '../errors.ts';
import { Cotangents, garbageCollected, type Memory } from './cotangents.ts';
import { type Calculus, inputsRead, passBack, passesOn, sumTo } from './pullback.ts';
import {
  type CustomAttributes,
  changedInput,
  customOf,
  type Entry,
  entriesOf,
  type Recorded,
  recomputed,
} from './tape.ts';
import { cotangentWatcher, hooksOf, whileSwept } from './watching.ts';

const nameOf = (x: Recorded, i: number): string => (x.name === undefined ? `input ${i}` : `'${x.name}'`);

/** Throws where an input of an entry, of those given, is no longer what it was when the entry ran. */
export function checkUnchanged<T extends Recorded>(entry: Entry<T>, inputs: readonly T[] = entry.inputs): void {
  const changed = changedInput(entry, inputs);
  if (changed === undefined) return;
  throw new TapeError(
    `backward: '${changed.name}' of '${entry.name}' changed after the forward pass that this sweep needs its old value of; ` +
      'sweep before the update, or run the forward pass again',
  );
}

function checkCotangent({ name, inputs }: Entry, i: number, d: ArrayLike): void {
  const x = inputs[i]!;
  if (sameShape(d.shape, x.shape) && d.dtype === x.array.dtype) return;
  throw new TapeError(
    `backward: the rule of '${name}' gave ${nameOf(x, i)} a cotangent of ${d.dtype} ${formatShape(d.shape)}, ` +
      `expected ${x.array.dtype} ${formatShape(x.shape)}`,
  );
}

function checkReplacement(x: Recorded, d: ArrayLike): void {
  if (sameShape(d.shape, x.shape) && d.dtype === x.array.dtype) return;
  const of = x.name === undefined ? (x.entry?.name ?? 'an input') : `'${x.name}'`;
  throw new TapeError(
    `backward: a hook on ${of} gave a cotangent of ${d.dtype} ${formatShape(d.shape)}, ` +
      `expected ${x.array.dtype} ${formatShape(x.shape)}`,
  );
}

/** What a sweep is to find, and to leave. */
export interface SweepOptions<T extends Recorded, A> {
  /** The tensors whose cotangents to return; without it, every input of the program that requires a gradient. */
  readonly wanted?: ReadonlySet<T> | undefined;
  /** The first entry to walk to, by its number, where nothing wanted comes before; all unless given. */
  readonly since?: number;
  /** What to walk along, in order of execution: what the seeds' tensors were computed by, unless given. */
  readonly entries?: readonly Entry<T>[] | undefined;
  /** Whether the tape stays usable. */
  readonly retain: boolean;
  /** Who hands back the memory of cotangents that were passed on, where values have memory that can be. */
  readonly memory?: Memory<A> | undefined;
}

/**
 * Walks the tape of one or several tensors backwards from their cotangents, the seeds, along the entries that lie between
 * them and something wanted, and returns the cotangent of everything wanted that it reaches.
 */
export function sweep<T extends Recorded, A extends ArrayLike>(
  seeds: ReadonlyMap<T, A>,
  calculus: Calculus<T, A>,
  options: SweepOptions<T, A>,
): Map<T, A> {
  const { wanted, since = 0, retain, memory = garbageCollected as Memory<A> } = options;
  const { entries = entriesOf(seeds.keys(), since) } = options;
  const { kernels: k, value, tensor } = calculus;
  const leadsToWanted = wanted && new Set<T>();
  if (wanted && leadsToWanted) findLeadingTo(wanted, entries, leadsToWanted);
  const isWanted = (x: T): boolean => (wanted === undefined ? x.entry === undefined : wanted.has(x));
  // Behind a 'stopGradient', which only leaves of transforms are the results of, there is nothing that is wanted.
  const flowsTo = (x: T): boolean =>
    x.requiresGrad &&
    (leadsToWanted === undefined ? x.entry?.op !== 'stopGradient' : isWanted(x) || leadsToWanted.has(x));

  const found = new Map<T, A>();
  const arrived = new Cotangents<T, A>(k, memory, since);
  for (const [root, seed] of seeds) if (flowsTo(root)) arrived.add(root, seed);

  const watcher = cotangentWatcher<T>();
  const arrive = (entry: Entry<T>, i: number, g: A, d: A): void => {
    checkCotangent(entry, i, d);
    watcher?.(entry, i, tensor(g), tensor(d));
    memory.hold(d);
    arrived.add(entry.inputs[i]!, d);
  };

  /** Shows a cotangent that is complete to those who wait for it, who may put another in its place. */
  const hooked = (x: T, g: A): A => {
    const hooks = hooksOf(x);
    if (hooks === undefined) return g;
    memory.letOut(g);
    let now = g;
    for (const hook of hooks) {
      const made = hook(tensor(now));
      if (made === undefined) continue;
      now = value(made);
      checkReplacement(x, now);
    }
    return now;
  };

  const throughPrimitive = (entry: Entry<T>, g: A): void => {
    const isChanged = changedInput(entry) !== undefined;
    for (let i = 0; i < entry.inputs.length; i++) {
      const x = entry.inputs[i]!;
      if (!flowsTo(x) || !passesOn(entry.op as Primitive, i)) continue;
      if (entry.op === 'slice') {
        arrived.addPart(x, entry.attributes as Slice, g);
        continue;
      }
      if (isChanged) checkUnchanged(entry, inputsRead(entry, i));
      const d = memory.run(() => passBack(calculus, entry, i, g));
      arrive(entry, i, g, d);
    }
  };

  const throughCustom = (entry: Entry<T>, g: A, { definition }: CustomAttributes<T>): void => {
    checkUnchanged(entry);
    memory.letOut(g);
    const cotangents = definition.cotangents(entry, tensor(g));
    entry.inputs.forEach((x, i) => {
      const d = cotangents[i]!;
      if (d !== null && flowsTo(x)) arrive(entry, i, g, sumTo(k, value(d), x.shape));
    });
  };

  const passOn = (entry: Entry<T>, g: A): void => {
    const custom = customOf(entry);
    if (custom === undefined) throughPrimitive(entry, g);
    else throughCustom(entry, g, custom);
  };

  // From the last entry on, with those of a recomputation in the place of the checkpoint.
  const ahead = [...entries];
  for (let entry = ahead.pop(); entry !== undefined; entry = ahead.pop()) {
    const { output } = entry;
    // Nobody asks for it any more, and a set would hold a recomputed tape in memory.
    leadsToWanted?.delete(output);
    if (entry.op === 'checkpoint' && arrived.has(output)) {
      checkUnchanged(entry);
      const again = recomputed(entry);
      if (wanted && leadsToWanted) findLeadingTo(wanted, again, leadsToWanted);
      for (const inner of again) ahead.push(inner);
      continue;
    }
    const sum = arrived.take(output);
    if (sum === undefined) continue;
    const g = hooked(output, sum);
    if (watcher === undefined) passOn(entry, g);
    else whileSwept(entry, () => passOn(entry, g));
    if (isWanted(output)) found.set(output, g);
    else memory.release(g);
  }
  for (const x of arrived.left()) found.set(x, hooked(x, arrived.take(x)!));
  if (!retain) for (const entry of entries) entry.consume();
  return found;
}

/** Adds to `leading` the results that something wanted leads to on the way forward. */
function findLeadingTo<T extends Recorded>(
  wanted: ReadonlySet<T>,
  entries: readonly Entry<T>[],
  leading: Set<T>,
): void {
  for (const { inputs, output } of entries) {
    if (inputs.some((x) => wanted.has(x) || leading.has(x))) leading.add(output);
  }
}
