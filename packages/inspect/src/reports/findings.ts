/** The findings of a verification, one for each formula. Every kind of report is written from them. */

import type { Counterexample, FormulaReport, VerifyReport } from '@tapegrad/verify';
import { short } from '../charts/numbers.ts';

/** A formula, and the result of its verification. */
export interface Finding {
  readonly name: string;
  /** The claim, in words or in the notation of the theory. */
  readonly claim?: string;
  /** The formula as written in the program. */
  readonly formula?: string;
  /** The verdict in a few words. */
  readonly verdict: string;
  /** The required verdict; absent if the formula is required to hold. */
  readonly expected?: string;
  /** Whether the verdict is the required one. */
  readonly passed: boolean;
  /** The result as a sentence. */
  readonly message: string;
  /** The evidence for the verdict, as a list of terms with their values. */
  readonly evidence: readonly (readonly [term: string, value: string])[];
}

/** The input of a report: the result of `verify`, or your own findings. */
export type Reportable = VerifyReport | readonly Finding[];

const verdicts: Readonly<Record<FormulaReport['verdict'], string>> = {
  equal: 'equal exactly',
  rounding: 'equal to rounding',
  tolerance: 'equal to a tolerance',
  factor: 'off by a factor',
  transposed: 'transposed',
  permuted: 'axes in another order',
  shapes: 'shapes do not match',
  different: 'numbers differ',
  untried: 'untried',
  failed: 'failed',
};

/** Formats the verdict on a formula in a few words. */
export const verdictOf = ({ verdict, factor }: Pick<FormulaReport, 'verdict' | 'factor'>): string =>
  verdict === 'factor' && factor !== undefined
    ? `off by the factor ${typeof factor === 'number' ? short(factor) : factor}`
    : verdicts[verdict];

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;

/** Describes a network in one line: its widths, batch and transitions. */
function describeNetwork({ widths, batch, transitions }: Counterexample): string {
  const layers = plural(transitions.length, 'layer');
  return `${layers}, widths ${widths.join(' → ')}, ${plural(batch, 'point')}, ${transitions.join(', ')}`;
}

function evidenceOf(report: FormulaReport): Finding['evidence'] {
  const { comparisons, failures, ulps, unequalWidths, equalWidths, differences, counterexample } = report;
  const evidence: [string, string][] = [
    ['compared with', report.equals],
    ['comparisons', `${comparisons}, of which ${failures} failed`],
    ['unequal widths', unequalWidths],
    ['equal widths', equalWidths],
  ];
  if (failures === 0) evidence.push(['largest error', `${short(ulps)} units in the last place`]);
  if (differences !== undefined) {
    const { tape, formula, tolerance, elements } = differences;
    const formulaError = report.verdict === 'shapes' ? '' : `, the formula by ${short(formula)}`;
    const limits = `of ${short(tolerance)} allowed, at ${plural(elements, 'element')}`;
    evidence.push(['central differences', `the tape is off by ${short(tape)}${formulaError}, ${limits}`]);
  }
  if (counterexample !== undefined) {
    const layer = counterexample.layer === undefined ? '' : `; at layer ${counterexample.layer}`;
    evidence.push(['smallest counterexample', `${describeNetwork(counterexample)}${layer}`]);
    evidence.push(['there', counterexample.message]);
  }
  return evidence;
}

/** Converts the report on one formula to a finding. */
export const findingOf = (report: FormulaReport): Finding => ({
  name: report.name,
  verdict: verdictOf(report),
  passed: report.passed,
  message: report.message,
  evidence: evidenceOf(report),
});

/** Returns the findings of a report, one for each formula. */
export const findingsOf = (report: Reportable): readonly Finding[] =>
  'formulas' in report ? report.formulas.map(findingOf) : report;

/** Returns a sentence that says whether all verdicts are the required ones and, if not, which are not. */
export function summaryOf(findings: readonly Finding[]): string {
  const failed = findings.filter(({ passed }) => !passed);
  if (failed.length === 0) return `All ${findings.length} verdicts are as expected.`;
  const names = failed.map(({ name }) => name).join(', ');
  return `${failed.length} of ${findings.length} verdicts are not as expected: ${names}.`;
}
