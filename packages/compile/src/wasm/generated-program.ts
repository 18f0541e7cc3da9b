/** A program whose code was generated: its memory, and the calls. */

import { interpreter } from '@tapegrad/core/extend';
import {
  assign,
  callPrimitive,
  changeByPrimitives,
  contiguous,
  type Data,
  type DType,
  empty,
  isContiguous,
  NdArray,
} from '@tapegrad/kernels';
import {
  HostRefusal,
  instantiate,
  settleVectors,
  type WasmMemory,
  type WasmModule,
  webAssembly,
} from '@tapegrad/kernels/codegen';
import type { Block } from '../passes/storage.ts';
import type { CallInputs, Outcome, PreparedProgram } from '../program/engine.ts';
import type { Change, Check, Operation, Program, Value } from '../program/program.ts';
import { generate, type Part } from './code.ts';
import { gradientOf, type Located, lossesOf } from './cross-entropy.ts';
import type { Plan } from './plan.ts';

const PAGE_BYTES = 65_536;

const constructors = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

/** A step of a call. Returns the number of a check that doesn't hold, or a negative number. */
type Run = () => number;

const HOLDS = -1;

/** Up to this many elements are copied by a loop, since a call of `set` would take longer. */
const SHORT = 24;

export class GeneratedProgram implements PreparedProgram {
  readonly bytes: number;
  readonly #program: Program;
  readonly #plan: Plan;
  readonly #module: WasmModule;
  readonly #work: readonly Part[];
  readonly #pages: number;
  readonly #scratch: number;
  #memory: WasmMemory;
  #parts: readonly Run[];
  readonly #arrays = new Map<Block, Data>();

  constructor(program: Program, plan: Plan, threads: number) {
    this.#program = program;
    this.#plan = plan;
    const { module, parts, scratch, bytes } = generate(plan, threads);
    this.#scratch = scratch;
    this.#pages = Math.ceil(bytes / PAGE_BYTES);
    this.bytes = this.#pages * PAGE_BYTES;
    this.#module = module.compile();
    this.#work = parts;
    this.#memory = memoryOf(this.#pages);
    this.#parts = this.#start();
  }

  /** Writes the constants to the memory, and connects the code with it. */
  #start(): readonly Run[] {
    const exports = instantiate<Readonly<Record<string, () => void>>>(this.#module, this.#memory);
    for (const block of this.#plan.storage.constants) this.#writeConstant(block);
    const checks = this.#program.steps.filter((step): step is Check => step.kind === 'check');
    return this.#work.map((part): Run => {
      if (part.kind === 'segment') {
        const run = exports[part.name]!;
        const { isJoined } = part;
        return () => {
          run();
          if (isJoined) settleVectors(Infinity);
          return HOLDS;
        };
      }
      if (part.kind === 'crossEntropy') return this.#crossEntropy(part.step, exports);
      const { step } = part;
      if (step.kind === 'check') return this.#check(step, checks.indexOf(step));
      return step.kind === 'change' ? this.#change(step) : this.#operation(step);
    });
  }

  release(): void {
    this.#arrays.clear();
    this.#inputs.clear();
    this.#memory = memoryOf(this.#pages);
    this.#parts = this.#start();
  }

  adopt(slot: number, elements: Data): Data {
    const own = this.#dataOf(this.#plan.storage.blockOf(this.#program.slots[slot]!.value));
    own.set(elements);
    return own;
  }

  run({ arguments: given, draws, numbers }: CallInputs): Outcome {
    const program = this.#program;
    for (let i = 0; i < given.length; i++) this.#write(program.arguments[i]!.value, given[i]!);
    for (let i = 0; i < draws.length; i++) this.#write(program.draws[i]!.value, draws[i]!);
    for (let i = 0; i < numbers.length; i++) this.#dataOfValue(program.numbers[i]!.value)[0] = numbers[i]!;
    for (let i = 0; i < this.#parts.length; i++) {
      const failed = this.#parts[i]!();
      if (failed !== HOLDS) return { failed };
    }
    return { results: this.#plan.results.map((value) => copied(this.#view(value))) };
  }

  /** Returns the elements of a block. */
  #dataOf(block: Block): Data {
    let data = this.#arrays.get(block);
    if (data === undefined) {
      data = viewOf(block.dtype, this.#memory.buffer, this.#plan.addressOf(block), block.length);
      this.#arrays.set(block, data);
    }
    return data;
  }

  readonly #inputs = new Map<Value, Data>();

  #dataOfValue(value: Value): Data {
    let data = this.#inputs.get(value);
    if (data === undefined) {
      data = this.#dataOf(this.#plan.storage.blockOf(value));
      this.#inputs.set(value, data);
    }
    return data;
  }

  /** Returns the elements of a value as an array over this memory. */
  #view(value: Value): NdArray {
    const { storage } = this.#plan;
    const { shape, stride, offset } = storage.of(value);
    return new NdArray(this.#dataOf(storage.blockOf(value)), value.dtype, shape, stride, offset);
  }

  #write(value: Value, array: NdArray): void {
    const to = this.#dataOfValue(value);
    if (!isContiguous(array)) {
      assign(new NdArray(to, array.dtype, array.shape), array);
      return;
    }
    copyElements(to, array.data, array.offset, array.size);
  }

  #writeConstant(block: Block): void {
    if (block.constant === undefined || !this.#plan.hasAddress(block)) return;
    this.#dataOf(block).set(contiguousData(block.constant));
  }

  #crossEntropy({ op, inputs, attributes, output }: Operation, exports: Readonly<Record<string, unknown>>): Run {
    const operands = inputs.map((input) => this.#located(input));
    const out = this.#located(output);
    const run =
      op === 'crossEntropy'
        ? lossesOf(exports, operands as never, out.view, {
            data: new Float64Array(this.#memory.buffer, this.#scratch, 2 * operands[0]!.view.shape[0]!),
            address: this.#scratch,
          })
        : gradientOf(exports, operands as never, out, () => {
            const views = operands.map(({ view }) => view);
            assign(out.view, callPrimitive(interpreter(), op, views, attributes));
          });
    return () => {
      run();
      return HOLDS;
    };
  }

  #located(value: Value): Located {
    const view = this.#view(value);
    return { view, address: view.data.byteOffset + view.offset * view.data.BYTES_PER_ELEMENT };
  }

  #operation({ op, inputs, attributes, output }: Operation): Run {
    const operands = inputs.map((input) => this.#view(input));
    const to = this.#view(output);
    return () => {
      assign(to, callPrimitive(interpreter(), op, operands, attributes));
      return HOLDS;
    };
  }

  #change({ formula, arrays, numbers, outputs }: Change): Run {
    const names = Object.keys(arrays);
    const operands = names.map((name) => this.#view(arrays[name]!));
    const factors = Object.entries(numbers).map(([name, value]) => [name, this.#view(value)] as const);
    const targets = Object.entries(outputs).map(([name, value]) => [name, this.#view(value)] as const);
    return () => {
      const copies = names.map((name, i) => [name, copied(operands[i]!).data] as const);
      const found = Object.fromEntries(copies);
      const given = factors.map(([name, { data, offset }]) => [name, data[offset]!] as const);
      changeByPrimitives(interpreter())(formula, found, Object.fromEntries(given));
      for (const [name, to] of targets) assign(to, new NdArray(found[name]!, to.dtype, to.shape));
      return HOLDS;
    };
  }

  #check({ value, range: { low, high, nan }, expected }: Check, index: number): Run {
    const view = this.#view(value);
    return () => {
      const { data, offset, size } = contiguous(view);
      let isWithin = true;
      for (let i = offset; isWithin && i < offset + size; i++) {
        const x = data[i]!;
        isWithin = Number.isNaN(x) ? nan : x >= low && x <= high;
      }
      return isWithin === expected ? HOLDS : index;
    };
  }
}

/** The number of pages that a memory can have at most: 2 GiB, so that an address is a positive 32-bit integer. */
const MAX_PAGES = 32_768;

/** Makes a memory that never grows. Throws a `HostRefusal` if the host can't provide it. */
function memoryOf(pages: number): WasmMemory {
  if (webAssembly === undefined || pages > MAX_PAGES) throw new HostRefusal('memory', false);
  try {
    return new webAssembly.Memory({ initial: pages, maximum: pages });
  } catch (error) {
    throw new HostRefusal('memory', false, error);
  }
}

const viewOf = (dtype: DType, buffer: ArrayBufferLike, at: number, length: number): Data =>
  new constructors[dtype](buffer as ArrayBuffer, at, length);

/** Returns the elements with their own memory. */
function copied(x: NdArray): NdArray {
  const out = empty(x.shape, x.dtype);
  if (isContiguous(x)) copyElements(out.data, x.data, x.offset, x.size);
  else assign(out, x);
  return out;
}

function copyElements(to: Data, data: Data, offset: number, count: number): void {
  if (count <= SHORT) for (let i = 0; i < count; i++) to[i] = data[offset + i]!;
  else to.set(data.length === count ? data : data.subarray(offset, offset + count));
}

function contiguousData(x: NdArray): Data {
  const { data, offset, size } = contiguous(x);
  return data.subarray(offset, offset + size);
}
