/** The backward sweep: one walk along the tape, the same on arrays and on recorded tensors. */

import {
  type ArrayLike,
  formatShape,
  type Kernels,
  type Primitive,
  type Shape,
  type Slice,
  sameShape,
} from '@tapegrad/kernels';
import { Cotangents, type Memory } from './cotangents.ts';
import { TapeError } from './errors.ts';
import { rules, type VariadicVjp } from './rules.ts';
import {
  type CustomAttributes,
  changedInput,
  customOf,
  type Entry,
  entriesOf,
  type Recorded,
  recomputed,
} from './tape.ts';

/** Sums a cotangent down to the shape of the input that was broadcast: the adjoint of every broadcast, in one place. */
function sumTo<A extends ArrayLike>(k: Kernels<A>, g: A, shape: Shape): A {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes: number[] = [];
  for (let i = 0; i < g.shape.length; i++) {
    if (i < lead || (shape[i - lead] === 1 && g.shape[i] !== 1)) axes.push(i);
  }
  const summed = k.sum(g, axes);
  return lead > 0 ? k.reshape(summed, summed.shape.slice(lead)) : summed;
}

/** How a sweep computes: with values that tensors have, arrays or themselves. */
export interface Calculus<T, A> {
  readonly kernels: Kernels<A>;
  /** The value of a tensor. */
  readonly value: (x: T) => A;
  /** The tensor of a value. */
  readonly tensor: (value: A) => T;
}

// A rule as the sweep calls it: the arguments are the inputs and then the plain data.
type AnyVjp = <A>(k: Kernels<A>, g: A, y: A, ...args: readonly unknown[]) => A;

/** Whether a cotangent flows to input `i` of a primitive. */
function passesOn(op: Primitive, i: number): boolean {
  const rule = rules[op];
  return typeof rule === 'function' || rule[i] !== null;
}

/** The cotangent that the entry of a primitive passes to its input `i`: what the rule makes of that of its output. */
export function cotangentOf<T extends Recorded, A extends ArrayLike>(
  { kernels: k, value }: Calculus<T, A>,
  { op, inputs, output, attributes }: Entry<T>,
  i: number,
  g: A,
): A {
  const rule = rules[op as Primitive];
  if (typeof rule === 'function') return (rule as VariadicVjp)(k, g, i, inputs.map(value), attributes as number);
  const vjp = rule[i] as AnyVjp;
  const y = value(output);
  if (inputs.length === 1) return vjp(k, g, y, value(inputs[0]!), attributes);
  if (inputs.length === 2) return vjp(k, g, y, value(inputs[0]!), value(inputs[1]!), attributes);
  return vjp(k, g, y, ...inputs.map(value), attributes);
}

/** What the entry of a primitive passes on to its input `i` of its output's cotangent `g`, in that input's shape. */
export const passBack = <T extends Recorded, A extends ArrayLike>(
  calculus: Calculus<T, A>,
  entry: Entry<T>,
  i: number,
  g: A,
): A => sumTo(calculus.kernels, cotangentOf(calculus, entry, i, g), entry.inputs[i]!.shape);

const nameOf = (x: Recorded, i: number): string => (x.name === undefined ? `input ${i}` : `'${x.name}'`);

/** Throws where an input of an entry is no longer what it was when the entry ran. */
export function checkUnchanged(entry: Entry): void {
  const changed = changedInput(entry);
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

/** What a sweep runs on. */
export interface Sweep<T, A> extends Calculus<T, A> {
  /** The tensors whose cotangents to return; without it, every input of the program that requires a gradient. */
  readonly wanted?: ReadonlySet<T> | undefined;
  /** The first entry to walk to, by its number, where nothing wanted comes before; all unless given. */
  readonly since?: number;
  /** Whether the tape stays usable. */
  readonly retain: boolean;
  /** Who hands back the memory of cotangents that were passed on, where values have memory that can be. */
  readonly memory?: Memory<A> | undefined;
}

/** Leaves everything to the garbage collector. */
const garbageCollected: Memory<unknown> = { run: (compute) => compute(), hold() {}, release() {}, letOut() {} };

/**
 * Walks the tape of one or several tensors backwards from their cotangents, the seeds, along the entries that lie between
 * them and something wanted, and returns the cotangent of everything wanted that it reaches.
 */
export function sweep<T extends Recorded, A extends ArrayLike>(
  seeds: ReadonlyMap<T, A>,
  { wanted, since = 0, retain, memory = garbageCollected as Memory<A>, ...calculus }: Sweep<T, A>,
): Map<T, A> {
  const { kernels: k, value, tensor } = calculus;
  const entries = entriesOf(seeds.keys(), since);
  const leadsToWanted = wanted && new Set<Entry<T>>();
  if (wanted && leadsToWanted) findLeadingTo(wanted, entries, leadsToWanted);
  const isWanted = (x: T): boolean => (wanted === undefined ? x.entry === undefined : wanted.has(x));
  const flowsTo = (x: T): boolean =>
    x.requiresGrad && (leadsToWanted === undefined || isWanted(x) || leadsToWanted.has(x.entry as Entry<T>));

  const found = new Map<T, A>();
  const arrived = new Cotangents<T, A>(k, memory);
  for (const [root, seed] of seeds) if (flowsTo(root)) arrived.add(root, seed);

  const arrive = (entry: Entry<T>, i: number, d: A): void => {
    checkCotangent(entry, i, d);
    memory.hold(d);
    arrived.add(entry.inputs[i]!, d);
  };

  const throughPrimitive = (entry: Entry<T>, g: A): void => {
    for (let i = 0; i < entry.inputs.length; i++) {
      const x = entry.inputs[i]!;
      if (!flowsTo(x) || !passesOn(entry.op as Primitive, i)) continue;
      if (entry.op === 'slice') {
        arrived.addPart(x, entry.attributes as Slice, g);
        continue;
      }
      const d = memory.run(() => passBack(calculus, entry, i, g));
      arrive(entry, i, d);
    }
  };

  const throughCustom = (entry: Entry<T>, g: A, { definition }: CustomAttributes<T>): void => {
    memory.letOut(g);
    const cotangents = definition.cotangents(entry, tensor(g));
    entry.inputs.forEach((x, i) => {
      const d = cotangents[i]!;
      if (d !== null && flowsTo(x)) arrive(entry, i, sumTo(k, value(d), x.shape));
    });
  };

  // From the last entry on, with those of a recomputation in the place of the checkpoint.
  const ahead = [...entries];
  for (let entry = ahead.pop(); entry !== undefined; entry = ahead.pop()) {
    const { output } = entry;
    // Nobody asks for it any more, and a set would hold a recomputed tape in memory.
    leadsToWanted?.delete(entry);
    if (entry.op === 'checkpoint' && arrived.has(output)) {
      checkUnchanged(entry);
      const again = recomputed(entry);
      if (wanted && leadsToWanted) findLeadingTo(wanted, again, leadsToWanted);
      for (const inner of again) ahead.push(inner);
      continue;
    }
    const g = arrived.take(output);
    if (g === undefined) continue;
    checkUnchanged(entry);
    const custom = customOf(entry);
    if (custom === undefined) throughPrimitive(entry, g);
    else throughCustom(entry, g, custom);
    if (isWanted(output)) found.set(output, g);
    else memory.release(g);
  }
  for (const x of arrived.left()) found.set(x, arrived.take(x)!);
  if (!retain) for (const entry of entries) entry.consume();
  return found;
}

/** Adds to `leading` the entries from whose outputs something wanted was reached on the way forward. */
function findLeadingTo<T extends Recorded>(
  wanted: ReadonlySet<T>,
  entries: readonly Entry<T>[],
  leading: Set<Entry<T>>,
): void {
  for (const entry of entries) {
    if (entry.inputs.some((x) => wanted.has(x) || leading.has(x.entry as Entry<T>))) leading.add(entry);
  }
}
