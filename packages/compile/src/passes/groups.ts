/** Groups of operations that one loop computes, and the conditions under which an operation may join one. */

import { type DType, isFloat, type NdArray, type Shape, sameShape } from '@tapegrad/kernels';
import { broadcastView } from '@tapegrad/kernels/codegen';
import type { Value } from '../program/program.ts';
import type { Block, Storage } from './storage.ts';

/** A reduction of one run of neighbouring axes, from `from` up to, but not including, `to`. */
export interface RunReduction {
  readonly kind: 'sum' | 'max' | 'min';
  readonly from: number;
  readonly to: number;
  /** The number by which a sum is divided before it is rounded; 1 for none. */
  readonly divisor: number;
}

/** A step of a group: a primitive on elements, `copy`, or a reduction. */
export interface GroupStep {
  readonly op: string;
  readonly inputs: readonly Value[];
  readonly attributes?: unknown;
  readonly output: Value;
  readonly reduction?: RunReduction;
  readonly site?: string | undefined;
}

/** The largest number of steps, and of arrays, of a group. */
const MAX_STEPS = 48;
const MAX_ARRAYS = 24;

/** The operations that one loop computes for each element of the domain. */
export class Group {
  readonly kind = 'group';
  readonly domain: Shape;
  readonly steps: GroupStep[] = [];
  /** The run of axes that its reductions reduce, if it has any. */
  run: RunReduction | undefined;
  /** The dtype of its numbers, unless it has only bools. */
  dtype: DType | undefined;
  /** Its position among the units, once a later unit reads one of its values. */
  index = Number.POSITIVE_INFINITY;
  readonly members = new Map<Value, 'element' | 'reduced'>();
  /** The members in each block. */
  readonly #inBlock = new Map<Block, Value[]>();
  /** Values that it reads and other units compute. */
  readonly external = new Set<Value>();

  constructor(domain: Shape) {
    this.domain = domain;
  }

  /** Adds a value that the group computes in a block. */
  add(value: Value, kind: 'element' | 'reduced', block: Block): void {
    this.members.set(value, kind);
    const others = this.#inBlock.get(block);
    if (others === undefined) this.#inBlock.set(block, [value]);
    else others.push(value);
  }

  /** Returns the members in a block. */
  membersIn(block: Block): readonly Value[] {
    return this.#inBlock.get(block) ?? [];
  }

  /** Adds the steps of another group, which neither reads a value of this one nor is read by it. */
  take(other: Group): void {
    this.steps.push(...other.steps);
    this.run ??= other.run;
    this.dtype ??= other.dtype;
    for (const [block, values] of other.#inBlock) {
      for (const value of values) this.add(value, other.members.get(value)!, block);
    }
    for (const value of other.external) this.external.add(value);
  }

  /** Whether its reductions are along the last axes, so that the group itself can use the results. */
  get isAlongRows(): boolean {
    return this.run !== undefined && isTrailing(this.run, this.domain);
  }
}

/** Returns whether no axis after the run is longer than 1. */
export const isTrailing = ({ to }: RunReduction, domain: Shape): boolean =>
  domain.slice(to).every((length) => length === 1);

/** Returns the shape of the results of a reduction. */
const reducedShape = (domain: Shape, { from, to }: RunReduction): Shape =>
  domain.map((length, axis) => (axis >= from && axis < to ? 1 : length));

/** Returns the array broadcast to a domain. */
export const over = (array: NdArray, domain: Shape): NdArray =>
  sameShape(array.shape, domain) ? array : broadcastView(array, domain);

/** Returns whether an array goes through the axes from `from` up to `to` with one step, as through one axis. */
function isOneRun({ shape, stride }: NdArray, from: number, to: number): boolean {
  let step: number | undefined;
  for (let axis = to - 1; axis >= from; axis--) {
    if (shape[axis] === 1) continue;
    if (step !== undefined && stride[axis] !== step) return false;
    step = stride[axis]! * shape[axis]!;
  }
  return true;
}

/** Returns whether an array, over the domain, is reached by one step along each part that a reduction needs. */
function suits(array: NdArray, domain: Shape, run: RunReduction): boolean {
  const whole = over(array, domain);
  return isOneRun(whole, run.from, run.to) && (isTrailing(run, domain) || isOneRun(whole, run.to, domain.length));
}

const isSameRun = (a: RunReduction, b: RunReduction): boolean => a.from === b.from && a.to === b.to;

/** Finds groups that a step may join. */
export class Joining {
  readonly #storage: Storage;
  /** The group that computes a block, or several that compute parts of it. */
  readonly producers = new Map<Block, Group[]>();

  constructor(storage: Storage) {
    this.#storage = storage;
  }

  /** Returns the member of a group whose elements an operand reads in the order of the domain. */
  #memberFor(group: Group, input: Value): Value | undefined {
    for (const member of group.membersIn(this.#storage.blockOf(input))) {
      if (this.#storage.overwritten.has(member)) continue;
      const [own, other] = [over(this.#storage.of(member), group.domain), over(this.#storage.of(input), group.domain)];
      const isAlike =
        own.offset === other.offset && own.shape.every((n, i) => n === 1 || own.stride[i] === other.stride[i]);
      if (isAlike) return member;
    }
    return undefined;
  }

  /** Resolves the operands of a step within a group: members by themselves, others as they are. */
  resolve(group: Group, inputs: readonly Value[]): readonly Value[] {
    return inputs.map((input) => this.#memberFor(group, input) ?? input);
  }

  /** Returns whether one loop can compute two groups, the first of which reads a value of the other. */
  mayMerge(group: Group, other: Group, input: Value): boolean {
    const { domain } = group;
    const run = group.run ?? other.run;
    if (!sameShape(domain, other.domain) || group.steps.length + other.steps.length > MAX_STEPS / 2) return false;
    if (group.external.size + other.external.size > MAX_ARRAYS / 2) return false;
    if (group.dtype !== undefined && other.dtype !== undefined && group.dtype !== other.dtype) return false;
    const member = this.#memberFor(other, input);
    if (member === undefined) return false;
    if (run === undefined) return true;
    if (other.run !== undefined && group.run !== undefined && !isSameRun(other.run, group.run)) return false;
    if (other.members.get(member) === 'reduced' && !isTrailing(run, domain)) return false;
    const all = [group, other].flatMap(({ external, members }) => [...external, ...members.keys()]);
    return all.every((value) => suits(this.#storage.of(value), domain, run));
  }

  /** Returns whether a step may join a group. `isReady` tells whether a value can be read where the group stands. */
  mayJoin(group: Group, step: GroupStep, isReady: (input: Value) => boolean): boolean {
    const { reduction, inputs, output } = step;
    const { domain } = group;
    if (group.steps.length >= MAX_STEPS || group.external.size + inputs.length > MAX_ARRAYS) return false;
    const storage = this.#storage;
    const dtype = isFloat(inputs[0]!.dtype)
      ? inputs[0]!.dtype
      : isFloat(output.dtype)
        ? output.dtype
        : inputs[1]?.dtype;
    if (dtype !== undefined && isFloat(dtype) && group.dtype !== undefined && dtype !== group.dtype) return false;
    const run = reduction ?? group.run;
    if (reduction !== undefined && group.run !== undefined && !isSameRun(reduction, group.run)) return false;
    const isRow = run !== undefined && isTrailing(run, domain);
    const shape = reduction === undefined ? output.shape : inputs[0]!.shape;
    const isFull = sameShape(shape, domain);
    const isReduced = !isFull && run !== undefined && isRow && sameShape(shape, reducedShape(domain, run));
    if (!isFull && !isReduced) return false;
    if (reduction !== undefined && !isFull) return false;
    for (const input of inputs) {
      const member = this.#memberFor(group, input);
      if (member === undefined) {
        const block = storage.blockOf(input);
        if (group.membersIn(block).length > 0) return false;
        if (!isReady(input)) return false;
        if (run !== undefined && !suits(storage.of(input), domain, run)) return false;
      } else if (group.members.get(member) === 'reduced' && !isRow) return false;
    }
    if (run === undefined) return true;
    if (isFull && reduction === undefined && !suits(storage.of(output), domain, run)) return false;
    if (group.run !== undefined) return true;
    // The group's first reduction: everything that it has so far must suit it.
    const others = [...group.external, ...group.members.keys()];
    return others.every((value) => suits(storage.of(value), domain, run));
  }
}
