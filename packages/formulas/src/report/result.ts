/** Judges pages: returns a verdict for each formula, and corrections of wrong formulas. */

import type { Layout } from '../evaluating/values.ts';
import { Data } from '../judging/data.ts';
import {
  atOnce,
  type FormulaJudgement,
  type Gradually,
  type JudgeOptions,
  judgeGradually,
  type PageJudgement,
  type StepJudgement,
} from '../judging/judge-page.ts';
import { type Case, judgeStep } from '../judging/judge-step.ts';
import type { FormulaMend, Memory } from '../judging/memory/memory.ts';
import { propertiesAt } from '../judging/properties.ts';
import type { Certainty, Counterexample, VerdictWord } from '../judging/verdict.ts';
import { mendStep } from '../mending/mend.ts';
import type { Deadline } from '../running/deadline.ts';
import type { Statement } from '../statements/statement.ts';
import type { Expression } from '../syntax/ast.ts';
import { MacroBook } from '../syntax/macro-book.ts';
import { latexOf } from '../syntax/print-latex.ts';
import { textOf } from '../syntax/print-text.ts';
import type { Format } from '../text/document.ts';
import type { Place, Span } from '../text/source.ts';
import { changesIn } from './changes.ts';
import { readingOf } from './reading.ts';

/** The role of a formula: it defines or declares a letter, makes a claim, or is a step of an algorithm. */
export type FormulaKind = 'definition' | 'claim' | 'step';

/** One step of a chain a = b = c. */
export interface StepResult {
  readonly left: string;
  readonly right: string;
  readonly verdict: VerdictWord;
  readonly certainty: Certainty;
  readonly reason: string;
}

/** The judgement of a formula, with its location and its correction. */
export interface FormulaResult {
  /** The line and the column in the page, both from 1. */
  readonly line: number;
  readonly column: number;
  /** The position in the page, as character offsets from 0. */
  readonly span: Span;
  /** The formula as written on the page. */
  readonly source: string;
  /** The formula in plain text, as it was parsed; empty if it wasn't. */
  readonly text: string;
  /** The parsed formula in LaTeX. */
  readonly latex: string;
  readonly kind: FormulaKind;
  readonly verdict: VerdictWord;
  readonly certainty: Certainty;
  readonly reason: string;
  /** The position of the fault, and its length in the text. */
  readonly place: (Place & { readonly length: number }) | undefined;
  readonly counterexample: Counterexample | undefined;
  readonly mend: FormulaMend | undefined;
  /** The right side as corrected, in plain text; undefined without a correction. */
  readonly expected: string | undefined;
  readonly steps: readonly StepResult[];
}

/** The judgements of all formulas of a page. */
export interface PageResult {
  readonly name: string;
  /** The format in which the page was read. */
  readonly format: Format;
  readonly formulas: readonly FormulaResult[];
  /** The layout of derivatives on the page. */
  readonly layout: string;
  /** The interpretation of the letters: `W_l: 3 x 2`. */
  readonly reading: readonly string[];
}

/** The options of `verifyPage`. */
export interface VerifyPageOptions extends JudgeOptions {
  /** Whether to correct wrong formulas. Defaults to true. */
  readonly mend?: boolean;
}

function layoutText({ gradient, jacobian, differential }: Layout): string {
  if (differential === 'own')
    return 'derivatives with respect to a matrix have its shape; each column of dZ is the derivative of the loss of its point';
  if (gradient === 'transposed')
    return 'derivatives with respect to a matrix have its transposed shape (numerator layout)';
  const rows = 'derivatives with respect to a matrix have its shape';
  return jacobian === 'rows'
    ? `${rows}; Jacobians have a row for each output`
    : `${rows}; Jacobians are transposed (denominator layout)`;
}

const kindOf = ({ kind }: FormulaJudgement): FormulaKind =>
  kind === 'claim' || kind === 'unread' ? 'claim' : kind === 'step' ? 'step' : 'definition';

class Reporter {
  readonly #judged: PageJudgement;
  readonly #memory: Memory | undefined;

  constructor(judged: PageJudgement, memory: Memory | undefined) {
    this.#judged = judged;
    this.#memory = memory;
  }

  /** Returns the cache key of a formula's correction; undefined without a `memory`, or if a step has no key. */
  #keyOf({ steps, isApart }: FormulaJudgement): string | undefined {
    const { dependencies } = this.#judged;
    const [first] = steps;
    if (dependencies === undefined || first === undefined || isApart) return undefined;
    const keys = steps.map(({ key }) => key);
    return keys.includes(undefined) ? undefined : [...keys, dependencies.ofMend(first)].join('\n');
  }

  /** Returns a formula's correction. If the correction was searched for before, takes the result from memory. */
  *#mended(formula: FormulaJudgement): Gradually<FormulaMend | undefined> {
    const key = this.#keyOf(formula);
    const known = key === undefined ? undefined : this.#memory?.mends.get(key);
    if (known !== undefined) return known.mend;
    const mend = yield* this.#judged.allowance.spendGradually(formula.statement, (deadline) =>
      this.mend(formula, deadline),
    );
    if (key !== undefined) this.#memory?.mends.set(key, { mend });
    return mend;
  }

  #case(formula: FormulaJudgement, { step, world }: StepJudgement, deadline: Deadline): Case {
    const { outline, layout, transitions } = this.#judged;
    const data = new Data(propertiesAt(outline, formula.statement.block), world.pointsInColumns);
    return {
      outline,
      world,
      step,
      statement: formula.index,
      data,
      layout,
      transitions,
      deadline,
      isDraft: true,
    };
  }

  /** Corrects each side of a formula that doesn't equal the first side. */
  *mend(formula: FormulaJudgement, deadline: Deadline): Gradually<FormulaMend | undefined> {
    const { scenarios } = this.#judged;
    const { steps, statement } = formula;
    const first = steps[0];
    if (first === undefined) return undefined;
    const changed = new Map<Expression, Expression>();
    const remarks: string[] = [];
    let when: string | undefined;
    for (const step of steps) {
      const base: StepJudgement = { ...step, step: { ...step.step, left: first.step.left } };
      const of = this.#case(formula, base, deadline);
      const judged = base.step.left === step.step.left ? step : judgeStep(scenarios, of);
      if (judged.verdict !== 'wrong' && judged.verdict !== 'conditional') continue;
      const found = yield* mendStep(scenarios, of, judged);
      if (found === undefined) return undefined;
      changed.set(found.side === 'right' ? base.step.right : base.step.left, found.expression);
      remarks.push(found.what);
      when ??= found.when;
    }
    if (changed.size === 0) return undefined;
    const { source, macros } = this.#judged.page;
    const { formula: mended, changes } = mendedText(
      source.text,
      statement.span,
      statement.sides,
      changed,
      new MacroBook(macros),
    );
    const sides = statement.sides.map((side) => changed.get(side) ?? side);
    return {
      formula: mended,
      text: sides.map(textOf).join(' = '),
      latex: sides.map((side) => latexOf(side)).join(' = '),
      changes,
      what: [...new Set(remarks)].join(', '),
      when,
    };
  }

  *result(formula: FormulaJudgement, isMending: boolean): Gradually<FormulaResult> {
    const { source } = this.#judged.page;
    const { statement, overall, steps } = formula;
    const { line, column } = source.placeOf(statement.span.start);
    const isWrong = overall.verdict === 'wrong' || overall.verdict === 'conditional';
    const mend = isMending && isWrong ? yield* this.#mended(formula) : undefined;
    const place = overall.verdict === 'holds' ? undefined : overall.place;
    return {
      line,
      column,
      span: statement.span,
      source: source.slice(statement.span).trim(),
      text: statement.sides
        .map((side, i) => `${i === 0 ? '' : relationText(statement.relations[i - 1]!)}${textOf(side)}`)
        .join(''),
      latex: latexOfStatement(statement),
      kind: kindOf(formula),
      verdict: overall.verdict,
      certainty: overall.certainty,
      reason: reasonOf(steps, overall.reason),
      place: place && { ...source.placeOf(place.start), length: Math.max(1, place.end - place.start) },
      counterexample: overall.counterexample,
      mend,
      expected: mend?.text.split(' = ').at(-1),
      steps: steps.length > 1 ? steps.map(stepResult) : [],
    };
  }
}

const relationTexts: Readonly<Record<string, string>> = {
  '=': ' = ',
  define: ' := ',
  leftarrow: ' <- ',
  propto: ' ~ ',
  approx: ' ~= ',
  in: ' in ',
  le: ' <= ',
  ge: ' >= ',
  ne: ' != ',
};
const relationText = (relation: string): string => relationTexts[relation] ?? ` ${relation} `;

const relationLatex = (relation: string): string =>
  relation === '=' ? ' = ' : relation === 'define' ? ' := ' : ` \\${relation} `;

/** Formats a statement as LaTeX, whatever the format of the page. */
const latexOfStatement = ({ sides, relations }: Statement): string =>
  sides.map((side, i) => `${i === 0 ? '' : relationLatex(relations[i - 1]!)}${latexOf(side)}`).join('');

const stepResult = ({ step, verdict, certainty, reason }: StepJudgement): StepResult => ({
  left: textOf(step.left),
  right: textOf(step.right),
  verdict,
  certainty,
  reason,
});

/** Returns the reason for a chain's verdict: the reasons of all steps that don't hold, or `overall` if there are none. */
function reasonOf(steps: readonly StepJudgement[], overall: string): string {
  const failed = steps.flatMap((step, i) => (step.verdict === 'holds' ? [] : [{ step, i }]));
  if (steps.length < 2 || failed.length === 0) return overall;
  return failed.map(({ step, i }) => `step ${i + 1}: ${step.reason}`).join('; ');
}

/** Replaces some sides in the formula's text. */
function mendedText(
  text: string,
  span: Span,
  sides: readonly Expression[],
  changed: ReadonlyMap<Expression, Expression>,
  macros: MacroBook,
): { formula: string; changes: Span[] } {
  let formula = '';
  let at = span.start;
  const changes: Span[] = [];
  for (const side of sides) {
    const other = changed.get(side);
    if (other === undefined) continue;
    formula += text.slice(at, side.span.start);
    const latex = latexOf(other, text, macros);
    changes.push(
      ...changesIn(text.slice(side.span.start, side.span.end), latex).map(({ start, end }) => ({
        start: start + formula.length,
        end: end + formula.length,
      })),
    );
    formula += latex;
    at = side.span.end;
  }
  return { formula: formula + text.slice(at, span.end), changes };
}

const resultOf = (judged: PageJudgement, formulas: readonly FormulaResult[]): PageResult => ({
  name: judged.page.source.name,
  format: judged.page.format,
  formulas,
  layout: layoutText(judged.layout),
  reading: readingOf(judged),
});

/**
 * Judges a page in small steps, so that a program stays responsive: `next()` judges one more formula or looks for one
 * more correction. Once all formulas are judged, it yields a result without corrections; it returns one with them.
 *
 * @example
 * const steps = verifyGradually('$\\nabla_x \\|x\\|^2 = x$');
 * let step = steps.next();
 * while (step.value === undefined) step = steps.next();
 * step.value.formulas[0]?.mend; // undefined
 * while (!step.done) step = steps.next();
 * step.value.formulas[0]?.mend?.text; // 'd||x||^2/dx = 2 x'
 */
export function* verifyGradually(
  text: string,
  { mend = true, ...options }: VerifyPageOptions = {},
): Generator<PageResult | undefined, PageResult, undefined> {
  const judged = yield* judgeGradually(text, options);
  const reporter = new Reporter(judged, options.memory);
  const formulas: FormulaResult[] = [];
  for (const formula of judged.formulas) formulas.push(yield* reporter.result(formula, false));
  if (!mend) return resultOf(judged, formulas);
  yield resultOf(judged, [...formulas]);
  for (const [i, formula] of judged.formulas.entries()) {
    if (formula.overall.verdict !== 'wrong' && formula.overall.verdict !== 'conditional') continue;
    formulas[i] = yield* reporter.result(formula, true);
    yield;
  }
  return resultOf(judged, formulas);
}

/**
 * Judges every formula of a page, and corrects those that are wrong.
 *
 * @example
 * const page = '$$\\frac{\\partial}{\\partial X} \\operatorname{tr}(X^2) = 2 X$$';
 * const [formula] = verifyPage(page).formulas;
 * formula?.verdict; // 'wrong'
 * formula?.mend?.text; // 'dtrace(X^2)/dX = 2 X^T'
 */
export const verifyPage = (text: string, options: VerifyPageOptions = {}): PageResult =>
  atOnce(verifyGradually(text, options));
