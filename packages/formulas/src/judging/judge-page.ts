/** Judges a page: returns a verdict for each of its formulas. */

import type { Transition } from '../evaluating/setting.ts';
import type { Layout } from '../evaluating/values.ts';
import { isSupposed } from '../meaning/networks.ts';
import { outlineOf } from '../meaning/outline.ts';
import type { Outline } from '../meaning/outline-types.ts';
import { statesDerivative } from '../meaning/sides.ts';
import { Allowance } from '../running/deadline.ts';
import { readAlone } from '../statements/same-letters.ts';
import { sectionsOf } from '../statements/sections.ts';
import type { Reading, Statement } from '../statements/statement.ts';
import { readStatements } from '../statements/statements.ts';
import { bare, type Expression, keyOf, walk } from '../syntax/ast.ts';
import { type Page, type ReadPageOptions, readPage } from '../text/document.ts';
import type { Scenarios } from './judge-step.ts';
import type { Dependencies } from './memory/dependencies.ts';
import type { Memory } from './memory/memory.ts';
import { outcomeKey } from './memory/outcomes.ts';
import { Nearby } from './nearby.ts';
import {
  type Desk,
  type FormulaJudgement,
  formulaOf,
  type Gradually,
  type Interpreted,
  interpreted,
  isDoubtful,
  overallOf,
  PageJudge,
  type StepJudgement,
} from './page-judge.ts';
import { type Judgement, judgement } from './verdict.ts';

export type { FormulaJudgement, Gradually, StepJudgement };

export interface PageJudgement {
  readonly page: Page;
  readonly outline: Outline;
  readonly scenarios: Scenarios;
  /** The dependencies of steps, from which cache keys are made; undefined without a `memory`. */
  readonly dependencies: Dependencies | undefined;
  readonly layout: Layout;
  readonly transitions: ReadonlyMap<string, Transition>;
  readonly formulas: readonly FormulaJudgement[];
  /** The remaining time budget of each formula. */
  readonly allowance: Allowance<Statement>;
}

export interface JudgeOptions extends ReadPageOptions {
  /** The time limit per formula in milliseconds, including its correction. Defaults to 2000. */
  readonly budget?: number;
  /** Keeps results between calls, for pages that differ only a little from earlier ones. */
  readonly memory?: Memory;
}

/** Judges every formula of a page, one after the other. */
export function* judgeGradually(
  text: string,
  { budget = 2000, memory, ...options }: JudgeOptions = {},
): Gradually<PageJudgement> {
  const page = readPage(text, options);
  const allowance = new Allowance<Statement>(budget);
  const desk: Desk = { allowance, memory };
  const whole = yield* interpreted(outlineOf(readStatements(page, memory?.tokens)), desk);
  const { outline, scenarios, dependencies } = whole;
  const own = outline.items.filter(({ statement }) => !isSupposed(outline.reading.statements[statement]!));
  const judged = own.map((item) => formulaOf(whole, item));
  const formulas = yield* readApart(whole, judged, desk);
  return { page, outline, scenarios, dependencies, ...whole.interpretation, formulas, allowance };
}

/** Completes a computation that is divided into small steps. */
export function atOnce<T>(work: Iterator<unknown, T, undefined>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value;
  }
}

/**
 * Returns whether a formula differentiates only expressions that are written out, or functions that it calls, whose
 * dependencies are visible, and not letters such as L.
 */
function isIdentity({ sides }: Statement): boolean {
  let [count, isOpen] = [0, false];
  const called = new Set<string>();
  for (const side of sides) walk(side, (e) => e.kind === 'call' && called.add(keyOf(e.fn)));
  // dx/dx is 1, whatever x is.
  const isKnown = (e: Expression, by: Expression): boolean =>
    e.kind === 'letter' &&
    ((e.sub.length === 0 && called.has(keyOf(e))) || (by.kind === 'letter' && keyOf(by) === keyOf(e)));
  for (const side of sides) {
    walk(side, (e) => {
      if (e.kind !== 'derivative') return;
      count++;
      const isLetter = /^(?:letter|element)$/.test(bare(e.of).kind) && !isKnown(bare(e.of), bare(e.by[0]!));
      isOpen ||= e.mark === 'differential' || isLetter;
    });
  }
  return count > 0 && !isOpen;
}

/**
 * Judges again the formulas that don't hold on the whole page, using only their section or the formula itself. A page
 * may use the same letter with several meanings.
 */
function* readApart(
  { outline, interpretation }: Interpreted,
  formulas: readonly FormulaJudgement[],
  desk: Desk,
): Gradually<readonly FormulaJudgement[]> {
  const better = new Map<Statement, FormulaJudgement>();
  const note: Note = (part, statement, where, accepted = ['holds', 'conditional']) => {
    const index = part.outline.reading.statements.findIndex((other) => (other.origin ?? other) === statement);
    const item = part.outline.items.find((other) => other.statement === index);
    const steps = part.claims.get(index);
    if (item === undefined || steps === undefined || steps.length === 0) return undefined;
    const verdict = overallOf(steps);
    const before = formulas.find((formula) => formula.statement === statement);
    const isMeant = verdict.verdict === 'holds' || before?.overall.verdict !== 'wrong';
    if (!isMeant || !accepted.includes(verdict.verdict)) return verdict;
    const apart = formulaOf(part, item);
    const reason = `${apart.overall.reason}, judged using only ${where}`;
    better.set(statement, { ...apart, isApart: true, overall: { ...apart.overall, reason } });
    return apart.overall;
  };
  for (const section of sectionsOf(outline.reading)) {
    const doubtful = formulas.filter(
      ({ kind, overall, statement }) =>
        kind === 'claim' && isDoubtful(overall) && section.statements.some(({ origin }) => origin === statement),
    );
    if (doubtful.length === 0) continue;
    const part = yield* interpreted(outlineOf(section), desk, interpretation.layout);
    for (const { statement } of doubtful) note(part, statement, 'its section');
  }
  const refuted = new Set<Statement>();
  for (const { kind, overall, statement } of formulas) {
    if (kind !== 'claim' || !isDoubtful(overall) || better.has(statement) || !isIdentity(statement)) continue;
    const mentions = outline.reading.mentions.filter(({ block }) => block === statement.block);
    const alone = outlineOf({ ...outline.reading, statements: readAlone([statement]), mentions });
    const part = yield* new PageJudge(alone, desk, interpretation.layout).judged();
    if (note(part, statement, 'the formula itself')?.verdict === 'wrong') refuted.add(statement);
  }
  const isRefuted = (statement: Statement): boolean => refuted.has(statement) && !hasIndices(statement);
  yield* readNearby(outline, interpretation.layout, formulas, better, { note, isRefuted }, desk);
  return formulas.map((formula) => better.get(formula.statement) ?? formula);
}

/**
 * Returns whether nearly all claims of a page are understood. On such a page a verdict of 'wrong' counts by itself, if
 * its letters have one meaning; elsewhere the nearest definitions have to confirm it.
 */
function isReadWell(formulas: readonly FormulaJudgement[]): boolean {
  const claims = formulas.filter(({ kind, statement }) => kind === 'claim' || statement.error !== undefined);
  const unread = claims.filter(({ overall }) => overall.verdict === 'not understood');
  // One shape that doesn't fit is a mistake. Several, in formulas without derivatives, show that letters are misread.
  const misfits = claims.filter(
    ({ overall: { verdict, certainty }, statement }) =>
      verdict === 'wrong' && certainty === 'dimensions' && !statement.sides.some(statesDerivative),
  );
  if (misfits.length > 2) unread.push(...misfits);
  return unread.length <= 0.2 * claims.length;
}

/**
 * Returns the judgement on a formula that only the page as a whole contradicts, although little of the page is
 * understood.
 */
const doubted = (overall: Judgement, found: Judgement | undefined): Judgement =>
  judgement(
    'not understood',
    'none',
    `the page as a whole contradicts it (${overall.reason}), but the nearest definitions do not: ${found?.reason ?? 'they are not known'}`,
    { place: overall.place },
  );

/** Returns whether letters of a formula have indices, so that the formula alone doesn't say what they are. */
function hasIndices({ sides }: Statement): boolean {
  let found = false;
  for (const side of sides)
    walk(side, (e) => {
      found ||= e.kind === 'element' || (e.kind === 'letter' && e.sub.length + e.sup.length > 0);
    });
  return found;
}

type Note = (
  part: Interpreted,
  statement: Statement,
  where: string,
  accepted?: readonly Judgement['verdict'][],
) => Judgement | undefined;

/**
 * Judges formulas again using only the definitions nearest to them. If that doesn't help, and no judgement found the
 * formula wrong, leaves out the definition of the loss as well, so that the loss is arbitrary.
 */
function* readNearby(
  outline: Outline,
  layout: Layout,
  formulas: readonly FormulaJudgement[],
  better: Map<Statement, FormulaJudgement>,
  { note, isRefuted }: { readonly note: Note; readonly isRefuted: (statement: Statement) => boolean },
  desk: Desk,
): Gradually<void> {
  const nearby = new Nearby(outline);
  const isWell = isReadWell(formulas);
  const { memory } = desk;
  function* readIn(
    reading: Reading,
    { statement, overall }: FormulaJudgement,
    where: string,
    accepted?: readonly Judgement['verdict'][],
  ): Gradually<Judgement | undefined> {
    const key = memory && `${outcomeKey(reading, statement, layout)} ${overall.verdict} ${accepted?.join() ?? ''}`;
    const known = key === undefined ? undefined : memory?.outcomes.get(key);
    if (known !== undefined) return known.judgement;
    const found = note(yield* interpreted(outlineOf(reading), desk, layout), statement, where, accepted);
    const isLasting = !isBetter(better, statement) && found?.verdict !== 'undecided';
    if (key !== undefined && isLasting) memory?.outcomes.set(key, { judgement: found });
    return found;
  }
  for (const formula of formulas) {
    const { kind, overall, statement, index } = formula;
    if (kind !== 'claim' || !isDoubtful(overall) || better.has(statement) || statement.error !== undefined) continue;
    const found = yield* readIn(nearby.readingFor(index), formula, 'the nearest definitions');
    const isRefutedNearby =
      found?.verdict === 'wrong' &&
      (isWell || (found.certainty === 'numeric' && statement.sides.some(statesDerivative)));
    // Shapes that differ whatever the lengths are may have been inferred wrongly.
    const isOfShapes = overall.certainty === 'dimensions' && overall.counterexample === undefined;
    const isClear = isWell && !nearby.isAmbiguous(index) && (!isOfShapes || found?.verdict === 'wrong');
    const isConfirmed = isClear || isRefuted(statement) || isRefutedNearby;
    if (overall.verdict === 'wrong' && !better.has(statement) && !isConfirmed)
      better.set(statement, { ...formula, overall: doubted(overall, found) });
    const isOpen = overall.verdict !== 'wrong' && found?.verdict !== 'wrong';
    if (isOpen && !isBetter(better, statement)) {
      const reading = nearby.readingFor(index, outline.losses);
      yield* readIn(reading, formula, 'the nearest definitions, for an arbitrary loss');
    }
    if (isBetter(better, statement) || (overall.verdict === 'wrong' && isConfirmed)) continue;
    const isOtherwise = found?.verdict === 'wrong' && found.certainty === 'numeric';
    for (const { reading, isSection } of nearby.fewer(index)) {
      if (isOtherwise && !isSection) break;
      const where = isSection ? 'the definitions of its section' : 'fewer of its definitions';
      yield* readIn(reading, formula, where, ['holds']);
      if (isBetter(better, statement)) break;
    }
  }
}

/** Returns whether a formula has been found to hold, or to hold on a condition, by some part of the page. */
const isBetter = (better: ReadonlyMap<Statement, FormulaJudgement>, statement: Statement): boolean => {
  const found = better.get(statement);
  return found !== undefined && !isDoubtful(found.overall);
};
