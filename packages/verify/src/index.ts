export { type CompareOptions, compare } from './compare/compare.ts';
export type { Comparison, Explanation, Verdict } from './compare/comparison.ts';
export type { FactorName, LengthRatio } from './compare/factors.ts';
export type { Known, KnownQuantities } from './compare/known.ts';
export { type CentralDifferencesOptions, centralDifferences } from './differences/central-differences.ts';
export type { DifferencesReport } from './formulas/formula-differences.ts';
export type { Formula, FormulaFunction, Formulas, Named } from './formulas/formulas.ts';
export type { Layered } from './formulas/layered.ts';
export {
  type MlpOptions,
  mlp,
  type Network,
  type NetworkPlan,
  type Subject,
  type Transition,
} from './formulas/networks.ts';
export type { Quantities } from './formulas/quantities.ts';
export {
  type Counterexample,
  type FormulaReport,
  type Outcome,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from './formulas/verify.ts';
export { type GradcheckOptions, gradcheck } from './gradcheck/gradcheck.ts';
export type { GradcheckEntry, GradcheckReport } from './gradcheck/gradcheck-report.ts';
export { type Link, links } from './links/links.ts';
export type { TransitionPart } from './links/transitions.ts';
