/**
 * Where the values of a program are stored: values that only rearrange another one share its memory, and become index
 * arithmetic. Memory itself is assigned later.
 */

import {
  type ArrayLike,
  type Data,
  type DType,
  isContiguous,
  NdArray,
  newData,
  type Shape,
  type Slice,
  sameShape,
  sizeOf,
} from '@tapegrad/kernels';
import { broadcastView, permuteView, rangeView, reshapeView, sliceView } from '@tapegrad/kernels/codegen';
import type { Operation, Program, Value } from '../program/program.ts';

/** A piece of memory that holds elements of one dtype. */
export interface Block {
  readonly dtype: DType;
  /** The number of elements. */
  readonly length: number;
  /** The elements, if they never change. */
  readonly constant?: NdArray;
}

/** The copy of a value to the place of another one. */
export interface Copy {
  readonly from: Value;
  readonly to: Value;
}

/** An attribute of `scatterSlice`. */
type Into = Slice & { readonly shape: Shape };

/**
 * The values of a program as arrays without elements: each has a shape, strides and an offset in a block.
 *
 * Reshaping, permuting, broadcasting and slicing give such an array over the block of the operand. `concat` and
 * `scatterSlice` become copies to parts of their result. The operands of `concat` are computed in their place, if
 * `canPlace` says so.
 */
export class Storage {
  /** Finds the block of an array by its token, an array without elements. */
  readonly #blocks = new Map<Data, Block>();
  readonly #arrays = new Map<Value, NdArray>();
  /** The operations that need no computation, since their result is a view of the operand or a constant. */
  readonly views = new Set<Operation>();
  /** Values that are partly overwritten after they are computed. */
  readonly overwritten = new Set<Value>();
  /** The blocks whose elements never change. */
  readonly constants: Block[] = [];
  /** The copies that replace an operation. */
  readonly copies = new Map<Operation, readonly Copy[]>();
  #nextId: number;

  constructor(program: Program, canPlace: (operation: Operation) => boolean) {
    this.#nextId = Math.max(-1, ...idsOf(program)) + 1;
    for (const { value } of [...program.arguments, ...program.slots, ...program.draws, ...program.numbers]) {
      this.#add(value);
    }
    for (const { value, array } of program.constants) this.#addConstant(value, array);
    const placed = placements(program, canPlace);
    const rooms = new Map<Value, NdArray>();
    for (const step of program.steps) {
      if (step.kind === 'change') for (const value of Object.values(step.outputs)) this.#add(value);
      if (step.kind !== 'operation') continue;
      const { op, output } = step;
      const place = placed.get(output);
      if (place !== undefined) this.#arrays.set(output, this.#part(place, rooms));
      else if (op === 'concat') this.#concat(step, placed, rooms);
      else this.#operation(step);
    }
  }

  /** Returns the array of a value. */
  of(value: Value): NdArray {
    return this.#arrays.get(value)!;
  }

  /** Returns the block of a value. */
  blockOf(value: Value): Block {
    return this.#blocks.get(this.of(value).data)!;
  }

  /** Returns the block of an array derived from that of a value. */
  blockOfArray({ data }: NdArray): Block {
    return this.#blocks.get(data)!;
  }

  /** Makes a value with its own block. */
  fresh(shape: Shape, dtype: DType): Value {
    const value = { id: this.#nextId++, shape, dtype };
    this.#add(value);
    return value;
  }

  /** Returns the same elements in another shape, which their strides must allow. */
  reshaped(value: Value, shape: Shape): Value {
    if (sameShape(value.shape, shape)) return value;
    return this.#alias({ shape, dtype: value.dtype }, reshapeView(this.of(value), shape)!);
  }

  #newArray(block: Block, shape: Shape): NdArray {
    const token = newData(block.dtype, 0);
    this.#blocks.set(token, block);
    return new NdArray(token, block.dtype, shape);
  }

  #add(value: Value): void {
    const { shape, dtype } = value;
    this.#arrays.set(value, this.#newArray({ dtype, length: sizeOf(shape) }, shape));
  }

  #addConstant(value: Value, array: NdArray): void {
    const shape = array.shape.map((length, axis) => (array.stride[axis] === 0 ? 1 : length));
    const stored = new NdArray(array.data, array.dtype, shape, array.stride, array.offset);
    const block = { dtype: array.dtype, length: sizeOf(shape), constant: stored };
    this.constants.push(block);
    this.#arrays.set(value, broadcastView(this.#newArray(block, shape), array.shape));
  }

  #alias(value: ArrayLike, array: NdArray): Value {
    const alias = { id: this.#nextId++, shape: value.shape, dtype: value.dtype };
    this.#arrays.set(alias, array);
    return alias;
  }

  #operation(step: Operation): void {
    const { op, inputs, output, attributes } = step;
    if (op === 'full') {
      const { value, dtype } = attributes as { readonly value: number; readonly dtype: DType };
      const data = newData(dtype, 1).fill(value);
      this.#addConstant(output, broadcastView(new NdArray(data, dtype, []), output.shape));
      this.views.add(step);
    } else if (op === 'scatterSlice') this.#scatter(step);
    else {
      const view = inputs.length === 1 ? this.#view(step) : undefined;
      if (view === undefined) this.#add(output);
      else {
        this.#arrays.set(output, view);
        this.views.add(step);
      }
    }
  }

  /** Returns the result of an operation that only rearranges its operand. */
  #view(step: Operation): NdArray | undefined {
    const { op, inputs, output, attributes } = step;
    const x = this.of(inputs[0]!);
    if (op === 'stopGradient' || (op === 'cast' && attributes === x.dtype)) return x;
    if (op === 'permute') return permuteView(x, attributes as readonly number[]);
    if (op === 'broadcastTo') return broadcastView(x, output.shape);
    if (op === 'slice') {
      const { starts, sizes, steps } = attributes as Slice;
      return sliceView(x, starts, sizes, steps);
    }
    if (op !== 'reshape') return undefined;
    const direct = reshapeView(x, output.shape);
    if (direct !== undefined) return direct;
    const copy = this.fresh(x.shape, x.dtype);
    this.copies.set(step, [{ from: inputs[0]!, to: copy }]);
    return reshapeView(this.of(copy), output.shape);
  }

  #scatter(step: Operation): void {
    const { inputs, output, attributes } = step;
    const { starts, sizes, steps } = attributes as Into;
    this.#add(output);
    const zero = { id: this.#nextId++, shape: output.shape, dtype: output.dtype };
    const data = newData(output.dtype, 1);
    this.#addConstant(zero, broadcastView(new NdArray(data, output.dtype, []), output.shape));
    const part = this.#alias(inputs[0]!, sliceView(this.of(output), starts, sizes, steps));
    const all = this.#alias(output, this.of(output));
    this.overwritten.add(all);
    this.copies.set(step, [
      { from: zero, to: all },
      { from: inputs[0]!, to: part },
    ]);
  }

  #concat(step: Operation, placed: ReadonlyMap<Value, Placement>, rooms: Map<Value, NdArray>): void {
    const { inputs, output } = step;
    const axis = step.attributes as number;
    if (!rooms.has(output)) {
      this.#add(output);
      rooms.set(output, this.of(output));
    }
    const whole = rooms.get(output)!;
    this.#arrays.set(output, whole);
    const copies: Copy[] = [];
    let start = 0;
    for (const input of inputs) {
      const size = input.shape[axis]!;
      const place = placed.get(input);
      if (place?.into !== output || place.start !== start) {
        copies.push({ from: input, to: this.#alias(input, rangeView(whole, axis, start, size)) });
      }
      start += size;
    }
    this.copies.set(step, copies);
  }

  #part({ into, axis, start, size }: Placement, rooms: Map<Value, NdArray>): NdArray {
    let whole = rooms.get(into);
    if (whole === undefined) {
      whole = this.#newArray({ dtype: into.dtype, length: sizeOf(into.shape) }, into.shape);
      rooms.set(into, whole);
    }
    return rangeView(whole, axis, start, size);
  }
}

/** The part of the result of `concat` in which an operand is computed. */
interface Placement {
  readonly into: Value;
  readonly axis: number;
  readonly start: number;
  readonly size: number;
}

/** Finds the operands of `concat` that can be computed where they will be, each at most once. */
function placements(program: Program, canPlace: (operation: Operation) => boolean): ReadonlyMap<Value, Placement> {
  const makers = new Map<Value, Operation>();
  const placed = new Map<Value, Placement>();
  const taken = new Set<Value>([...program.results, ...program.stores.map(({ value }) => value)]);
  for (const step of program.steps) {
    if (step.kind !== 'operation') continue;
    makers.set(step.output, step);
    if (step.op !== 'concat') continue;
    const axis = step.attributes as number;
    let start = 0;
    for (const input of step.inputs) {
      const size = input.shape[axis]!;
      const maker = makers.get(input);
      if (maker !== undefined && !taken.has(input) && canPlace(maker)) {
        placed.set(input, { into: step.output, axis, start, size });
        taken.add(input);
      }
      start += size;
    }
  }
  return placed;
}

function* idsOf(program: Program): Iterable<number> {
  for (const { value } of [...program.arguments, ...program.slots, ...program.draws, ...program.numbers])
    yield value.id;
  for (const { value } of program.constants) yield value.id;
  for (const step of program.steps) {
    if (step.kind === 'operation') yield step.output.id;
    else if (step.kind === 'change') for (const { id } of Object.values(step.outputs)) yield id;
  }
}

/** Returns whether an array fills its block in row-major order. */
export const fillsBlock = (array: NdArray, { length }: Block): boolean =>
  array.offset === 0 && array.size === length && isContiguous(array);
