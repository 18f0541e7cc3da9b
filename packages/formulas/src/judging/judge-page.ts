/** A page on trial: a verdict for each of its formulas. */

import type { Transition } from '../evaluating/setting.ts';
import { type Layout, layouts } from '../evaluating/values.ts';
import type { LetterInfo } from '../meaning/letters.ts';
import { isSupposed, supposedReadings } from '../meaning/networks.ts';
import { outlineOf } from '../meaning/outline.ts';
import type { Item, Outline, Step } from '../meaning/outline-types.ts';
import { Allowance } from '../running/deadline.ts';
import type { Statement } from '../statements/statement.ts';
import { readStatements } from '../statements/statements.ts';
import { type Page, type ReadPageOptions, readPage } from '../text/document.ts';
import { Data } from './data.ts';
import { judgeStep, Scenarios } from './judge-step.ts';
import { propertiesAt } from './properties.ts';
import { type Judgement, judgement } from './verdict.ts';
import { type World, worldOfNumbers, worldsOf } from './worlds.ts';

export interface StepJudgement extends Judgement {
  readonly step: Step;
  readonly world: World;
}

/** What is said of a formula. */
export interface FormulaJudgement {
  readonly statement: Statement;
  readonly index: number;
  readonly kind: Item['kind'];
  readonly steps: readonly StepJudgement[];
  /** That of the first step that does not follow, or of the last. */
  readonly overall: Judgement;
}

export interface PageJudgement {
  readonly page: Page;
  readonly outline: Outline;
  readonly scenarios: Scenarios;
  readonly layout: Layout;
  readonly transitions: ReadonlyMap<string, Transition>;
  readonly formulas: readonly FormulaJudgement[];
  /** What is left of the time for each formula. */
  readonly allowance: Allowance<Statement>;
}

export interface JudgeOptions extends ReadPageOptions {
  /** Milliseconds that a formula may take, with its mend. Defaults to 2000. */
  readonly budget?: number;
}

const severity: Readonly<Record<Judgement['verdict'], number>> = {
  wrong: 0,
  'not understood': 1,
  undecided: 2,
  conditional: 3,
  holds: 4,
};

/** The judgement of a chain: that of its first step that does not follow. */
function overallOf(steps: readonly Judgement[]): Judgement {
  const worst = steps.toSorted((a, b) => severity[a.verdict] - severity[b.verdict])[0]!;
  return worst.verdict === 'holds' ? steps.at(-1)! : worst;
}

/** How a page's letters are taken, where it does not say so. */
interface Interpretation {
  readonly layout: Layout;
  /** What functions are that the page uses and does not define. */
  readonly transitions: ReadonlyMap<string, Transition>;
}

type Claims = ReadonlyMap<number, readonly StepJudgement[]>;

const countOf = (claims: Claims, verdict: Judgement['verdict']): number =>
  [...claims.values()].flat().filter((step) => step.verdict === verdict).length;

const usualInterpretation: Interpretation = { layout: layouts[0]!, transitions: new Map() };

/** What a function may be that prose calls by name; sigma is the sigmoid wherever that fits. */
const spoken: readonly (readonly [RegExp, Transition])[] = [
  [/sigmoid|logistic/i, 'sigmoid'],
  [/tanh|hyperbolic tangent/i, 'tanh'],
  [/relu|rectif/i, 'relu'],
  [/softmax/i, 'softmax'],
];

class PageJudge {
  readonly #outline: Outline;
  readonly #scenarios: Scenarios;
  readonly #worlds: readonly World[];
  readonly #allowance: Allowance<Statement>;

  constructor(outline: Outline, allowance: Allowance<Statement>) {
    this.#outline = outline;
    this.#allowance = allowance;
    this.#scenarios = new Scenarios(outline);
    this.#worlds = worldsOf(outline);
  }

  #worldOf(step: Step): World {
    return this.#worlds.find(({ claims }) => claims.some((claim) => claim.step === step))!;
  }

  readonly #numbers = new Map<World, World | undefined>();

  #numbersOf(world: World): World | undefined {
    if (!this.#numbers.has(world)) this.#numbers.set(world, worldOfNumbers(world, this.#outline));
    return this.#numbers.get(world);
  }

  #step(step: Step, statement: number, { layout, transitions }: Interpretation): StepJudgement {
    const world = this.#worldOf(step);
    const own = this.#outline.reading.statements[statement]!;
    const data = new Data(propertiesAt(this.#outline, own.block), world.pointsInColumns);
    const of = { outline: this.#outline, world, step, statement, data, layout, transitions };
    const judge = (where: World): StepJudgement => ({
      ...this.#allowance.spend(own, (deadline) => judgeStep(this.#scenarios, { ...of, world: where, deadline })),
      step,
      world: where,
    });
    const judged = judge(world);
    if (judged.verdict !== 'wrong' || judged.certainty !== 'dimensions') return judged;
    const numbers = this.#numbersOf(world);
    const again = numbers && judge(numbers);
    return again?.verdict === 'holds' ? again : judged;
  }

  #claims(interpretation: Interpretation): Claims {
    const judged = this.#outline.items.filter(({ kind }) => kind === 'claim');
    return new Map(
      judged.map(({ statement, steps }) => [
        statement,
        steps.map((step) => this.#step(step, statement, interpretation)),
      ]),
    );
  }

  /** Functions without an index that the page uses and does not define. */
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

  /** Other ways to take a page, each of which may fit better, and how many formulas have to say so. */
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
      // That one formula is transposed is a mistake; that many are, a convention.
      const isSaid = layout.gradient === 'same' || /numerator.layout/i.test(prose);
      return { needed: isSaid ? 1 : 2, change: (now) => ({ ...now, layout }) };
    });
    return [...laidOut, ...functions];
  }

  /** Judges the page in the usual way, and in others where that leaves doubts: the one in which most holds is taken. */
  judged(): Interpreted {
    let interpretation = usualInterpretation;
    let claims = this.#claims(interpretation);
    const isDoubtful = (): boolean => countOf(claims, 'wrong') + countOf(claims, 'not understood') > 0;
    if (isDoubtful()) {
      for (const { needed, change } of this.#others()) {
        const other = change(interpretation);
        const judged = this.#claims(other);
        if (countOf(judged, 'holds') < countOf(claims, 'holds') + needed)
          claims = remarked(claims, judged, other.layout);
        else [interpretation, claims] = [other, judged];
        if (!isDoubtful()) break;
      }
    }
    return { outline: this.#outline, scenarios: this.#scenarios, interpretation, claims };
  }
}

interface Alternative {
  /** How many more formulas have to hold. */
  readonly needed: number;
  readonly change: (now: Interpretation) => Interpretation;
}

/** Notes which formulas are right where derivatives are laid out in another way. */
function remarked(claims: Claims, others: Claims, { gradient, jacobian }: Layout): Claims {
  const words = gradient === 'transposed' ? 'numerator' : jacobian === 'columns' ? 'denominator' : undefined;
  if (words === undefined) return claims;
  const remark = (step: StepJudgement, other: StepJudgement | undefined): StepJudgement =>
    step.verdict === 'wrong' && other?.verdict === 'holds'
      ? { ...step, reason: `${step.reason}; it holds in ${words} layout, which the page does not use` }
      : step;
  return new Map(
    [...claims].map(([statement, steps]) => [
      statement,
      steps.map((step, i) => remark(step, others.get(statement)?.[i])),
    ]),
  );
}

interface Interpreted {
  readonly outline: Outline;
  readonly scenarios: Scenarios;
  readonly interpretation: Interpretation;
  readonly claims: Claims;
}

function formulaOf(
  outline: Outline,
  { statement: index, kind }: Item,
  steps: readonly StepJudgement[],
): FormulaJudgement {
  const statement = outline.reading.statements[index]!;
  const of = (overall: Judgement): FormulaJudgement => ({ statement, index, kind, steps, overall });
  const { error } = statement;
  if (error !== undefined) return of(judgement('not understood', 'none', error.message, { place: error.span }));
  if (steps.length > 0) return of(overallOf(steps));
  if (kind === 'unread')
    return of(judgement('not understood', 'none', 'inequalities and maps are not judged', { place: statement.span }));
  if (kind === 'step') return of(judgement('holds', 'given', 'an update, which says what is done'));
  const reason = kind === 'declaration' ? 'a declaration' : kind === 'assumption' ? 'an assumption' : 'a definition';
  return of(judgement('holds', 'given', reason));
}

/** Judges a page as it is, and with a network supposed where it speaks of one that it does not describe. */
function interpreted(outline: Outline, allowance: Allowance<Statement>): Interpreted {
  const own = new PageJudge(outline, allowance);
  const readings = supposedReadings(outline);
  if (readings.length === 0) return own.judged();
  let best: Interpreted | undefined;
  for (const reading of readings) {
    const found = new PageJudge(outlineOf(reading), allowance).judged();
    if (best === undefined || countOf(found.claims, 'holds') > countOf(best.claims, 'holds')) best = found;
    if (countOf(best.claims, 'wrong') + countOf(best.claims, 'not understood') === 0) break;
  }
  return best!;
}

/** Judges every formula of a page. */
export function judgePage(text: string, { budget = 2000, ...options }: JudgeOptions = {}): PageJudgement {
  const page = readPage(text, options);
  const allowance = new Allowance<Statement>(budget);
  const { outline, scenarios, interpretation, claims } = interpreted(outlineOf(readStatements(page)), allowance);
  const own = outline.items.filter(({ statement }) => !isSupposed(outline.reading.statements[statement]!));
  const formulas = own.map((item) => formulaOf(outline, item, claims.get(item.statement) ?? []));
  return { page, outline, scenarios, ...interpretation, formulas, allowance };
}
