/** Judges the claims of a page under the interpretation in which the most of them hold. */

import type { Transition } from '../evaluating/setting.ts';
import { type Layout, layouts } from '../evaluating/values.ts';
import type { LetterInfo } from '../meaning/letters/letters.ts';
import { supposedReadings } from '../meaning/networks.ts';
import { outlineOf } from '../meaning/outline.ts';
import type { Equation, Item, Outline } from '../meaning/outline-types.ts';
import { containsDerivative, defined } from '../meaning/sides.ts';
import type { Allowance } from '../running/deadline.ts';
import type { Statement } from '../statements/statement.ts';
import { Data } from './data.ts';
import { judgeStep, Scenarios } from './judge-step.ts';
import { Dependencies } from './memory/dependencies.ts';
import { at, kept, type Memory } from './memory/memory.ts';
import { propertiesAt } from './properties.ts';
import { type Judgement, judgement } from './verdict.ts';
import { type World, worldOfNumbers, worldsOf } from './worlds.ts';

export interface StepJudgement extends Judgement {
  readonly step: Equation;
  readonly world: World;
  /** The cache key of the judgement; undefined without a `memory`. */
  readonly key: string | undefined;
  /** A remark to add to the reason: that a wrong formula holds in another layout. */
  readonly remark?: string;
}

/** A computation in small steps, which can be stopped after each of them. */
export type Gradually<T> = Generator<undefined, T, undefined>;

/** The judgement of a formula. */
export interface FormulaJudgement {
  readonly statement: Statement;
  readonly index: number;
  readonly kind: Item['kind'];
  readonly steps: readonly StepJudgement[];
  /** The judgement of the step that determines the verdict: the worst step, or the last one if all hold. */
  readonly overall: Judgement;
  /** Whether it was interpreted apart from the rest of the page, since its letters have other meanings there. */
  readonly isApart: boolean;
}

/** The state shared by the parts of a page's judgement. */
export interface Desk {
  /** The remaining time of each formula. */
  readonly allowance: Allowance<Statement>;
  readonly memory: Memory | undefined;
}

const severity: Readonly<Record<Judgement['verdict'], number>> = {
  wrong: 0,
  'not understood': 1,
  undecided: 2,
  conditional: 3,
  holds: 4,
};

/** Returns the judgement of a chain: that of its worst step, or of the last one if all hold. */
export function overallOf(steps: readonly Judgement[]): Judgement {
  const worst = steps.toSorted((a, b) => severity[a.verdict] - severity[b.verdict])[0]!;
  // If one step isn't understood, the inferred shapes may be wrong, so a shape mismatch is not conclusive.
  const unread = steps.find(({ verdict }) => verdict === 'not understood');
  if (worst.verdict === 'wrong' && worst.certainty === 'dimensions' && unread !== undefined) return unread;
  return worst.verdict === 'holds' ? steps.at(-1)! : worst;
}

/** The interpretation of the conventions that a page doesn't state. */
export interface Interpretation {
  readonly layout: Layout;
  /** The transitions used for functions that the page uses but doesn't define. */
  readonly transitions: ReadonlyMap<string, Transition>;
}

type Claims = ReadonlyMap<number, readonly StepJudgement[]>;

const countOf = (claims: Claims, verdict: Judgement['verdict']): number =>
  [...claims.values()].flat().filter((step) => step.verdict === verdict).length;

const usualInterpretation: Interpretation = { layout: layouts[0]!, transitions: new Map() };

/**
 * Words in the prose that name a function, each with the transition to try for undefined functions. A function sigma
 * is also tried as the sigmoid.
 */
const spoken: readonly (readonly [RegExp, Transition])[] = [
  [/sigmoid|logistic/i, 'sigmoid'],
  [/tanh|hyperbolic tangent/i, 'tanh'],
  [/relu|rectif/i, 'relu'],
  [/softmax/i, 'softmax'],
];

export class PageJudge {
  readonly #outline: Outline;
  readonly #scenarios: Scenarios;
  readonly #worlds: readonly World[];
  readonly #desk: Desk;
  readonly #dependencies: Dependencies;

  /** The layout of derivatives, if known. */
  readonly #layout: Layout | undefined;

  constructor(outline: Outline, desk: Desk, layout?: Layout) {
    this.#outline = outline;
    this.#layout = layout;
    this.#desk = desk;
    this.#scenarios = new Scenarios(outline);
    this.#worlds = worldsOf(outline);
    this.#dependencies = new Dependencies(outline, this.#scenarios);
  }

  #worldOf(step: Equation): World {
    return this.#worlds.find(({ claims }) => claims.some((claim) => claim.step === step))!;
  }

  readonly #numbers = new Map<World, World | undefined>();

  #numbersOf(world: World): World | undefined {
    if (!this.#numbers.has(world)) this.#numbers.set(world, worldOfNumbers(world, this.#outline));
    return this.#numbers.get(world);
  }

  #step(
    step: Equation,
    statement: number,
    { layout, transitions }: Interpretation,
    key: string | undefined,
    isDraft = true,
  ): StepJudgement {
    const name = key === undefined || isDraft ? key : `${key} with a counterexample`;
    const world = this.#worldOf(step);
    const own = this.#outline.reading.statements[statement]!;
    const { allowance, memory } = this.#desk;
    const known = name === undefined ? undefined : memory?.judgements.get(name);
    if (known !== undefined) {
      const where = known.asNumbers ? this.#numbersOf(world)! : world;
      return { ...at(known, own.span), step, world: where, key };
    }
    const data = new Data(propertiesAt(this.#outline, own.block), world.pointsInColumns);
    const of = { outline: this.#outline, world, step, statement, data, layout, transitions, isDraft };
    const judge = (where: World): StepJudgement => ({
      ...allowance.spend(own.origin ?? own, (deadline) =>
        judgeStep(this.#scenarios, { ...of, world: where, deadline }),
      ),
      step,
      world: where,
      key,
    });
    const judged = judge(world);
    const isMisfit = judged.verdict === 'wrong' && judged.certainty === 'dimensions';
    const numbers = isMisfit ? this.#numbersOf(world) : undefined;
    const again = numbers && judge(numbers);
    const found = again?.verdict === 'holds' ? again : judged;
    const result = kept(found, own.span, found === again);
    if (name !== undefined && result !== undefined) memory?.judgements.set(name, result);
    return found;
  }

  /** Judges the claims among the statements that `isWanted` selects. */
  *#claims(interpretation: Interpretation, isWanted: (statement: number) => boolean = () => true): Gradually<Claims> {
    const claims = this.#outline.items.filter(({ kind, statement }) => kind === 'claim' && isWanted(statement));
    // The dependencies of all steps are determined first, since judging a step adds to the known lengths.
    const asked = claims.map(({ statement, steps }) => ({
      statement,
      steps: steps.map((step) => ({ step, key: this.#keyOf(step, statement, interpretation) })),
    }));
    const judged = new Map<number, readonly StepJudgement[]>();
    for (const { statement, steps } of asked) {
      judged.set(
        statement,
        steps.map(({ step, key }) => this.#step(step, statement, interpretation, key)),
      );
      yield;
    }
    return judged;
  }

  #keyOf(step: Equation, statement: number, { layout, transitions }: Interpretation): string | undefined {
    if (this.#desk.memory === undefined) return undefined;
    return this.#dependencies.of({ world: this.#worldOf(step), step, statement, layout, transitions });
  }

  /** Returns the functions without an index that the page uses but doesn't define. */
  #unknownFunctions(): LetterInfo[] {
    const { letters, functions, definitions, reading, losses } = this.#outline;
    return [...letters.all.values()].filter(({ key, family, alphabet }) => {
      const isKnown =
        functions.some((fn) => fn.key === key) ||
        definitions.some((definition) => definition.key === key) ||
        losses.has(key);
      return reading.notation.functions.has(key) && family === 0 && alphabet !== 'upright' && !isKnown;
    });
  }

  /**
   * Returns alternative interpretations of the page, each with the number of additional formulas that must hold to justify
   * it.
   */
  #others(): Alternative[] {
    const prose = this.#outline.reading.page.blocks.map((block) => block.prose).join(' ');
    const functions = this.#unknownFunctions().flatMap(({ key, name }) => {
      const named = spoken.filter(([pattern]) => pattern.test(prose)).map(([, transition]) => transition);
      const all = name === 'sigma' && !named.includes('sigmoid') ? [...named, 'sigmoid' as const] : named;
      return all.map((transition): Alternative => {
        const change = (now: Interpretation): Interpretation => ({
          ...now,
          transitions: new Map([...now.transitions, [key, transition]]),
        });
        return { needed: 1, change };
      });
    });
    const laidOut = layouts.slice(1).map((layout): Alternative => {
      // A single transposed formula is a mistake; several are a convention.
      const isSaid = layout.gradient === 'same' || /numerator.layout/i.test(prose);
      return { needed: isSaid ? 1 : 2, change: (now) => ({ ...now, layout }) };
    });
    return this.#layout === undefined ? [...laidOut, ...functions] : functions;
  }

  /**
   * Judges the page with the usual interpretation. If doubts remain, tries others, and keeps the one in which the most
   * formulas hold.
   */
  *judged(): Gradually<Interpreted> {
    let interpretation: Interpretation = { ...usualInterpretation, layout: this.#layout ?? layouts[0]! };
    let claims = yield* this.#claims(interpretation);
    const isDoubtful = (): boolean => countOf(claims, 'wrong') + countOf(claims, 'not understood') > 0;
    if (isDoubtful()) {
      for (const { needed, change } of this.#others()) {
        const other = change(interpretation);
        // Only steps that don't hold yet can be gained. If too few are, the others needn't be judged.
        const isOpen = (statement: number): boolean =>
          claims.get(statement)?.some(({ verdict }) => verdict !== 'holds') === true;
        const tried = yield* this.#claims(other, isOpen);
        const before = new Map([...claims].filter(([statement]) => isOpen(statement)));
        if (countOf(tried, 'holds') < countOf(before, 'holds') + needed) {
          claims = remarked(claims, tried, other.layout);
          continue;
        }
        const rest = yield* this.#claims(other, (statement) => !isOpen(statement));
        const judged = new Map(
          [...claims.keys()].map((statement) => [statement, (tried.get(statement) ?? rest.get(statement))!]),
        );
        if (countOf(judged, 'holds') < countOf(claims, 'holds') + needed)
          claims = remarked(claims, judged, other.layout);
        else [interpretation, claims] = [other, judged];
        if (!isDoubtful()) break;
      }
    }
    const { memory } = this.#desk;
    return {
      outline: this.#outline,
      scenarios: this.#scenarios,
      dependencies: memory && this.#dependencies,
      interpretation,
      claims,
      finish: this.#finish,
    };
  }

  /** Judges a failed step again, this time with a search for a counterexample. */
  readonly #finish = (judged: StepJudgement, statement: number, interpretation: Interpretation): StepJudgement => {
    if (judged.verdict !== 'wrong' && judged.verdict !== 'conditional') return judged;
    const again = this.#step(judged.step, statement, interpretation, judged.key, false);
    if (again.verdict !== judged.verdict) return judged;
    return { ...again, reason: `${again.reason}${judged.remark ?? ''}`, world: judged.world };
  };
}

interface Alternative {
  /** The number of additional formulas that must hold. */
  readonly needed: number;
  readonly change: (now: Interpretation) => Interpretation;
}

/** Adds a remark to wrong formulas that hold in another layout of derivatives. */
function remarked(claims: Claims, others: Claims, { gradient, jacobian }: Layout): Claims {
  const words = gradient === 'transposed' ? 'numerator' : jacobian === 'columns' ? 'denominator' : undefined;
  if (words === undefined) return claims;
  const remark = (step: StepJudgement, other: StepJudgement | undefined): StepJudgement =>
    step.verdict === 'wrong' && other?.verdict === 'holds'
      ? { ...step, remark: `; it holds in ${words} layout, which the page does not use` }
      : step;
  return new Map(
    [...claims].map(([statement, steps]) => [
      statement,
      steps.map((step, i) => remark(step, others.get(statement)?.[i])),
    ]),
  );
}

export interface Interpreted {
  readonly outline: Outline;
  readonly scenarios: Scenarios;
  readonly dependencies: Dependencies | undefined;
  readonly interpretation: Interpretation;
  readonly claims: Claims;
  /** Judges a failed step again, this time with a search for a counterexample. */
  readonly finish: (judged: StepJudgement, statement: number, interpretation: Interpretation) => StepJudgement;
}

export function formulaOf(found: Interpreted, { statement: index, kind }: Item): FormulaJudgement {
  const { outline, interpretation, claims } = found;
  const steps = (claims.get(index) ?? []).map((step) => found.finish(step, index, interpretation));
  const statement = outline.reading.statements[index]!;
  const of = (overall: Judgement): FormulaJudgement => ({ statement, index, kind, steps, overall, isApart: false });
  const { error } = statement;
  if (error !== undefined) return of(judgement('not understood', 'none', error.message, { place: error.span }));
  if (steps.length > 0) return of(overallOf(steps));
  if (kind === 'unread')
    return of(judgement('not understood', 'none', 'inequalities and maps are not judged', { place: statement.span }));
  if (kind === 'step') return of(judgement('holds', 'given', 'an update rule, not a claim'));
  const reason = kind === 'declaration' ? 'a declaration' : kind === 'assumption' ? 'an assumption' : 'a definition';
  return of(judgement('holds', 'given', reason));
}

/** Returns the statements that assign a value to a letter and would be wrong as claims. */
function otherValues({ outline, claims }: Interpreted): Set<Statement> {
  const { statements } = outline.reading;
  const isGiven = (statement: Statement): boolean => {
    const [left, right] = statement.sides;
    return statement.sides.length === 2 && defined(left!) !== undefined && !containsDerivative(right!);
  };
  const wrong = [...claims].filter(([index, steps]) => isGiven(statements[index]!) && steps.some(isDoubtful));
  return new Set(wrong.map(([index]) => statements[index]!));
}

export const isDoubtful = ({ verdict }: Judgement): boolean => verdict === 'wrong' || verdict === 'not understood';

/**
 * Reinterprets the page, allowing letters to be reassigned along the way. Uses the result only if more formulas hold,
 * and all that held before still do.
 */
function* redefined(found: Interpreted, desk: Desk, layout?: Layout): Gradually<Interpreted> {
  const values = otherValues(found);
  if (values.size === 0) return found;
  const other = yield* new PageJudge(outlineOf(found.outline.reading, values), desk, layout).judged();
  const holds = ({ claims }: Interpreted, index: number): boolean =>
    claims.get(index)?.every(({ verdict }) => verdict === 'holds') === true;
  const indices = [...other.claims.keys()];
  const isLost = indices.some((index) => holds(found, index) && !holds(other, index));
  return !isLost && indices.some((index) => holds(other, index) && !holds(found, index)) ? other : found;
}

/** Judges a page as written or, if it refers to a network without describing it, with an assumed one. */
export function* interpreted(outline: Outline, desk: Desk, layout?: Layout): Gradually<Interpreted> {
  const own = new PageJudge(outline, desk, layout);
  const readings = supposedReadings(outline);
  if (readings.length === 0) return yield* redefined(yield* own.judged(), desk, layout);
  let best: Interpreted | undefined;
  for (const reading of readings) {
    const found = yield* new PageJudge(outlineOf(reading), desk, layout).judged();
    if (best === undefined || countOf(found.claims, 'holds') > countOf(best.claims, 'holds')) best = found;
    if (countOf(best.claims, 'wrong') + countOf(best.claims, 'not understood') === 0) break;
  }
  return best!;
}
