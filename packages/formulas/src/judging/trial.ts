/** Evaluates and compares the two sides of a step in one scenario. */

import { ArgumentError, ShapeError as PrimitiveError } from '@tapegrad/kernels';
import type { Evaluator } from '../evaluating/evaluator.ts';
import { NoMeaning, topScope } from '../evaluating/scope.ts';
import {
  type Arithmetic,
  Elementless,
  isNumber,
  isVector,
  type Layout,
  Misfit,
  Unlaid,
  type Value,
} from '../evaluating/values.ts';
import { NoMember } from '../meaning/members.ts';
import type { Equation } from '../meaning/outline-types.ts';
import type { Indices } from '../meaning/program.ts';
import { ShapeError, Unknown } from '../meaning/shapes/types.ts';
import { indexOfSide } from '../meaning/sides.ts';
import type { Deadline } from '../running/deadline.ts';
import type { Floats } from '../running/floats.ts';
import type { Node } from '../running/graph.ts';
import type { Expression } from '../syntax/ast.ts';
import type { Span } from '../text/source.ts';
import { assignmentsOf } from './assignments.ts';
import type { Data, Distribution } from './data.ts';
import type { Scenario } from './scenario.ts';

/** Two values that should be equal. */
export interface Pair {
  readonly indices: Indices;
  /** The point that letters without an index refer to. */
  readonly point: number;
  readonly left: Value;
  readonly right: Value;
}

/** A shape mismatch, at some index values. */
export interface Unfit {
  readonly message: string;
  readonly at: Expression | undefined;
  readonly left: readonly number[];
  readonly right: readonly number[];
}

export type Prepared =
  | { readonly kind: 'pairs'; readonly pairs: readonly Pair[]; readonly isSummed: boolean }
  | { readonly kind: 'unfit'; readonly unfit: Unfit }
  | { readonly kind: 'no meaning'; readonly message: string; readonly span: Span | undefined };

/** Checks that two values can be compared. A number is compared only with numbers, except as handled below. */
function matched(arithmetic: Arithmetic, left: Value, right: Value, step: Equation): [Value, Value] | Unfit {
  const fits =
    left.node.shape.every((n, i) => n === right.node.shape[i]) &&
    left.one[0] === right.one[0] &&
    left.one[1] === right.one[1];
  if (fits) return [left, right];
  // [a, b] may denote a row or a column, and so may its transpose.
  const isList = (e: Expression): boolean =>
    e.kind === 'group' ? isList(e.body) : e.kind === 'transpose' ? isList(e.of) : e.kind === 'tuple';
  const isTurned = isVector(left) && isVector(right) && left.one[0] !== right.one[0];
  if (isTurned && (isList(step.left) || isList(step.right)))
    return matched(arithmetic, arithmetic.transposed(left), right, step);
  // Handles X = 0, and a vector of ones written as 1.
  if (isNumber(right) && right.node.op === 'full') return [left, right];
  const same = left.node.shape.every((n, i) => n === right.node.shape[i]);
  if (same && isNumber(left) === isNumber(right)) return [left, right];
  return {
    message: 'the two sides have different shapes',
    at: step.right,
    left: left.node.shape,
    right: right.node.shape,
  };
}

/** Evaluates both sides for each assignment of the free indices. */
export function prepare(
  step: Equation,
  statement: number,
  scenario: Scenario,
  layout: Layout,
  deadline?: Deadline,
): Prepared {
  const { members } = scenario;
  scenario.graph.deadline = deadline;
  scenario.begin();
  const pairs: Pair[] = [];
  let isSummed = false;
  const points = scenario.genericAxes().length > 0 ? scenario.trial.points : 1;
  members.implied = indexOfSide(step.left);
  try {
    for (const indices of assignmentsOf(step, statement, scenario)) {
      const hints = members.hintsIn(step, indices, statement, scenario.sizeOf);
      const at = (point: number): Pair | Unfit | undefined => {
        const evaluator = scenario.at(point);
        evaluator.arithmetic.layout = layout;
        evaluator.resolver.hints = hints;
        return evaluated(evaluator, step, statement, indices, point);
      };
      const first = at(1);
      if (first === undefined) continue;
      if ('message' in first) return { kind: 'unfit', unfit: first };
      const all = [first];
      for (let point = 2; point <= points; point++) {
        const next = at(point);
        if (next === undefined) continue;
        if ('message' in next) return { kind: 'unfit', unfit: next };
        all.push(next);
      }
      const isShared =
        all.length > 1 &&
        all.every(({ left }) => left.node === first.left.node) &&
        all.some(({ right }) => right.node !== first.right.node);
      if (isShared) {
        isSummed = true;
        pairs.push({
          ...first,
          right: all
            .map(({ right }) => right)
            .reduce((a, b) => scenario.at(1).arithmetic.paired(a, b, (k, x, y) => k.add(x, y), step.right)),
        });
      } else
        pairs.push(
          ...all.filter(
            (pair, i) =>
              all.findIndex(({ left, right }) => left.node === pair.left.node && right.node === pair.right.node) === i,
          ),
        );
    }
  } catch (error) {
    if (error instanceof Misfit)
      return { kind: 'unfit', unfit: { message: error.message, at: error.at, left: error.left, right: error.right } };
    if (error instanceof NoMeaning) return { kind: 'no meaning', message: error.message, span: error.span };
    if (error instanceof Unlaid || error instanceof ShapeError)
      return { kind: 'no meaning', message: error.message, span: undefined };
    if (error instanceof Elementless) return { kind: 'no meaning', message: error.message, span: error.at?.span };
    if (error instanceof Unknown) return { kind: 'no meaning', message: error.message, span: error.at?.span };
    // A primitive refused its operands, such as a table whose cells are arrays of different shapes.
    if (error instanceof ArgumentError || error instanceof PrimitiveError)
      return { kind: 'no meaning', message: 'its parts cannot be combined', span: step.right.span };
    throw error;
  }
  if (pairs.length === 0) return { kind: 'no meaning', message: 'no values of its indices are valid', span: undefined };
  return { kind: 'pairs', pairs, isSummed };
}

function evaluated(
  evaluator: Evaluator,
  step: Equation,
  statement: number,
  indices: Indices,
  point: number,
): Pair | Unfit | undefined {
  const scope = { ...topScope, indices, until: statement };
  try {
    const [a, b] = [evaluator.value(step.left, scope), evaluator.value(step.right, scope)];
    const sides = matched(evaluator.arithmetic, ...asFactors(evaluator, a, b), step);
    return Array.isArray(sides) ? { indices, point, left: sides[0], right: sides[1] } : sides;
  } catch (error) {
    if (error instanceof NoMember) return undefined;
    throw error;
  }
}

/**
 * Interprets a derivative of a vector with respect to a matrix, such as ∂a/∂W = z^T, as a factor of the chain rule.
 * For an arbitrary g, the product of g with the other side, from the left or the right or elementwise, should equal
 * the chain-rule product.
 */
function asFactors({ arithmetic }: Evaluator, a: Value, b: Value): [Value, Value] {
  const plain = (): [Value, Value] => [arithmetic.matrix(a), arithmetic.matrix(b)];
  const { jacobian } = a;
  if (jacobian !== undefined && b.whole !== undefined) {
    const one: readonly [boolean, boolean] = [false, false];
    return [
      { node: arithmetic.wholeJacobian(jacobian), one },
      { node: b.whole, one },
    ];
  }
  if (jacobian === undefined || b.jacobian !== undefined) return plain();
  const { of, by } = jacobian;
  const isMatrix = ({ one }: Value): boolean => !one[0] && !one[1];
  if (isNumber(of) || isNumber(by) || (!isMatrix(of) && !isMatrix(by))) return plain();
  const { k, graph } = arithmetic;
  const g: Value = { node: graph.leaf('any g@', of.node.shape), one: of.one };
  const size = of.node.shape[0]! * of.node.shape[1]!;
  const row = k.reshape(g.node, [1, size]);
  const chain: Value = {
    node: k.reshape(k.matmul(row, arithmetic.wholeJacobian(jacobian)), by.node.shape),
    one: by.one,
  };
  const candidates = [
    () => arithmetic.product(g, b, anywhere),
    () => arithmetic.product(b, g, anywhere),
    () => arithmetic.paired(g, b, (kernels, x, y) => kernels.mul(x, y), anywhere),
  ].flatMap((candidate) => {
    try {
      const value = candidate();
      return value.node.shape.every((n, i) => n === chain.node.shape[i]) ? [value] : [];
    } catch {
      return [];
    }
  });
  const [first] = candidates;
  if (first === undefined)
    throw new Misfit(
      'it is not a factor of the chain rule, neither from the left nor from the right',
      undefined,
      chain,
      arithmetic.matrix(b),
    );
  return [chain, first];
}

const anywhere: Expression = { kind: 'dots', span: { start: 0, end: 0 }, verbatim: false };

/** The elements of two arrays, and whether they are equal relative to the largest element. */
export interface Distance {
  readonly isEqual: boolean;
  readonly left: Float64Array;
  readonly right: Float64Array;
}

const tolerance = 1e-8;

/** If all elements are smaller than this, they may be rounding errors of terms that cancel. */
const faint = 1e-9;

const differences = (a: Float64Array, b: Float64Array): Float64Array => a.map((x, i) => x - b[b.length === 1 ? 0 : i]!);
const largest = (x: Float64Array): number => x.reduce((most, element) => Math.max(most, Math.abs(element)), 0);

export function distance(floats: Floats, left: Node, right: Node): Distance | undefined {
  const [a, b] = [floats.elements(left), floats.elements(right)];
  if (![...a, ...b].every(Number.isFinite)) return undefined;
  const size = Math.max(largest(a), largest(b), 1e-12);
  const apart = differences(a, b);
  const isEqual = apart.every((x) => Math.abs(x) <= tolerance * size);
  return { isEqual: isEqual || (size < faint && isRounding(floats, left, right, apart)), left: a, right: b };
}

/** Returns whether a difference is only a rounding error, which changes completely if the data are perturbed slightly. */
function isRounding({ nudged }: Floats, left: Node, right: Node, apart: Float64Array): boolean {
  if (nudged === undefined) return false;
  const other = differences(nudged.elements(left), nudged.elements(right));
  return largest(differences(apart, other)) > 1e-2 * largest(apart);
}

const draws: readonly Distribution[] = ['any', 'positive', 'share'];

/** Draws data for which all these nodes are finite. */
export function sample(data: Data, nodes: readonly Node[], seed: number): Floats | undefined {
  for (const draw of draws) {
    const floats = data.drawn(seed, draw);
    if (nodes.every((node) => floats.elements(node).every(Number.isFinite))) return floats;
  }
  return undefined;
}

/** A pair that differs, with the data at which it does. */
export interface Difference {
  readonly pair: Pair;
  readonly floats: Floats;
  readonly distance: Distance;
}

/**
 * Returns 'equal' if all pairs are equal up to rounding on several samples, otherwise the first difference. Returns
 * undefined if they have no finite values.
 */
export function holds(pairs: readonly Pair[], data: Data, seeds = 2): Difference | 'equal' | undefined {
  const nodes = pairs.flatMap(({ left, right }) => [left.node, right.node]);
  for (let seed = 1; seed <= seeds; seed++) {
    const floats = sample(data, nodes, seed);
    if (floats === undefined) return undefined;
    for (const pair of pairs) {
      const found = distance(floats, pair.left.node, pair.right.node);
      if (found === undefined) return undefined;
      if (!found.isEqual) return { pair, floats, distance: found };
    }
  }
  return 'equal';
}
