/**
 * The law of awkward entries: if an entry is infinite, NaN, subnormal, or too large to be squared in the dtype,
 * everything that doesn't depend on it keeps its value and gradient, and all interpreters agree.
 */

import { ArgumentError, DTypeError, type FloatDType } from '@tapegrad/core';
import { sameShape, setInterpreter } from '@tapegrad/core/extend';
import { describe, expect, test } from 'vitest';
import { interpreters, restoreInterpreter } from '../../../../../test/interpreters.ts';
import { type OperatorFile, operatorFiles, operatorsIn } from '../operators.ts';
import { type Outcome, type Place, type Trial, trials, withEntry } from './awkward-entries.ts';

const [tested, curved] = [trials(1), trials(2)];

/** Entries at which operators are likely to fail. */
const awkward: readonly (readonly [dtype: FloatDType, value: number])[] = [
  ['float64', Infinity],
  ['float64', Number.NaN],
  ['float64', 1e200],
  ['float64', 1e-310],
  ['float32', -Infinity],
  ['float32', Number.NaN],
  ['float32', -1e20],
  ['float32', 1e-40],
];

const tolerances = { float32: 1e-4, float64: 1e-10 } as const;

/**
 * Operators that may reject such an entry with one of our errors: the matrix can't be factorized, or the entry isn't an
 * integer.
 */
const refusing: ReadonlySet<string> = new Set(['eigh', 'qr', 'svd', 'svdvals', 'cast', 'oneHot']);

/** Operators whose test case squares its inputs. */
const ofSquares: ReadonlySet<string> = new Set(['cholesky']);

/** An outcome, or the error of an operator that may reject its operands. */
function attempt(trial: Trial, run: () => Outcome): Outcome | string {
  try {
    return run();
  } catch (error) {
    const isOurs = error instanceof ArgumentError || error instanceof DTypeError;
    if (isOurs && refusing.has(trial.call)) return error.message;
    throw error;
  }
}

/** Describes the first element for which `isWrong` is true. */
function firstWrong(
  outcome: Outcome,
  beside: Outcome,
  isWrong: (x: number, expected: number, i: number, j: number) => boolean,
): string | undefined {
  for (const [i, { data }] of outcome.entries()) {
    const expected = beside[i]!.data;
    const j = data.findIndex((x, at) => isWrong(x, expected[at]!, i, at));
    if (j !== -1) return `${i === 0 ? 'value' : `gradient ${i - 1}`} [${j}] is ${data[j]}, expected ${expected[j]}`;
  }
  return undefined;
}

const isSame = (x: number, y: number, bound: number): boolean => Object.is(x, y) || x === y || Math.abs(x - y) <= bound;

/** Describes a difference in an element that doesn't depend on the entry. */
const touched = (after: Outcome, before: Outcome, dependent: boolean[][], dtype: FloatDType): string | undefined =>
  firstWrong(after, before, (x, was, i, j) => {
    if (dependent[i]![j]) return false;
    return !isSame(x, was, 0.1 * tolerances[dtype] * Math.max(1, Math.abs(was)));
  });

/** Describes a difference from another interpreter's outcome. */
function disagreement(actual: Outcome, expected: Outcome, dtype: FloatDType): string | undefined {
  const shapes = [actual, expected].map((outcome) => outcome.map(({ shape }) => shape));
  if (!shapes[0]!.every((shape, i) => sameShape(shape, shapes[1]![i]!))) return `shapes ${JSON.stringify(shapes)}`;
  const sizes = expected.map(({ data }) => Math.max(1, ...Array.from(data, Math.abs).filter(Number.isFinite)));
  return firstWrong(actual, expected, (x, y, i) => !isSame(x, y, tolerances[dtype] * sizes[i]!));
}

/** Describes an element that is not finite in float32, though float32 could represent it. */
const overflow = (narrow: Outcome, wide: Outcome): string | undefined =>
  firstWrong(narrow, wide, (x, exact) => Math.abs(exact) < 1e38 && !Number.isFinite(x));

/** Describes violations of the law for an entry of a trial's operands, on each interpreter. */
function violations(trial: Trial, place: Place, entries = awkward): string[] {
  const dependent = trial.dependents(place);
  const on = (name: string, run: () => Outcome): Outcome | string => {
    setInterpreter(interpreters[name]!);
    const outcome = attempt(trial, run);
    restoreInterpreter();
    return outcome;
  };
  const before = new Map<string, Outcome>();
  return entries.flatMap(([dtype, value]) => {
    const operands = withEntry(trial.operands, place, value);
    // The reference is slow, so it only runs where results could differ.
    const names = Object.keys(interpreters).filter((name) => name !== 'reference' || !Number.isFinite(value));
    const results = names.map((name) => on(name, () => trial.run(operands, dtype)));
    const [first] = results;
    const wide =
      dtype === 'float32' && Number.isFinite(value) ? on('default', () => trial.run(operands, 'float64')) : '';

    const wrong = (after: Outcome | string, name: string): string | undefined => {
      if (typeof after === 'string' || typeof first === 'string') {
        return after === first ? undefined : 'is refused by some interpreters alone';
      }
      const key = `${name} ${dtype}`;
      if (!before.has(key)) before.set(key, on(name, () => trial.run(trial.operands, dtype)) as Outcome);
      return (
        disagreement(after, first!, dtype) ??
        (dependent && touched(after, before.get(key)!, dependent, dtype)) ??
        (typeof wide === 'string' || ofSquares.has(trial.call) ? undefined : overflow(after, wide))
      );
    };
    return results.flatMap((after, i) => {
      const complaint = wrong(after, names[i]!);
      const where = `${dtype} ${names[i]}, operand ${place.operand} [${place.entry}] = ${value}`;
      return complaint === undefined ? [] : `${where}: ${complaint}`;
    });
  });
}

/** One entry of each operand. */
const placesOf = (trial: Trial, salt: number): Place[] =>
  trial.operands.flatMap(({ length }, operand) =>
    length === 0 ? [] : { operand, entry: (7 * salt + 3 * operand) % length },
  );

describe('no entry is touched that does not depend on an awkward one', () => {
  test.each(tested)('$name', (trial) => {
    const places = placesOf(trial, tested.indexOf(trial));
    expect(places.flatMap((place) => violations(trial, place))).toEqual([]);
  });
});

describe('nor in second order', () => {
  test.each(curved)('$name', (trial) => {
    const places = placesOf(trial, curved.indexOf(trial));
    expect(places.flatMap((place) => violations(trial, place, [['float64', Number.NaN]]))).toEqual([]);
  });
});

test('the law is tried on every operator', () => {
  const names = (Object.keys(operatorFiles) as OperatorFile[]).flatMap(operatorsIn);
  const covered = new Set(tested.map(({ call }) => call));
  expect(names.filter((name) => !covered.has(name))).toEqual([]);
});

test('what spreads is found', () => {
  const trial = tested.find(({ call }) => call === 'relu')!;
  const [y, ...gradients] = trial.run(trial.operands, 'float64');
  const spread = [y!.add(Number.NaN), ...gradients];
  const dependent = trial.dependents({ operand: 0, entry: 0 })!;
  expect(dependent[0]!.filter(Boolean)).toHaveLength(1);
  expect(touched(spread, [y!, ...gradients], dependent, 'float64')).toMatch(/^value \[1\] is NaN/);
});
