export { Derivation, type DerivationTrial, type DerivedFormula, type FormulaTrial } from './deriving/derivation.ts';
export { type DeriveOptions, derive } from './deriving/derive.ts';
export type { Names, NamesParameters } from './deriving/naming/naming.ts';
export { type FormulaMend, Memory } from './judging/memory/memory.ts';
export type { Certainty, Counterexample, VerdictWord } from './judging/verdict.ts';
export { exitCode } from './report/exit-code.ts';
export { json } from './report/json.ts';
export {
  type FormulaKind,
  type FormulaResult,
  type PageResult,
  type StepResult,
  type VerifyPageOptions,
  verifyGradually,
  verifyPage,
} from './report/result.ts';
export { type TableOptions, table } from './report/table.ts';
