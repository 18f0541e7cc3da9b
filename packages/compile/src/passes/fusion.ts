/**
 * Fusion: gathers operations on elements, and reductions of them, into groups that one loop computes, so that results
 * inside a group need no memory.
 *
 * It goes through the steps once. A group stays open until another unit reads one of its values; it then stands before
 * that unit. A later step may still join it if everything that the step reads is known there.
 */

import { type DType, type Shape, sameShape, sizeOf } from '@tapegrad/kernels';
import type { Change, Operation, Program, Step, Value } from '../program/program.ts';
import { outputsOf } from '../program/program.ts';
import { expandChange } from './changes.ts';
import { Group, type GroupStep, Joining, type RunReduction } from './groups.ts';
import type { Block, Storage } from './storage.ts';

/** A step that is computed by itself. */
export interface Single {
  readonly kind: 'single';
  readonly step: Step;
}

/** A group of steps that one loop computes, or a single step. */
export type Unit = Group | Single;

/** The abilities of an engine's loops. */
export interface LoopAbilities {
  /** Whether loops can compute a primitive for each element. */
  hasElement(op: string, inputs: readonly DType[], output: DType, attributes: unknown): boolean;
  /** Whether loops can reduce a run of `length` elements, each `inner` elements from the next. */
  hasReduction(dtype: DType, length: number, inner: number): boolean;
}

/** The number of groups that share an operand with a step and are tried. */
const MAX_TRIED = 6;

/** Returns the units of a program, in the order in which they can run. */
export function fuse(program: Program, storage: Storage, abilities: LoopAbilities): readonly Unit[] {
  return new Fusion(storage, abilities).run(program);
}

class Fusion {
  readonly #storage: Storage;
  readonly #abilities: LoopAbilities;
  readonly #joining: Joining;
  readonly #units: Unit[] = [];
  readonly #open = new Set<Group>();
  /** The position of the last unit that computes a part of a block. */
  readonly #positions = new Map<Block, number>();
  readonly #readers = new Map<Block, Group[]>();

  constructor(storage: Storage, abilities: LoopAbilities) {
    this.#storage = storage;
    this.#abilities = abilities;
    this.#joining = new Joining(storage);
  }

  run(program: Program): readonly Unit[] {
    for (const step of program.steps) {
      if (step.kind === 'operation') this.#operation(step);
      else if (step.kind === 'change') this.#change(step);
      else this.#single(step);
    }
    for (const group of [...this.#open]) this.#close(group);
    return this.#units;
  }

  #operation(step: Operation): void {
    const { op, inputs, output, attributes, site } = step;
    const copies = this.#storage.copies.get(step);
    if (copies !== undefined) {
      for (const { from, to } of copies) this.#copy(from, to);
      return;
    }
    if (this.#storage.views.has(step)) return;
    const hasElements = inputs.every(({ shape }) => sizeOf(shape) > 0) && sizeOf(output.shape) > 0;
    if (hasElements && this.#reduction(step)) return;
    const dtypes = inputs.map(({ dtype }) => dtype);
    if (hasElements && this.#abilities.hasElement(op, dtypes, output.dtype, attributes)) {
      this.#join({ op, inputs, attributes, output, site }, output.shape);
    } else this.#single(step);
  }

  /** Adds a copy of elements, which loops can make for the dtypes that they have. */
  #copy(from: Value, to: Value): void {
    if (sizeOf(to.shape) === 0) return;
    // Steps that write to other parts of the block must run before the copy.
    for (const group of this.#joining.producers.get(this.#storage.blockOf(to)) ?? []) this.#close(group);
    if (this.#abilities.hasElement('copy', [from.dtype], to.dtype, undefined)) {
      this.#join({ op: 'copy', inputs: [from], output: to }, to.shape);
    } else {
      this.#single({ kind: 'operation', op: 'stopGradient', inputs: [from], attributes: undefined, output: to });
    }
  }

  /** Adds a change by a formula as operations on elements. */
  #change(step: Change): void {
    const steps = expandChange(step, this.#storage);
    if (steps === undefined) this.#single(step);
    else for (const expanded of steps) this.#join(expanded, expanded.output.shape);
  }

  /** Adds a reduction, as one or more reductions of a run of axes. Returns false if loops can't compute it. */
  #reduction(step: Operation): boolean {
    const { op, inputs, output, attributes, site } = step;
    if (!(op === 'sum' || op === 'mean' || op === 'max' || op === 'min')) return false;
    const kind = op === 'mean' ? 'sum' : op;
    const [x] = inputs as [Value];
    const axes = (attributes as readonly number[]).filter((axis) => x.shape[axis] !== 1);
    const runs = runsOf(axes, x.shape);
    const divisor = op === 'mean' ? axes.reduce((count, axis) => count * x.shape[axis]!, 1) : 1;
    const state = kind === 'sum' ? 'float64' : output.dtype;
    if (runs.length === 0) {
      if (!this.#abilities.hasElement('copy', [x.dtype], output.dtype, undefined)) return false;
      this.#copy(x, output);
      return true;
    }
    const parts: GroupStep[] = [];
    let input = x;
    for (const [i, { from, to }] of runs.entries()) {
      const { shape } = input;
      const inner = sizeOf(shape.slice(to));
      if (!this.#abilities.hasReduction(input.dtype, sizeOf(shape.slice(from, to)), inner)) return false;
      const isLast = i === runs.length - 1;
      const lengths = shape.map((length, axis) => (axis >= from && axis < to ? 1 : length));
      const result = isLast ? output : this.#storage.fresh(lengths, state);
      const reduction: RunReduction = { kind, from, to, divisor: isLast ? divisor : 1 };
      parts.push({ op, inputs: [input], output: result, reduction, site });
      input = result;
    }
    for (const part of parts) this.#reduce(part);
    return true;
  }

  #reduce(step: GroupStep): void {
    const [x] = step.inputs as [Value];
    if (this.#tryJoin(step)) return;
    const group = new Group(x.shape);
    if (this.#joining.mayJoin(group, step, () => true)) {
      this.#add(group, step);
      return;
    }
    // Its elements have to be laid out in the order of the reduction first.
    const copy = this.#storage.fresh(x.shape, x.dtype);
    this.#join({ op: 'copy', inputs: [x], output: copy }, x.shape);
    const next = { ...step, inputs: [copy] };
    if (!this.#tryJoin(next)) this.#add(new Group(x.shape), next);
  }

  #join(step: GroupStep, domain: Shape): void {
    if (!this.#tryJoin(step)) this.#add(new Group(domain), step);
  }

  /** Adds a step to a group with which it shares values, if there is one that it may join. */
  #tryJoin(step: GroupStep): boolean {
    const candidates = new Set<Group>();
    for (const map of [this.#joining.producers, this.#readers]) {
      for (const input of step.inputs) {
        const groups = map.get(this.#storage.blockOf(input)) ?? [];
        if (map === this.#readers && sizeOf(input.shape) < 2) continue;
        for (const group of groups.slice(-MAX_TRIED)) candidates.add(group);
      }
    }
    const isReadyAt = (group: Group) => (input: Value) => this.#isReady(input, group);
    const written = this.#positions.get(this.#storage.blockOf(step.output)) ?? -1;
    for (const group of [...candidates].sort((a, b) => b.index - a.index)) {
      // Other parts of its block may have to be written before.
      if (written >= group.index) continue;
      if (this.#joining.mayJoin(group, step, isReadyAt(group))) {
        this.#add(group, step);
        return true;
      }
    }
    return false;
  }

  /** Returns whether a value is known where a group stands, or can be by closing the groups that compute it. */
  #isReady(input: Value, group: Group): boolean {
    const block = this.#storage.blockOf(input);
    if (group.index === Number.POSITIVE_INFINITY) return true;
    if (this.#joining.producers.get(block)?.some((other) => this.#open.has(other))) return false;
    return (this.#positions.get(block) ?? -1) < group.index;
  }

  /**
   * Adds the open group that computes a value to another open group, which is about to read it. Returns false if they have
   * to stay apart.
   */
  #merge(group: Group, input: Value): boolean {
    if (!this.#open.has(group)) return false;
    const producers = this.#joining.producers.get(this.#storage.blockOf(input)) ?? [];
    const [other] = producers;
    if (producers.length !== 1 || other === undefined || other === group || !this.#open.has(other)) return false;
    if (!this.#joining.mayMerge(group, other, input)) return false;
    this.#open.delete(other);
    group.take(other);
    for (const map of [this.#joining.producers, this.#readers]) {
      for (const value of [...other.members.keys(), ...other.external]) {
        const list = map.get(this.#storage.blockOf(value));
        const at = list?.indexOf(other) ?? -1;
        if (at < 0) continue;
        list!.splice(at, 1);
        if (!list!.includes(group)) list!.push(group);
      }
    }
    return true;
  }

  #add(group: Group, step: GroupStep): void {
    let inputs = this.#joining.resolve(group, step.inputs);
    for (const input of inputs) {
      if (group.members.has(input) || this.#merge(group, input)) continue;
      group.external.add(input);
      this.#read(input);
      pushTo(this.#readers, this.#storage.blockOf(input), group);
    }
    inputs = this.#joining.resolve(group, step.inputs);
    group.steps.push({ ...step, inputs });
    group.run ??= step.reduction;
    group.dtype ??= [...inputs, step.output].map(({ dtype }) => dtype).find((dtype) => dtype.startsWith('float'));
    const isFull = step.reduction === undefined && sameShape(step.output.shape, group.domain);
    const block = this.#storage.blockOf(step.output);
    group.add(step.output, isFull ? 'element' : 'reduced', block);
    pushTo(this.#joining.producers, block, group);
    if (group.index === Number.POSITIVE_INFINITY) this.#open.add(group);
    else this.#positions.set(block, Math.max(this.#positions.get(block) ?? 0, group.index));
  }

  /** Adds a step that is computed by itself. */
  #single(step: Step): void {
    const inputs =
      step.kind === 'operation'
        ? step.inputs
        : step.kind === 'check'
          ? [step.value]
          : [...Object.values(step.arrays), ...Object.values(step.numbers)];
    for (const input of inputs) this.#read(input);
    for (const output of outputsOf(step)) {
      for (const group of this.#joining.producers.get(this.#storage.blockOf(output)) ?? []) this.#close(group);
      this.#positions.set(this.#storage.blockOf(output), this.#units.length);
    }
    this.#units.push({ kind: 'single', step });
  }

  /** Closes the groups that compute a value which another unit reads now. */
  #read(input: Value): void {
    for (const group of this.#joining.producers.get(this.#storage.blockOf(input)) ?? []) this.#close(group);
  }

  #close(group: Group): void {
    if (!this.#open.delete(group)) return;
    group.index = this.#units.length;
    for (const member of group.members.keys()) this.#positions.set(this.#storage.blockOf(member), group.index);
    this.#units.push(group);
  }
}

function pushTo(map: Map<Block, Group[]>, block: Block, group: Group): void {
  const list = map.get(block);
  if (list === undefined) map.set(block, [group]);
  else if (list.at(-1) !== group) list.push(group);
}

/** Returns the runs of neighbouring axes, the last first; axes of length 1 between two join them. */
function runsOf(axes: readonly number[], shape: Shape): { readonly from: number; readonly to: number }[] {
  const reduced = new Set(axes);
  const runs: { from: number; to: number }[] = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    if (!reduced.has(axis)) continue;
    const last = runs.at(-1);
    const isNext = last !== undefined && shape.slice(axis + 1, last.from).every((length) => length === 1);
    if (isNext) last.from = axis;
    else runs.push({ from: axis, to: axis + 1 });
  }
  return runs;
}
