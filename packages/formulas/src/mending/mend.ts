/** Finds the smallest change that makes a wrong formula hold. */

import { openNames } from '../judging/assignments.ts';
import { type Case, judgeStep, namedSizes, type Scenarios, softmaxTrial } from '../judging/judge-step.ts';
import type { Judgement } from '../judging/verdict.ts';
import { keysIn } from '../judging/worlds.ts';
import type { Equation } from '../meaning/outline-types.ts';
import { indexOfSide } from '../meaning/sides.ts';
import {
  bare,
  type CallNode,
  type DerivativeNode,
  type Expression,
  keyOf,
  type LetterNode,
  made,
  partsOf,
  walk,
} from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import { type Edit, editsOf, type Workshop } from './edits.ts';
import { grouped, letterNamed, loose, ones, product, sizeOf, transposeMark } from './notation.ts';
import { rearrangementsOf } from './rearrangements.ts';
import { Tester } from './tester.ts';

/** A search that can be stopped between two candidates. */
type Searching = Generator<undefined, Mend | undefined, undefined>;

export interface Mend {
  /** The side that was changed. */
  readonly side: 'left' | 'right';
  readonly expression: Expression;
  readonly what: string;
  /** The condition under which the corrected formula holds; undefined if it always holds. */
  readonly when: string | undefined;
}

const containsDerivative = (e: Expression): boolean => {
  let found = false;
  walk(e, ({ kind }) => {
    found ||= kind === 'derivative';
  });
  return found;
};

/** Replaces an index letter of a letter by another index. */
function substituted(e: LetterNode, name: string, index: Expression): LetterNode {
  const change = (list: readonly Expression[]): Expression[] =>
    list.map((part) => (bare(part).kind === 'letter' && (bare(part) as LetterNode).name === name ? index : part));
  return { ...e, verbatim: false, sub: change(e.sub), sup: change(e.sup) };
}

class Search {
  readonly #scenarios: Scenarios;
  readonly #case: Case;
  readonly #tester: Tester;
  readonly #shop: Workshop;

  constructor(scenarios: Scenarios, of: Case) {
    this.#scenarios = scenarios;
    this.#case = of;
    this.#tester = new Tester(scenarios, of);
    const { outline, step, world } = of;
    const { statements, page } = outline.reading;
    const counts = [...namedSizes(this.#tester.scenario).keys()].filter((name) => !name.includes(' '));
    this.#shop = {
      mark: transposeMark(statements, page.format === 'text'),
      isNumber: this.#tester.isNumber,
      counts: counts.map((name) => outline.letters.infoOf(name)?.sample ?? letterNamed(name)),
      slopes: this.#slopes(),
      ways: this.#ways(),
      letters: [...new Set(world.definitions.map(({ key }) => key))]
        .flatMap((key) => outline.letters.infoOf(key)?.sample ?? [])
        .slice(0, 8),
      indexNames: openNames(step, this.#tester.scenario),
    };
  }

  /** Collects the slopes s'(a) of the functions s that the page applies, also at the index of the formula. */
  #slopes(): Expression[] {
    const { outline, world, step } = this.#case;
    const index = indexOfSide(step.left);
    const slopes = new Map<string, Expression>();
    const note = (e: CallNode): void => {
      if (e.args.length !== 1 || e.fn.primes > 1) return;
      const isLoss = outline.losses.has(keyOf(e.fn));
      if (isLoss || (e.fn.alphabet === 'upright' && !/^(?:tanh|sigmoid|relu|softplus)$/.test(e.fn.name))) return;
      const arg = bare(e.args[0]!);
      const of = (fn: LetterNode, inside: Expression): void => {
        const call: CallNode = { ...e, ...made, fn: { ...fn, verbatim: false, primes: 1 }, args: [inside], open: '(' };
        slopes.set(textOf(call), call);
      };
      of(e.fn, arg);
      if (index !== undefined && arg.kind === 'letter') of(substituted(e.fn, 'l', index), substituted(arg, 'l', index));
    };
    const statements = new Set([...world.definitions, ...world.claims].map(({ statement }) => statement));
    for (const statement of statements) {
      for (const side of outline.reading.statements[statement]!.sides)
        walk(side, (e) => void (e.kind === 'call' && note(e)));
    }
    return [...slopes.values()].filter((slope) => this.#tester.valueOf(slope) !== undefined).slice(0, 12);
  }

  /** Builds the chain-rule products through each intermediate quantity that depends on the variable. */
  #ways(): Expression[] {
    const { outline, world, step } = this.#case;
    const left = bare(step.left);
    const variable = left.kind === 'derivative' && left.by.length === 1 ? bare(left.by[0]!) : undefined;
    if (left.kind !== 'derivative' || variable?.kind !== 'letter') return [];
    const { key } = outline.letters.useOf(variable);
    const names = new Set(openNames(step, this.#tester.scenario));
    const ways = world.definitions.flatMap(({ key: own, body, statement, pattern }) => {
      const isOpen = pattern.every(
        (index) => bare(index).kind === 'letter' && names.has((bare(index) as LetterNode).name),
      );
      if (!isOpen || outline.losses.has(own) || !keysIn(body, outline).has(key)) return [];
      const middle = outline.reading.statements[statement]!.sides[0]!;
      const derivative = (of: Expression, by: Expression): DerivativeNode => ({ ...left, ...made, of, by: [by] });
      return [product([derivative(left.of, middle), derivative(middle, variable)])];
    });
    return ways.slice(0, 8);
  }

  #judged(right: Expression): Judgement {
    const { step } = this.#case;
    return judgeStep(this.#scenarios, { ...this.#case, step: { ...step, right } });
  }

  /**
   * Looks for a right side with which the formula always holds, or at least holds in more cases than with the present
   * one.
   */
  *find(right: Expression, before: Judgement): Searching {
    const isRight = before.verdict === 'conditional';
    const found = yield* isRight ? this.#conditional(right, before) : this.#wrong(right);
    return found ?? (isRight ? this.#softmax(right) : undefined);
  }

  #mend = (expression: Expression, what: string, when?: string): Mend => ({ side: 'right', expression, what, when });

  *#wrong(right: Expression): Searching {
    const { deadline } = this.#case;
    const first = sorted([...editsOf(right, this.#shop), ...this.#rearranged(right)]);
    let conditional: Mend | undefined;
    const attempt = ({ result, what }: Edit): Mend | undefined => {
      if (!this.#tester.mayHold(result)) return undefined;
      const { verdict, reason } = this.#judged(result);
      if (verdict === 'holds') return this.#mend(result, what);
      if (verdict === 'conditional') conditional ??= this.#mend(result, what, reason);
      return undefined;
    };
    for (const edit of first) {
      if (deadline.isOver) return conditional;
      const found = attempt(edit);
      if (found !== undefined) return found;
      yield;
    }
    if (conditional !== undefined) return conditional;
    for (const { result, cost, what } of first) {
      if (cost > 1.6) break;
      for (const second of sorted([...editsOf(result, this.#shop), ...(cost <= 1.2 ? this.#rearranged(result) : [])])) {
        if (deadline.isOver) return conditional;
        if (second.cost > 2.4) break;
        const found = attempt({ ...second, what: second.what === what ? `${what}, twice` : `${what}, ${second.what}` });
        if (found !== undefined) return found;
        yield;
      }
    }
    return conditional;
  }

  /** Rearranges the factors of an expression, of its terms, and of its bracketed parts. */
  #rearranged(e: Expression): Edit[] {
    const nodeOf = (part: Expression) => this.#tester.valueOf(part)?.node;
    const own = rearrangementsOf(e, this.#shop, nodeOf);
    const parts = e.kind === 'sum' && e.terms.length > 1 ? e.terms : [];
    const ofTerms = parts.flatMap((term, i) =>
      rearrangementsOf(term, this.#shop, nodeOf).map(
        (edit): Edit => ({
          ...edit,
          result: {
            ...(e as Extract<Expression, { kind: 'sum' }>),
            verbatim: false,
            terms: parts.with(i, edit.result),
          },
        }),
      ),
    );
    const inner =
      e.kind === 'group'
        ? rearrangementsOf(e.body, this.#shop, nodeOf).map(
            (edit): Edit => ({ ...edit, result: { ...e, verbatim: false, body: edit.result } }),
          )
        : [];
    const ofBig =
      e.kind === 'big'
        ? rearrangementsOf(e.body, this.#shop, nodeOf).map(
            (edit): Edit => ({ ...edit, result: { ...e, verbatim: false, body: edit.result } }),
          )
        : [];
    return [...own, ...ofTerms, ...inner, ...ofBig, ...this.#rearrangedWithin(e, nodeOf)];
  }

  /** Rearranges the factors inside brackets, as in [A ⊙ B C] D. */
  #rearrangedWithin(e: Expression, nodeOf: (part: Expression) => { readonly id: number } | undefined): Edit[] {
    if (e.kind !== 'product' && e.kind !== 'loose') return [];
    const parts = partsOf(e);
    return parts.flatMap((part, i) => {
      if (part.kind !== 'group' || (bare(part).kind !== 'loose' && bare(part).kind !== 'product')) return [];
      return rearrangementsOf(bare(part), this.#shop, nodeOf).map((edit): Edit => {
        const inside: Expression = { ...part, verbatim: false, body: edit.result };
        const result: Expression =
          e.kind === 'product'
            ? { ...e, verbatim: false, factors: parts.with(i, inside) }
            : { ...e, verbatim: false, left: i === 0 ? inside : e.left, right: i === 1 ? inside : e.right };
        return { ...edit, result };
      });
    });
  }

  /**
   * Corrects a formula that holds for one point but not for several, typically because a factor such as 1/n is
   * missing.
   */
  *#conditional(right: Expression, before: Judgement): Searching {
    const isOfPoints = before.reason.includes('for one point');
    if (!isOfPoints) return undefined;
    const trial = { ...this.#tester.scenario.trial, points: 3 };
    for (const { result, what } of sorted(editsOf(right, this.#shop))) {
      if (this.#case.deadline.isOver) return undefined;
      yield;
      if (!this.#tester.mayHold(result) || !this.#tester.holdsIn(this.#scenarios, trial, result)) continue;
      const { verdict, reason } = this.#judged(result);
      if (verdict === 'holds') return this.#mend(result, what);
      if (verdict === 'conditional' && !reason.includes('for one point')) return this.#mend(result, what, reason);
    }
    return undefined;
  }

  /** Replaces elementwise slopes by the full Jacobian that a softmax needs. */
  #softmax(right: Expression): Mend | undefined {
    const trial = softmaxTrial(this.#tester.scenario);
    const inside = bare(right);
    if (trial === undefined || inside.kind !== 'loose') return undefined;
    const [g, slope] =
      bare(inside.right).kind === 'call' ? [inside.left, bare(inside.right)] : [inside.right, bare(inside.left)];
    if (slope.kind !== 'call' || slope.fn.primes !== 1 || slope.args.length !== 1) return undefined;
    const z: Expression = this.#activation(slope) ?? {
      ...slope,
      verbatim: false,
      fn: { ...slope.fn, verbatim: false, primes: 0 },
    };
    const whole: DerivativeNode = {
      ...made,
      kind: 'derivative',
      mark: 'partial',
      of: z,
      by: [slope.args[0]!],
      behind: false,
    };
    const always = product([{ ...made, kind: 'transpose', of: grouped(whole), mark: this.#shop.mark }, g]);
    if (this.#tester.mayHold(always) && this.#judged(always).verdict === 'holds')
      return this.#mend(always, 'the full Jacobian instead of elementwise derivatives');
    const one = ones();
    const oneT: Expression = { ...made, kind: 'transpose', of: ones(), mark: this.#shop.mark };
    const both = grouped(loose(g, z, 'odot'));
    const minus = (part: Expression): Expression =>
      grouped({ ...made, kind: 'sum', terms: [g, part], minus: [false, true] });
    for (const share of [product([both, one, oneT]), product([one, oneT, both])]) {
      const candidate = loose(z, minus(share));
      if (this.#tester.holdsIn(this.#scenarios, trial, candidate))
        return this.#mend(candidate, 'the full Jacobian instead of elementwise derivatives', 'for a softmax');
    }
    return undefined;
  }

  /** Finds the letter that denotes a function's value: Z_l for σ_l(A_l). */
  #activation({ fn, args }: CallNode): Expression | undefined {
    const { outline, world } = this.#case;
    const arg = bare(args[0]!);
    const index = arg.kind === 'letter' ? (arg.sup[0] ?? arg.sub[0]) : undefined;
    for (const { body, statement } of world.definitions) {
      const inside = bare(body);
      if (inside.kind !== 'call' || keyOf(inside.fn) !== keyOf(fn)) continue;
      const left = bare(outline.reading.statements[statement]!.sides[0]!);
      if (left.kind !== 'letter' || index === undefined) continue;
      const change = (list: readonly Expression[]): Expression[] => list.map(() => index);
      return { ...left, verbatim: false, sub: change(left.sub), sup: change(left.sup) };
    }
    return undefined;
  }
}

const sorted = (edits: readonly Edit[]): Edit[] =>
  edits.toSorted((a, b) => a.cost - b.cost || sizeOf(a.result) - sizeOf(b.result));

/** The relations whose sides a mend can make equal. */
const mendable: ReadonlySet<string> = new Set(['=', 'define', 'leftarrow', 'propto']);

/** Looks for the smallest change that makes a step hold; returns undefined if none is found in time. */
export function* mendStep(scenarios: Scenarios, of: Case, before: Judgement): Searching {
  const { step } = of;
  if (!mendable.has(step.relation)) return undefined;
  const isReversed =
    containsDerivative(step.right) && !containsDerivative(step.left) && bare(step.left).kind !== 'letter';
  if (!isReversed) return yield* new Search(scenarios, of).find(step.right, before);
  const turned: Equation = { left: step.right, right: step.left, relation: step.relation };
  const found = yield* new Search(scenarios, { ...of, step: turned }).find(step.left, before);
  return found && { ...found, side: 'left' };
}
