import { type DType, type FloatDType, Random, type Shape, type Tensor, tensor } from '@tapegrad/core';
import { sameShape } from '@tapegrad/core/extend';
import fc from 'fast-check';
import { type Layout, layouts, repeating } from '../operators/operators.ts';
import { Choices, steps } from './steps.ts';

/** The description of an input. */
interface Input {
  /** The axes of the program's shape that have length 1 in this input. */
  readonly ones: readonly boolean[];
  /** The number of leading axes that this input lacks. */
  readonly dropped: number;
  readonly layout: keyof typeof allLayouts;
  /** Only in a wild program. */
  readonly dtype: DType;
}

export interface Program {
  readonly shape: Shape;
  readonly inputs: readonly Input[];
  readonly steps: readonly (readonly [operator: string, x: number, y: number, salt: number])[];
  readonly seed: number;
}

const allLayouts = { ...layouts, repeating } as const;

export const programs: fc.Arbitrary<Program> = fc.record({
  shape: fc.array(fc.constantFrom(2, 3, 1, 4, 2, 3, 0), { maxLength: 4 }),
  inputs: fc.array(
    fc.record({
      ones: fc.array(fc.boolean(), { minLength: 4, maxLength: 4 }),
      dropped: fc.nat(2),
      layout: fc.constantFrom(...(Object.keys(allLayouts) as (keyof typeof allLayouts)[])),
      dtype: fc.constantFrom<DType>('float64', 'float32', 'float64', 'int32', 'bool'),
    }),
    { minLength: 1, maxLength: 3 },
  ),
  steps: fc.array(fc.tuple(fc.constantFrom(...Object.keys(steps)), fc.nat(2), fc.nat(9), fc.nat(1e6)), {
    minLength: 1,
    maxLength: 30,
    size: 'max',
  }),
  seed: fc.nat(1e6),
});

const shapeOf = ({ shape }: Program, { ones, dropped }: Input): Shape =>
  shape.map((length, i) => (ones[i] ? 1 : length)).slice(dropped);

/** The inputs of a program as stored, and the views of them that it uses. */
export interface LaidOut {
  readonly stored: readonly Tensor[];
  view(stored: readonly Tensor[]): Tensor[];
}

/** Inputs with ordinary elements. */
export function inputsOf(program: Program): LaidOut {
  const random = new Random(program.seed);
  const shapes = program.inputs.map((input) => shapeOf(program, input));
  const layoutOf = (i: number): Layout => allLayouts[program.inputs[i]!.layout];
  return {
    stored: shapes.map((shape, i) => layoutOf(i).store(random.normal(shape, { dtype: 'float64' }))),
    view: (stored) => stored.map((x, i) => layoutOf(i).view(x, shapes[i]!)),
  };
}

/** Elements at which operators are likely to fail. */
const awkward = [0, -0, 1, -1, 0.5, Number.NaN, Infinity, -Infinity, -1e-20, 745, -40, 2, 1.5, -2.5];

/**
 * Subnormal numbers, and numbers whose squares overflow float32 or float64. A program has at most one of these: next to
 * a large number, differences of others are lost to rounding.
 */
const far = [1e-310, 1e-40, 1e20, -1e30, 1e200, 0.25];

/** Inputs of any dtype, with awkward elements. */
export function awkwardInputsOf(program: Program): Tensor[] {
  const random = new Random(program.seed);
  return program.inputs.map((input) => {
    const shape = shapeOf(program, input);
    const picks = random.uniform(shape, { low: 0, high: awkward.length + 1, dtype: 'float64' });
    const isFloat = input.dtype === 'float32' || input.dtype === 'float64';
    const list = isFloat ? [...awkward, far[program.seed % far.length]!] : awkward.filter(Number.isInteger);
    const elements = Float64Array.from(picks.data, (pick) => list[Math.floor(pick) % list.length]!);
    const { store, view } = allLayouts[input.layout];
    return view(store(tensor(elements, { shape })).detach().cast(input.dtype), shape);
  });
}

/** A cotangent that sometimes has infinities and NaN among its elements. */
export function awkwardCotangent(shape: Shape, dtype: FloatDType, salt: number): Tensor {
  const random = new Random(salt);
  const ordinary = random.uniform(shape, { low: -1, high: 1, dtype });
  if (salt % 3 > 0) return ordinary;
  const odd = random.uniform(shape, { low: 0, high: 1, dtype });
  const rest = odd.less(0.1).where(salt % 2 === 0 ? Infinity : Number.NaN, ordinary) as Tensor;
  return odd.greater(0.9).where(0, rest) as Tensor;
}

/** The maximum numbers of elements and axes of an intermediate result. */
const largest = { size: 60, rank: 5 };

export const isSmall = (y: Tensor): boolean => y.size <= largest.size && y.rank <= largest.rank;

const sizeOf = (y: Tensor): number => Math.max(0, ...Array.from(y.data, Math.abs));

/** One step of a program, on the previous results. */
export function runStep([operator, i, j, salt]: Program['steps'][number], results: readonly Tensor[], isWild = false) {
  const [x, y] = [results.at(-1 - (i % results.length))!, results[j % results.length]!];
  return steps[operator]!(x, y, new Choices(salt, isWild));
}

/** The distance by which operands are moved to find out whether a step jumps: more than rounding in float32. */
const nudge = 1e-5;

/**
 * Returns whether a step jumps so close to its operands that rounding decides on which side they are, as `less` does
 * for two numbers that are equal except for rounding. If so, the differences between points on a line through the
 * operands are unequal.
 */
function isAtJump(step: Program['steps'][number], results: readonly Tensor[], at: Tensor): boolean {
  const random = new Random(step[3]);
  const directions = results.map((x) => random.uniform(x.shape, { low: -1, high: 1, dtype: x.dtype as FloatDType }));
  const moved = (by: number): Tensor =>
    runStep(
      step,
      results.map((x, i) => x.add(directions[i]!.mul(by * nudge))),
    );
  const points = [moved(-1), at, moved(1), moved(2)];
  if (points.some((y) => !sameShape(y.shape, at.shape))) return true;
  const [before, after, beyond] = points.slice(1).map((y, i) => y.sub(points[i]!)) as [Tensor, Tensor, Tensor];
  return Math.max(sizeOf(after.sub(before)), sizeOf(beyond.sub(after))) > 0.01;
}

/**
 * Returns a program as a function. A first run on the inputs determines which steps are left out, because their results
 * are too large or jump, and by how much large elements are scaled down: to 1.9, so that steps that jump at integers
 * stay.
 */
export function functionOf(program: Program): (...inputs: readonly Tensor[]) => Tensor {
  const { stored, view } = inputsOf(program);
  const settled: { step: Program['steps'][number]; scale: number }[] = [];
  const scaled = (y: Tensor, scale: number): Tensor => (scale < 1 ? y.mul(scale) : y);
  const results = view(stored);
  for (const step of program.steps) {
    const result = runStep(step, results);
    if (!isSmall(result) || !(sizeOf(result) < 1e6) || isAtJump(step, results, result)) continue;
    const scale = Math.min(1, 1.9 / sizeOf(result));
    settled.push({ step, scale });
    results.push(scaled(result, scale));
  }
  return (...inputs) => {
    const results = [...inputs];
    for (const { step, scale } of settled) results.push(scaled(runStep(step, results), scale));
    return results.at(-1)!;
  };
}
