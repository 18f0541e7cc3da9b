/** Tests rows: compares the verdict on each with the required one. */

import { Random, ShapeError } from '@tapegrad/core';
import { type Finding, findingOf, verdictOf } from '@tapegrad/inspect';
import { type Comparison, compare, type FormulaReport, verify } from '@tapegrad/verify';
import type { DataRow, Expectation, FallingRow, NetworkRow, RefusedRow, Row } from './row.ts';

export interface TrialOptions {
  /** The number of random networks on which each formula is tested. */
  readonly networks: number;
  readonly seed: number;
}

/** The number of seeds with which each formula in random data is tested. */
const SEEDS = 10;
/** The factor by which each of a sequence of falling numbers must be below the one before. */
const MARGIN = 0.9;

/** The findings on a row, without the row's own data. */
type Found = Pick<Finding, 'verdict' | 'passed' | 'message' | 'evidence'>;

/** Describes an expectation in words. */
function describe(expect: Row['expect']): string {
  if (expect === 'holds') return 'holds';
  if (expect === 'differs') return 'numbers differ';
  if (expect === 'falls') return 'falls';
  if ('throws' in expect) return 'refused';
  if ('factor' in expect) return `off by the factor ${expect.factor}`;
  return `unequal widths: ${expect.unequalWidths}, equal widths: ${expect.equalWidths}`;
}

const holds = (verdict: string): boolean => verdict === 'equal' || verdict === 'rounding';

/** Returns whether the report on a formula is the expected one. The tape must agree with central differences in any case. */
function meets(expect: Expectation, report: FormulaReport): boolean {
  if (report.differences?.passed === false) return false;
  if (expect === 'holds') return report.passed;
  if (expect === 'differs') return report.verdict === 'different';
  if ('factor' in expect) return report.verdict === 'factor' && report.factor === expect.factor;
  return report.unequalWidths === expect.unequalWidths && report.equalWidths === expect.equalWidths;
}

function tryOnNetworks({ id, on, formula, equals, expect, options }: NetworkRow, trial: TrialOptions): Found {
  const report = verify(on, { [id]: { formula, equals } }, { ...trial, ...options }).formulas[0];
  return { ...findingOf(report), passed: meets(expect, report) };
}

const factorOf = (found: Comparison) => (found.verdict === 'factor' ? (found.named ?? found.factor) : undefined);

function tryOnData({ id, formula, equals, expect }: DataRow, { seed }: TrialOptions): Found {
  const comparisons = Array.from(
    { length: SEEDS },
    (_, i): Comparison => compare(id, equals(new Random(seed + i)), formula(new Random(seed + i))),
  );
  const wanted = ({ verdict }: Comparison): boolean => (expect === 'holds' ? holds(verdict) : verdict === 'different');
  const worst = comparisons.find((comparison) => !wanted(comparison)) ?? comparisons[0];
  return {
    verdict: verdictOf({ verdict: worst.verdict, factor: factorOf(worst) }),
    passed: wanted(worst),
    message: worst.message,
    evidence: [['comparisons', `${SEEDS}, on as many draws of the data`]],
  };
}

function tryToFall({ id, formula }: FallingRow, { seed }: TrialOptions): Found {
  const numbers = formula(new Random(seed));
  const failed = numbers.findIndex((number, i) => i > 0 && !(number < MARGIN * numbers[i - 1]));
  const series = numbers.map((number) => Number(number.toPrecision(3))).join(', ');
  return {
    verdict: failed === -1 ? 'falls' : 'does not fall',
    passed: failed === -1,
    message: `${id} ${failed === -1 ? 'falls' : `does not fall at index ${failed + 1}`}: ${series}`,
    evidence: [['numbers', series]],
  };
}

function tryToRefuse({ id, formula, expect }: RefusedRow, { seed }: TrialOptions): Found {
  try {
    formula(new Random(seed));
  } catch (error) {
    if (!(error instanceof ShapeError)) throw error;
    const passed = error.message.includes(expect.throws);
    return { verdict: 'refused', passed, message: `${id} is refused: ${error.message}`, evidence: [] };
  }
  return { verdict: 'not refused', passed: false, message: `${id} was not refused`, evidence: [] };
}

function tryRow(row: Row, options: TrialOptions): Found {
  if (row.on !== undefined) return tryOnNetworks(row, options);
  if (row.equals !== undefined) return tryOnData(row, options);
  return row.expect === 'falls' ? tryToFall(row as FallingRow, options) : tryToRefuse(row as RefusedRow, options);
}

/** Returns the source text of a function, with its common indentation removed. */
function sourceOf(formula: object): string {
  const [first, ...rest] = String(formula).split('\n');
  const indent = Math.min(...rest.filter((line) => line.trim() !== '').map((line) => line.search(/\S/)));
  return [first, ...rest.map((line) => line.slice(indent))].join('\n');
}

/** Tests a row. */
export function findingFor(row: Row, options: TrialOptions): Finding {
  const { id, claim, formula, expect } = row;
  return {
    name: id,
    claim,
    formula: sourceOf(formula),
    ...(expect === 'holds' ? {} : { expected: describe(expect) }),
    ...tryRow(row, options),
  };
}
