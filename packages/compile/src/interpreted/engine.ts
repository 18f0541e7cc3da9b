/**
 * The engine that runs a program step by step with the kernels of the current interpreter. It serves every program, and
 * shows what other engines have to compute.
 */

import { changeInPlace, interpreter } from '@tapegrad/core/extend';
import {
  Arena,
  assign,
  bytesPerElement,
  callPrimitive,
  contiguous,
  type Data,
  empty,
  givesOwnMemory,
  NdArray,
  sizeOf,
} from '@tapegrad/kernels';
import type { CallInputs, Outcome, PreparedProgram, ProgramEngine } from '../program/engine.ts';
import {
  type Change,
  type Check,
  inputsOf,
  outputsOf,
  type Program,
  type Step,
  type Value,
} from '../program/program.ts';

/** Returns a copy of an array, outside any arena. */
const copyOf = (x: NdArray): NdArray => assign(empty(x.shape, x.dtype), x);

/** Returns the elements of an array in row-major order; a copy if they are stored in another order or among others. */
function flat(x: NdArray): Data {
  const { data, offset, size } = contiguous(x);
  return data.length === size ? data : data.slice(offset, offset + size);
}

/** Answers the question of a check. */
function holds({ range: { low, high, nan }, expected }: Check, x: NdArray): boolean {
  const elements = flat(x);
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]!;
    if (!(element >= low && element <= high) && !(nan && Number.isNaN(element))) return !expected;
  }
  return expected;
}

/** A change, and the arrays that it may modify in place. All others are copied first. */
interface PlannedChange {
  readonly step: Change;
  readonly inPlace: ReadonlySet<string>;
}

/** The steps of a program, with the values that are not needed after each. */
interface Plan {
  readonly changes: ReadonlyMap<Step, PlannedChange>;
  readonly lastUses: readonly (readonly Value[])[];
  /** The slots that are stored by copying. */
  readonly copied: ReadonlySet<Value>;
}

/** Returns for each value the inputs of the program whose memory its array may share. */
function rootsOf(program: Program): Map<Value, ReadonlySet<Value>> {
  const roots = new Map<Value, ReadonlySet<Value>>();
  const none: ReadonlySet<Value> = new Set();
  for (const { value } of [...program.slots, ...program.arguments, ...program.draws])
    roots.set(value, new Set([value]));
  for (const step of program.steps) {
    if (step.kind !== 'operation' || givesOwnMemory(step.op)) continue;
    const shared = step.inputs.flatMap((input) => [...(roots.get(input) ?? none)]);
    roots.set(step.output, new Set(shared));
  }
  return roots;
}

function planOf(program: Program): Plan {
  const { steps, stores, results, slots } = program;
  const roots = rootsOf(program);
  const lastUse = new Map<Value, number>();
  /** The last step that reads the memory of an input, directly or through a view. */
  const lastRead = new Map<Value, number>();
  const use = (value: Value, at: number): void => {
    lastUse.set(value, at);
    for (const root of roots.get(value) ?? []) lastRead.set(root, at);
  };
  steps.forEach((step, at) => {
    for (const output of outputsOf(step)) lastUse.set(output, at);
    for (const input of inputsOf(step)) use(input, at);
  });
  for (const value of results) use(value, steps.length);
  for (const { value } of stores) use(value, steps.length);

  const lastCheck = steps.findLastIndex(({ kind }) => kind === 'check');
  const slotOf = new Map(slots.map((slot) => [slot.value, slot]));
  const stored = new Map(stores.map(({ slot, value }) => [value, slot]));
  const changes = new Map<Step, PlannedChange>();
  const made = new Set<Value>();
  steps.forEach((step, at) => {
    if (step.kind !== 'change') return;
    const inPlace = Object.entries(step.outputs).flatMap(([name, output]) => {
      const slot = slotOf.get(step.arrays[name]!);
      if (slot === undefined || stored.get(output) !== slot || at < lastCheck || lastRead.get(slot.value)! > at)
        return [];
      made.add(slot.value);
      return [name];
    });
    changes.set(step, { step, inPlace: new Set(inPlace) });
  });

  const lastUses: Value[][] = steps.map(() => []);
  for (const [value, at] of lastUse) lastUses[at]?.push(value);
  return { changes, lastUses, copied: new Set(stores.map(({ slot }) => slot.value).filter((slot) => !made.has(slot))) };
}

class InterpretedProgram implements PreparedProgram {
  readonly bytes: number;
  readonly #program: Program;
  readonly #plan: Plan;
  readonly #slots: Data[] = [];
  readonly #constants: readonly (readonly [Value, NdArray])[];

  constructor(program: Program) {
    this.#program = program;
    this.#plan = planOf(program);
    this.#constants = program.constants.map(({ value, array }) => [value, array] as const);
    this.bytes = program.steps
      .flatMap(outputsOf)
      .reduce((sum, { dtype, shape }) => sum + sizeOf(shape) * bytesPerElement(dtype), 0);
  }

  adopt(slot: number, elements: Data): Data {
    this.#slots[slot] = elements;
    return elements;
  }

  release(): void {
    this.#slots.length = 0;
  }

  run(inputs: CallInputs): Outcome {
    const { slots, stores, results } = this.#program;
    const values = new Map<Value, NdArray>(this.#constants);
    const arena = new Arena();
    try {
      const failed = arena.run(() => {
        this.#setInputs(values, inputs);
        return this.#runSteps(values);
      });
      if (failed !== undefined) return { failed };
      const made = results.map((value) => copyOf(values.get(value)!));
      const copied = stores.filter(({ slot }) => this.#plan.copied.has(slot.value));
      // A stored value may be a view of another slot, so all are copied before any is stored.
      const elements = copied.map(({ value }) => flat(copyOf(values.get(value)!)));
      copied.forEach(({ slot }, i) => {
        this.#slots[slots.indexOf(slot)]!.set(elements[i]!);
      });
      return { results: made };
    } finally {
      arena.end();
    }
  }

  #setInputs(values: Map<Value, NdArray>, inputs: CallInputs): void {
    const { arguments: args, slots, draws, numbers } = this.#program;
    args.forEach(({ value }, i) => {
      values.set(value, inputs.arguments[i]!);
    });
    draws.forEach(({ value }, i) => {
      values.set(value, inputs.draws[i]!);
    });
    slots.forEach(({ value: { dtype, shape }, value }, i) => {
      values.set(value, new NdArray(this.#slots[i]!, dtype, shape));
    });
    numbers.forEach(({ value, value: { dtype } }, i) => {
      const number = empty([], dtype);
      number.data[0] = inputs.numbers[i]!;
      values.set(value, number);
    });
  }

  /** Runs the steps. Returns the index of the check that fails, if any. */
  #runSteps(values: Map<Value, NdArray>): number | undefined {
    const { steps } = this.#program;
    const { changes, lastUses } = this.#plan;
    const kernels = interpreter();
    let checks = 0;
    for (let at = 0; at < steps.length; at++) {
      const step = steps[at]!;
      if (step.kind === 'operation') {
        const inputs = step.inputs.map((input) => values.get(input)!);
        values.set(step.output, callPrimitive(kernels, step.op, inputs, step.attributes));
      } else if (step.kind === 'check') {
        if (!holds(step, values.get(step.value)!)) return checks;
        checks++;
      } else {
        change(changes.get(step)!, values);
      }
      for (const value of lastUses[at]!) values.delete(value);
    }
    return undefined;
  }
}

function change({ step, inPlace }: PlannedChange, values: Map<Value, NdArray>): void {
  const arrays: Record<string, Data> = {};
  for (const [name, value] of Object.entries(step.arrays)) {
    const elements = flat(values.get(value)!);
    arrays[name] = name in step.outputs && !inPlace.has(name) ? elements.slice() : elements;
  }
  const numbers = Object.fromEntries(
    Object.entries(step.numbers).map(([name, value]) => [name, values.get(value)!.data[values.get(value)!.offset]!]),
  );
  changeInPlace(step.formula, arrays, numbers);
  for (const [name, { dtype, shape }] of Object.entries(step.outputs)) {
    values.set(step.outputs[name]!, new NdArray(arrays[name]!, dtype, shape));
  }
}

/** Runs programs with the kernels of the current interpreter. */
export const interpreted: ProgramEngine = {
  name: 'interpreted',
  prepare: (program) => new InterpretedProgram(program),
};
