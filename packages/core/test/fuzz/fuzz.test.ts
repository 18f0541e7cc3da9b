/**
 * Random programs: their derivatives agree with differences and between interpreters, and they throw only our errors.
 * `npm run fuzz` runs 10,000 of each kind.
 */

import { readFileSync } from 'node:fs';
import {
  ArgumentError,
  DTypeError,
  type FloatDType,
  Random,
  ShapeError,
  TapeError,
  type Tensor,
  tensor,
  valueAndGrad,
} from '@tapegrad/core';
import { type NdArray, setInterpreter } from '@tapegrad/core/extend';
import { plain } from '@tapegrad/kernels';
import { gradcheck } from '@tapegrad/verify';
import fc from 'fast-check';
import { afterEach, expect, test } from 'vitest';
import { interpreters, restoreInterpreter } from '../../../../test/interpreters.ts';
import { type OperatorFile, operatorFiles, operatorsIn } from '../operators/operators.ts';
import {
  awkwardCotangent,
  awkwardInputsOf,
  functionOf,
  inputsOf,
  isSmall,
  type Program,
  programs,
  runStep,
} from './programs.ts';
import { steps } from './steps.ts';

const numRuns = Number(process.env['FUZZ_RUNS'] ?? 150);

afterEach(restoreInterpreter);

/** Runs a function on each interpreter. */
const onEach = <T>(run: () => T): T[] =>
  Object.values(interpreters).map((interpreter) => {
    setInterpreter(interpreter);
    try {
      return run();
    } finally {
      restoreInterpreter();
    }
  });

/** The tolerance, as a share of the largest element. */
const tolerances = { float64: 1e-10, float32: 1e-4, int32: 0, bool: 0 } as const;

/** Expects two tensors to differ only by rounding. */
function expectSame(actual: Tensor, expected: Tensor, size: number, tolerance: number): void {
  expect([actual.dtype, actual.shape]).toEqual([expected.dtype, expected.shape]);
  const isClose = (x: number, y: number): boolean => Object.is(x, y) || x === y || Math.abs(x - y) <= tolerance * size;
  const [a, e] = [[...actual.data], [...expected.data]];
  if (!a.every((x, i) => isClose(x, e[i]!))) expect(a).toEqual(e);
}

const finiteSize = (list: readonly Tensor[]): number =>
  Math.max(1, ...list.flatMap((x) => Array.from(x.data, Math.abs)).filter(Number.isFinite));

/** Returns a function's result and gradients in a dtype. */
function outcomeOf(f: (...inputs: Tensor[]) => Tensor, inputs: readonly Tensor[], dtype: 'float32' | 'float64') {
  const energy = (...x: Tensor[]): readonly [Tensor<readonly []>, Tensor] => {
    const y = f(...x);
    return [y.mul(new Random(1).uniform(y.shape, { low: -1, high: 1, dtype })).sum(), y];
  };
  const energyAndGradients = valueAndGrad(energy, { argument: inputs.map((_, i) => i), hasAux: true });
  const [[, value], gradients] = energyAndGradients(...inputs.map((x) => x.detach().cast(dtype)));
  return [value, ...gradients];
}

/** Compares forward-mode and reverse-mode derivatives with differences, on each interpreter. */
function expectDerivatives(program: Program): void {
  const { stored, view } = inputsOf(program);
  const run = functionOf(program);
  const f = (...x: readonly Tensor[]): Tensor => run(...view(x));
  const report = gradcheck(f, stored);
  expect(report.failures, `${report}`).toEqual([]);
  // At a kink, rounding decides which side counts.
  if (report.kinks.length > 0) return;
  for (const dtype of ['float64', 'float32'] as const) {
    const [expected, ...others] = onEach(() => outcomeOf(f, stored, dtype));
    for (const actual of others) {
      expected!.forEach((x, i) => {
        expectSame(actual[i]!, x, finiteSize(expected!), tolerances[dtype]);
      });
    }
  }
}

const ours = [ArgumentError, DTypeError, ShapeError, TapeError];

/** Returns the result of a step, or the message of the error it throws, which must be one of ours. */
function attempt<T>(run: () => T): T | string {
  try {
    return run();
  } catch (error) {
    if (ours.some((kind) => error instanceof kind)) return String(error);
    throw error;
  }
}

const isFloating = (x: Tensor): boolean => x.dtype === 'float32' || x.dtype === 'float64';

/** Returns the result of a step, and the gradients of its operands. */
function stepAndGradients(step: Program['steps'][number], operands: readonly Tensor[]): Tensor[] {
  const leaves = operands.map((x) => tensor(x.data, { shape: x.shape, dtype: x.dtype, requiresGrad: isFloating(x) }));
  const y = runStep(step, leaves, true);
  if (!y.requiresGrad) return [y];
  const seed = awkwardCotangent(y.shape, y.dtype as FloatDType, step[3]);
  const gradients = y.backward({ seed, wanted: leaves.filter(isFloating) });
  return [y.detach(), ...leaves.filter((x) => gradients.has(x)).map((x) => gradients.of(x))];
}

/**
 * Runs each step on awkward operands, whose shapes may not fit: all interpreters must give the same result and
 * gradients, or the same error.
 */
function expectAgreement(program: Program): void {
  const results = awkwardInputsOf(program);
  for (const step of program.steps) {
    const values = onEach(() => attempt(() => runStep(step, results, true)));
    const [value] = values;
    if (typeof value === 'string') {
      expect(values).toEqual(values.map(() => value));
      continue;
    }
    const [expected, ...others] = onEach(() => attempt(() => stepAndGradients(step, results)));
    for (const actual of others) {
      if (typeof actual === 'string' || typeof expected === 'string') expect(actual).toBe(expected);
      else {
        actual.forEach((x, i) => {
          const y = expected![i]!;
          expectSame(x, y, finiteSize([...results, y]), tolerances[y.dtype]);
        });
      }
    }
    if (isSmall(value!)) results.push(value!);
  }
}

test('every operator is a step', () => {
  const operators = (Object.keys(operatorFiles) as OperatorFile[]).flatMap(operatorsIn);
  expect(operators.filter((name) => !(name in steps))).toEqual([]);
});

const found: readonly { readonly note: string; readonly program: Program }[] = JSON.parse(
  readFileSync(new URL('../data/programs.json', import.meta.url), 'utf8'),
);

test.each(found)('a program that failed once: $note', ({ program }) => {
  expectDerivatives(program);
});

test('a mistake in a primitive is found', () => {
  const mistaken = { ...plain, cos: (x: NdArray) => plain.neg(plain.cos(x)) };
  const property = fc.property(programs, (program) => {
    setInterpreter(mistaken);
    expectDerivatives(program);
  });
  expect(fc.check(property, { numRuns: 50, endOnFailure: true }).failed).toBe(true);
});

test('random programs', () => fc.assert(fc.property(programs, expectDerivatives), { numRuns }), numRuns * 1000);

test(
  'random programs on infinities, NaN, subnormal and far numbers',
  () => fc.assert(fc.property(programs, expectAgreement), { numRuns }),
  numRuns * 1000,
);
