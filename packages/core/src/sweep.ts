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
import { changedInput, type Entry, entriesOf, type Recorded } from './tape.ts';

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

// A rule as the sweep calls it: the arguments are the inputs and then the plain data.
type AnyVjp = <A>(k: Kernels<A>, g: A, y: A, ...args: readonly unknown[]) => A;

/** Whether a cotangent flows to input `i` of a primitive. */
function passesOn(op: Primitive, i: number): boolean {
  const rule = rules[op];
  return typeof rule === 'function' || rule[i] !== null;
}

/** The cotangent that an entry passes to its input `i`: what the rule makes of that of its output. */
export function cotangentOf<T extends Recorded, A extends ArrayLike>(
  k: Kernels<A>,
  { op, inputs, output, attributes }: Entry<T>,
  i: number,
  g: A,
  value: (x: T) => A,
): A {
  const rule = rules[op];
  if (typeof rule === 'function') return (rule as VariadicVjp)(k, g, i, inputs.map(value), attributes as number);
  const vjp = rule[i] as AnyVjp;
  const y = value(output);
  if (inputs.length === 1) return vjp(k, g, y, value(inputs[0]!), attributes);
  if (inputs.length === 2) return vjp(k, g, y, value(inputs[0]!), value(inputs[1]!), attributes);
  return vjp(k, g, y, ...inputs.map(value), attributes);
}

/** What an entry passes on to its input `i` of its output's cotangent `g`, in that input's shape. */
export const passBack = <T extends Recorded, A extends ArrayLike>(
  k: Kernels<A>,
  entry: Entry<T>,
  i: number,
  g: A,
  value: (x: T) => A,
): A => sumTo(k, cotangentOf(k, entry, i, g, value), entry.inputs[i]!.shape);

const nameOf = (x: Recorded, i: number): string => (x.name === undefined ? `input ${i}` : `'${x.name}'`);

/** Throws where an input of an entry is no longer what it was when the entry ran. */
export function checkUnchanged(entry: Entry): void {
  const changed = changedInput(entry);
  if (changed === undefined) return;
  throw new TapeError(
    `backward: '${changed.name}' of '${entry.op}' changed after the forward pass that this sweep needs its old value of; ` +
      'sweep before the update, or run the forward pass again',
  );
}

function checkCotangent(op: Primitive, x: Recorded, i: number, d: ArrayLike): void {
  if (sameShape(d.shape, x.shape) && d.dtype === x.array.dtype) return;
  throw new TapeError(
    `backward: the rule of '${op}' gave ${nameOf(x, i)} a cotangent of ${d.dtype} ${formatShape(d.shape)}, ` +
      `expected ${x.array.dtype} ${formatShape(x.shape)}`,
  );
}

/** What a sweep runs on. */
export interface Sweep<T, A> {
  readonly kernels: Kernels<A>;
  /** The value of a tensor, as the sweep's kernels see it. */
  readonly value: (x: T) => A;
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
const garbageCollected: Memory<unknown> = { run: (compute) => compute(), hold() {}, release() {} };

/**
 * Walks the tape of one or several tensors backwards from their cotangents, the seeds, along the entries that lie between
 * them and something wanted, and returns the cotangent of everything wanted that it reaches.
 */
export function sweep<T extends Recorded, A extends ArrayLike>(
  seeds: ReadonlyMap<T, A>,
  { kernels: k, value, wanted, since = 0, retain, memory = garbageCollected as Memory<A> }: Sweep<T, A>,
): Map<T, A> {
  const entries = entriesOf(seeds.keys(), since);
  const leadsToWanted = wanted === undefined ? undefined : entriesLeadingTo(wanted, entries);
  const isWanted = (x: T): boolean => (wanted === undefined ? x.entry === undefined : wanted.has(x));
  const flowsTo = (x: T): boolean =>
    x.requiresGrad && (leadsToWanted === undefined || isWanted(x) || leadsToWanted.has(x.entry as Entry<T>));

  const found = new Map<T, A>();
  const arrived = new Cotangents<T, A>(k, memory);
  for (const [root, seed] of seeds) if (flowsTo(root)) arrived.add(root, seed);
  for (let position = entries.length - 1; position >= 0; position--) {
    const entry = entries[position]!;
    const { op, inputs, output, attributes } = entry;
    const g = arrived.take(output);
    if (g === undefined) continue;
    checkUnchanged(entry);
    for (let i = 0; i < inputs.length; i++) {
      const x = inputs[i]!;
      if (!flowsTo(x) || !passesOn(op, i)) continue;
      if (op === 'slice') {
        arrived.addPart(x, attributes as Slice, g);
        continue;
      }
      const d = memory.run(() => passBack(k, entry, i, g, value));
      checkCotangent(op, x, i, d);
      memory.hold(d);
      arrived.add(x, d);
    }
    if (isWanted(output)) found.set(output, g);
    else memory.release(g);
  }
  for (const x of arrived.left()) found.set(x, arrived.take(x)!);
  if (!retain) for (const entry of entries) entry.consume();
  return found;
}

/** The entries from whose outputs something wanted was reached on the way forward. */
function entriesLeadingTo<T extends Recorded>(wanted: ReadonlySet<T>, entries: readonly Entry<T>[]): Set<Entry<T>> {
  const leading = new Set<Entry<T>>();
  for (const entry of entries) {
    if (entry.inputs.some((x) => wanted.has(x) || leading.has(x.entry as Entry<T>))) leading.add(entry);
  }
  return leading;
}
