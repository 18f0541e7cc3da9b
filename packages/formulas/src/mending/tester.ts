/** Tests candidate corrections on a few values first, which rejects nearly all of them. */

import { topScope } from '../evaluating/scope.ts';
import { isNumber, type Value } from '../evaluating/values.ts';
import { assignmentsOf } from '../judging/assignments.ts';
import type { Case, Scenarios } from '../judging/judge-step.ts';
import { type Scenario, type TrialSettings, usualTrial } from '../judging/scenario.ts';
import { distance, holds, prepare, sample } from '../judging/trial.ts';
import type { Equation } from '../meaning/outline-types.ts';
import type { Indices } from '../meaning/program.ts';
import { indexOfSide } from '../meaning/sides.ts';
import type { Floats } from '../running/floats.ts';
import type { Expression } from '../syntax/ast.ts';

interface Known {
  readonly indices: Indices;
  readonly left: Value;
}

const enough = 3;

/** Tests other right sides for a step. */
export class Tester {
  readonly scenario: Scenario;
  readonly #case: Case;
  readonly #known: readonly Known[];
  readonly #floats: Floats | undefined;
  readonly #numbers = new WeakMap<Expression, boolean>();

  constructor(scenarios: Scenarios, of: Case, trial: Partial<TrialSettings> = {}) {
    this.#case = of;
    this.scenario = scenarios.of(of.world, { ...usualTrial, points: 1, transitions: of.transitions, ...trial });
    this.#known = this.#leftSides();
    this.#floats = sample(
      of.data,
      this.#known.map(({ left }) => left.node),
      1,
    );
  }

  #evaluator() {
    const evaluator = this.scenario.at(1);
    evaluator.arithmetic.layout = this.#case.layout;
    return evaluator;
  }

  #leftSides(): Known[] {
    const { step, statement } = this.#case;
    const known: Known[] = [];
    for (const indices of assignmentsOf(step, statement, this.scenario)) {
      const value = this.#value(step.left, indices, step);
      if (value !== undefined) known.push({ indices, left: value });
    }
    // Tries the first index value last: a shifted index is more likely to exist for the others.
    return known.length > 2 ? [...known.slice(1), known[0]!] : known;
  }

  #value(e: Expression, indices: Indices, step: Equation): Value | undefined {
    const { statement } = this.#case;
    try {
      const evaluator = this.#evaluator();
      this.scenario.graph.deadline = this.#case.deadline;
      this.scenario.members.implied = indexOfSide(this.#case.step.left);
      evaluator.resolver.hints = this.scenario.members.hintsIn(step, indices, statement, this.scenario.sizeOf);
      return evaluator.matrix(e, { ...topScope, indices, until: statement });
    } catch {
      return undefined;
    }
  }

  /** Returns the value of an expression at the first index values at which it can be evaluated. */
  valueOf(e: Expression): Value | undefined {
    const { left } = this.#case.step;
    for (const { indices } of this.#known.slice(0, enough)) {
      const value = this.#value(e, indices, { left, right: e, relation: '=' });
      if (value !== undefined) return value;
    }
    return undefined;
  }

  isNumber = (e: Expression): boolean => {
    const known = this.#numbers.get(e);
    if (known !== undefined) return known;
    const value = this.valueOf(e);
    const found = value !== undefined && isNumber(value);
    this.#numbers.set(e, found);
    return found;
  };

  /** Returns whether a right side is correct at a few index values, so that it may hold in general. */
  mayHold(right: Expression): boolean {
    if (this.#floats === undefined) return false;
    const { left } = this.#case.step;
    let tried = 0;
    for (const { indices, left: value } of this.#known) {
      if (tried >= enough) break;
      const other = this.#value(right, indices, { left, right, relation: '=' });
      if (other === undefined) continue;
      const fits = value.node.shape.every((n, i) => n === other.node.shape[i]);
      if (!fits && !isNumber(other)) return false;
      if (distance(this.#floats, value.node, other.node)?.isEqual !== true) return false;
      tried++;
    }
    return tried > 0;
  }

  /** Whether a right side is correct in another scenario of the same world. */
  holdsIn(scenarios: Scenarios, trial: TrialSettings, right: Expression): boolean {
    const { world, step, statement, layout, data, deadline } = this.#case;
    const prepared = prepare({ ...step, right }, statement, scenarios.of(world, trial), layout, deadline);
    return prepared.kind === 'pairs' && holds(prepared.pairs, data, 1) === 'equal';
  }
}
