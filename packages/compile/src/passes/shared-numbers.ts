/** Programs that differ only in numbers: one of them serves all, with these numbers as inputs. */

import type { NdArray } from '@tapegrad/kernels';
import type { Constant, Operation, Program, Step, Value } from '../program/program.ts';
import { textOf } from './common-subexpressions.ts';

/** Numbers of a program by the ids of their values. */
type Numbers = Map<number, number>;

const isNumber = ({ shape }: Value): boolean => shape.length === 0;

const numberOf = ({ array: { data, offset } }: Constant): number => data[offset]!;

/** Returns the number that a step makes, if it does nothing else. */
function filledNumber({ op, attributes, output }: Operation): number | undefined {
  return op === 'full' && isNumber(output) ? (attributes as { readonly value: number }).value : undefined;
}

const textOfValue = ({ id, shape, dtype }: Value): string => `${id}:${dtype}[${shape.join()}]`;
const textOfNamed = (values: Readonly<Record<string, Value>>): string =>
  Object.entries(values)
    .map(([name, value]) => `${name}=${textOfValue(value)}`)
    .join();

/** Returns whether steps are the same, apart from a number that they make. */
function areAlike(a: Step, b: Step): boolean {
  if (a.kind === 'operation' && b.kind === 'operation') {
    return (
      a.op === b.op &&
      textOfValue(a.output) === textOfValue(b.output) &&
      a.inputs.length === b.inputs.length &&
      a.inputs.every(({ id }, i) => id === b.inputs[i]!.id) &&
      (textOf(a.attributes) === textOf(b.attributes) || filledNumber(a) !== undefined)
    );
  }
  if (a.kind === 'change' && b.kind === 'change') {
    const parts = ['arrays', 'numbers', 'outputs'] as const;
    return a.formula === b.formula && parts.every((part) => textOfNamed(a[part]) === textOfNamed(b[part]));
  }
  if (a.kind !== 'check' || b.kind !== 'check') return false;
  return a.value.id === b.value.id && a.expected === b.expected && textOf(a.range) === textOf(b.range);
}

const sameList = <T>(a: readonly T[], b: readonly T[], same: (x: T, y: T) => boolean): boolean =>
  a.length === b.length && a.every((x, i) => same(x, b[i]!));

const sameElements = (a: NdArray, b: NdArray): boolean =>
  a.offset === b.offset &&
  sameList(a.stride, b.stride, Object.is) &&
  (a.data === b.data || sameList(Array.from(a.data), Array.from(b.data), Object.is));

/** Returns the numbers of a program that operations could take as inputs: its constants and filled scalars. */
export function numbersOf(program: Program): Numbers {
  const numbers: Numbers = new Map();
  for (const constant of program.constants) {
    if (isNumber(constant.value)) numbers.set(constant.value.id, numberOf(constant));
  }
  for (const step of program.steps) {
    const filled = step.kind === 'operation' ? filledNumber(step) : undefined;
    if (filled !== undefined) numbers.set((step as Operation).output.id, filled);
  }
  return numbers;
}

/** Returns the ids of the numbers in which two programs differ; `undefined` if they differ in anything else. */
export function differingNumbers(a: Program, b: Program): number[] | undefined {
  const sameValue = (x: { readonly value: Value }, y: { readonly value: Value }): boolean =>
    textOfValue(x.value) === textOfValue(y.value);
  const isSame =
    sameList(a.arguments, b.arguments, sameValue) &&
    sameList(a.slots, b.slots, sameValue) &&
    sameList(a.draws, b.draws, sameValue) &&
    sameList(a.numbers, b.numbers, sameValue) &&
    sameList(
      a.constants,
      b.constants,
      (x, y) => sameValue(x, y) && (isNumber(x.value) || sameElements(x.array, y.array)),
    ) &&
    sameList(a.steps, b.steps, areAlike) &&
    sameList(a.stores, b.stores, (x, y) => sameValue(x.slot, y.slot) && x.value.id === y.value.id) &&
    sameList(a.results, b.results, (x, y) => x.id === y.id);
  if (!isSame) return undefined;
  const others = numbersOf(b);
  return [...numbersOf(a)].filter(([id, number]) => !Object.is(number, others.get(id))).map(([id]) => id);
}

/** Returns a program that takes some of its numbers as inputs, after the others. */
export function withNumbersAsInputs(program: Program, ids: readonly number[]): Program {
  if (ids.length === 0) return program;
  const numbers = numbersOf(program);
  const values = new Map<number, Value>();
  for (const { value } of program.constants) values.set(value.id, value);
  for (const step of program.steps) if (step.kind === 'operation') values.set(step.output.id, step.output);
  const taken = new Set(ids);
  return {
    ...program,
    constants: program.constants.filter(({ value }) => !taken.has(value.id)),
    steps: program.steps.filter((step) => step.kind !== 'operation' || !taken.has(step.output.id)),
    numbers: [
      ...program.numbers,
      ...ids.map((id) => ({ name: 'number', value: values.get(id)!, traced: numbers.get(id)! })),
    ],
  };
}
