/** Judges approximations and limits by the order of their error. */

import { NoMeaning, topScope } from '../../evaluating/scope.ts';
import type { Value } from '../../evaluating/values.ts';
import type { Equation, Outline } from '../../meaning/outline-types.ts';
import { ancestorsOf, type Node, smallLeaf } from '../../running/graph.ts';
import { bare, type Expression, keyOf, type LetterNode, walk } from '../../syntax/ast.ts';
import { textOf } from '../../syntax/print-text.ts';
import type { Data } from '../data.ts';
import type { Scenario } from '../scenario.ts';
import type { Pair } from '../trial.ts';

/** Letters that are usually small. */
const usuallySmall = /^(?:epsilon|varepsilon|Delta|h)$/;

/** Small quantities: letters, and the distances of letters from others. */
interface Small {
  readonly letters: ReadonlyMap<string, LetterNode>;
  readonly distances: readonly { readonly letter: LetterNode; readonly from: Expression }[];
}

/** Returns the letters that `whole` adds to `part`: v of w + v and w. */
function increments(whole: Expression, part: Expression): LetterNode[] {
  const sum = bare(whole);
  if (sum.kind !== 'sum') return [];
  const own = bare(part);
  const kept = (own.kind === 'sum' ? own.terms : [own]).map(textOf);
  const rest = sum.terms.filter((term) => !kept.includes(textOf(term)));
  if (rest.length === 0 || rest.length !== sum.terms.length - kept.length) return [];
  return rest.flatMap((term) => (bare(term).kind === 'letter' ? [bare(term) as LetterNode] : []));
}

/** Finds what is small in a step: what is added in an argument of a function, and the usual letters. */
function smallIn({ left, right }: Equation, outline: Outline): Small {
  const letters = new Map<string, LetterNode>();
  const distances: { letter: LetterNode; from: Expression }[] = [];
  const note = (letter: LetterNode): void => void letters.set(outline.letters.useOf(letter).key, letter);
  const calls = new Map<string, Expression[][]>();
  const sums: Expression[] = [];
  for (const side of [left, right]) {
    walk(side, (e) => {
      const isFunction = e.kind === 'letter' && outline.reading.notation.functions.has(keyOf(e));
      if (e.kind === 'letter' && usuallySmall.test(e.name) && !isFunction) note(e);
      if (e.kind === 'sum') sums.push(e);
      if (e.kind === 'call') calls.set(keyOf(e.fn), [...(calls.get(keyOf(e.fn)) ?? []), [...e.args]]);
    });
  }
  for (const all of calls.values()) {
    for (const a of all) {
      for (const b of all) {
        a.forEach((arg, i) => {
          if (b[i] === undefined) return;
          for (const letter of increments(arg, b[i])) note(letter);
          const [x, from] = [bare(arg), bare(b[i])];
          const isNear =
            x.kind === 'letter' &&
            textOf(x) !== textOf(from) &&
            sums.some(
              (sum) =>
                sum.kind === 'sum' &&
                sum.terms.length === 2 &&
                textOf(sum.terms[0]!) === textOf(x) &&
                sum.minus[1] === true &&
                textOf(bare(sum.terms[1]!)) === textOf(from),
            );
          if (isNear) distances.push({ letter: x, from });
        });
      }
    }
  }
  return { letters, distances };
}

/** Returns the order of an expression in the small quantities, where it has them as factors. */
function orderOf(e: Expression, small: Small, outline: Outline): number {
  const go = (part: Expression): number => orderOf(part, small, outline);
  switch (e.kind) {
    case 'letter':
      return small.letters.has(outline.letters.useOf(e).key) ? 1 : 0;
    case 'sum': {
      const [first, second] = e.terms;
      const isDistance = small.distances.some(
        ({ letter, from }) =>
          e.terms.length === 2 && textOf(first!) === textOf(letter) && textOf(bare(second!)) === textOf(from),
      );
      return isDistance ? 1 : Math.max(...e.terms.map(go));
    }
    case 'product':
      return e.factors.reduce((total, factor) => total + go(factor), 0);
    case 'loose':
    case 'inner':
      return go(e.left) + go(e.right);
    case 'fraction':
      return go(e.numerator) - go(e.denominator);
    case 'power': {
      const exponent = bare(e.exponent);
      return exponent.kind === 'number' ? go(e.base) * Number(exponent.text) : 0;
    }
    case 'group':
    case 'big':
      return go(e.body);
    case 'transpose':
    case 'norm':
    case 'absolute':
    case 'element':
      return go(e.of);
    default:
      return 0;
  }
}

/** Returns the argument of O(ε²), if an expression is such a term. */
function remainderOf(e: Expression): Expression | undefined {
  const isO = (letter: Expression | undefined): boolean => letter?.kind === 'letter' && letter.name === 'O';
  if (e.kind === 'call' && isO(e.fn)) return e.args[0];
  if (e.kind !== 'product' || e.factors.length !== 2 || !isO(e.factors[0])) return undefined;
  const [, group] = e.factors;
  return group?.kind === 'group' ? group.body : undefined;
}

/** A step without its term O(ε²), with the argument of that term. */
export function withoutRemainder(step: Equation): {
  readonly step: Equation;
  readonly remainder: Expression | undefined;
} {
  const { right } = step;
  if (right.kind !== 'sum') return { step, remainder: undefined };
  const at = right.terms.findIndex((term) => remainderOf(term) !== undefined);
  if (at < 0 || right.terms.length < 2) return { step, remainder: undefined };
  const others = <T>(list: readonly T[]): T[] => list.filter((_, i) => i !== at);
  const short = { ...right, verbatim: false, terms: others(right.terms), minus: others(right.minus) };
  return { step: { ...step, right: short }, remainder: remainderOf(right.terms[at]!) };
}

const containsSmall = (nodes: readonly Node[]): boolean =>
  ancestorsOf(nodes).some(({ op, attributes }) => op === 'leaf' && attributes === smallLeaf);

/** Returns nodes in which the small quantities are proportional to one small number. */
function shrunk(pair: Pair, small: Small, scenario: Scenario): [Node, Node] {
  const evaluator = scenario.at(pair.point);
  const { arithmetic } = evaluator;
  const { graph, k } = arithmetic;
  const factor = graph.leaf(smallLeaf, [1, 1]);
  const scope = { ...topScope, indices: pair.indices };
  const values = new Map<Node, Node>();
  const whole = ({ node }: Value): Node => (node.op === 'slice' ? node.inputs[0]! : node);
  for (const letter of small.letters.values()) {
    const node = whole(evaluator.value({ ...letter, sub: plainIndices(letter, scope.indices) }, scope));
    values.set(node, k.mul(node, factor));
  }
  for (const { letter, from } of small.distances) {
    const [node, start] = [whole(evaluator.value(letter, scope)), evaluator.matrix(from, scope).node];
    values.set(node, k.add(start, k.mul(k.sub(node, start), factor)));
  }
  return [graph.substituted(pair.left.node, values), graph.substituted(pair.right.node, values)];
}

/** Returns the indices of a letter, with the first element for an index that a sum binds. */
const plainIndices = ({ sub }: LetterNode, indices: ReadonlyMap<string, number>): Expression[] =>
  sub.map((index): Expression => {
    const inside = bare(index);
    const isBound = inside.kind === 'letter' && !indices.has(inside.name);
    return isBound ? { ...inside, kind: 'number', text: '1' } : index;
  });

/** The sizes of the small number at which errors are compared. */
const sizes = [1e-2, 1e-3] as const;

/** Returns the order of the error of one side, as the small quantities shrink; undefined if it has no finite value. */
function errorOrder([left, right]: readonly [Node, Node], data: Data, seed: number): number | undefined {
  const errors = sizes.map((size) => {
    const floats = data.drawn(seed, 'any', new Map([[smallLeaf, size]]));
    const [a, b] = [floats.elements(left), floats.elements(right)];
    const largest = Math.max(...a.map(Math.abs), ...b.map(Math.abs), 1e-3);
    return Math.max(...a.map((x, i) => Math.abs(x - b[b.length === 1 ? 0 : i]!))) / largest;
  });
  const [first, second] = errors as [number, number];
  if (!Number.isFinite(first) || !Number.isFinite(second)) return undefined;
  if (second < 1e-12) return Number.POSITIVE_INFINITY;
  return Math.log(first / second) / Math.log(sizes[0] / sizes[1]);
}

/**
 * Returns whether two sides agree to the order to which the formula is written: an approximation with a term linear in
 * ε must have a smaller error. Returns undefined if nothing in it is known to be small, or it has no finite value.
 */
export function approximated(
  step: Equation,
  remainder: Expression | undefined,
  pairs: readonly Pair[],
  scenario: Scenario,
  data: Data,
): { readonly isClose: boolean; readonly order: number } | undefined {
  const { outline } = scenario;
  const isLimit = containsSmall(pairs.flatMap(({ left, right }) => [left.node, right.node]));
  if (!isLimit && step.relation !== 'approx' && remainder === undefined) return undefined;
  const small = isLimit ? { letters: new Map<string, LetterNode>(), distances: [] } : smallIn(step, outline);
  if (!isLimit && small.letters.size === 0 && small.distances.length === 0) return undefined;
  const written = Math.max(0, ...[step.left, step.right].map((side) => orderOf(side, small, outline)));
  const order = remainder === undefined ? written : Math.max(1, orderOf(remainder, small, outline)) - 1;
  try {
    for (const pair of pairs) {
      const nodes = shrunk(pair, small, scenario);
      for (const seed of [1, 2]) {
        const found = errorOrder(nodes, data, seed);
        if (found === undefined) return undefined;
        if (found < order + 0.6) return { isClose: false, order };
      }
    }
  } catch (error) {
    if (error instanceof NoMeaning) return undefined;
    throw error;
  }
  return { isClose: true, order };
}
