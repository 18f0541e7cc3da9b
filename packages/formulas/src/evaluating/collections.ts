/** Evaluates sums, products, extrema and lists over indices. */

import { textOfCount } from '../meaning/sides.ts';
import { type BigNode, bare, type Expression, type LetterNode, type TupleNode } from '../syntax/ast.ts';
import { integral, limit } from './limits.ts';
import { NoMeaning, type Scope } from './scope.ts';
import type { Evaluating } from './setting.ts';
import { isNumber, type Value } from './values.ts';

/** Returns a bound that is a count. */
function countOf(host: Evaluating, e: Expression, scope: Scope): number | undefined {
  if (e.kind !== 'letter') return undefined;
  const { node } = host.resolver.letter(e, scope);
  return node.op === 'full' ? (node.attributes as { value: number }).value : undefined;
}

/** Throws for a sum to n where n is 1 whatever the sizes: the page must mean another range. */
function checkCount({ setting }: Evaluating, e: Expression | undefined): void {
  const { counts, types } = setting.members;
  const dim = e?.kind === 'letter' ? counts.get(textOfCount(e)) : undefined;
  const isAlone = setting.members.program.definitions.length === 0;
  if (isAlone && dim !== undefined && types.dims.extentOf(dim) === 'one')
    throw new NoMeaning('it is not known how far this sum goes', e);
}

function boundsOf(host: Evaluating, e: BigNode, index: LetterNode, scope: Scope): [number, number] {
  const at = (bound: Expression): number => {
    const inside = bare(bound);
    const value = host.resolver.index(inside, scope) ?? countOf(host, inside, scope);
    if (value === undefined) throw new NoMeaning('the limits of this sum are not known', bound);
    return value;
  };
  const from = e.from === undefined ? 1 : at(e.from);
  checkCount(host, e.to === undefined ? undefined : bare(e.to));
  if (e.to !== undefined) return [from, at(e.to)];
  const { members, sizeOf } = host.setting;
  const size = members.extentIn(index.name, e.body, scope.indices, sizeOf);
  if (size === undefined) throw new NoMeaning(`the range of the sum over '${index.name}' is not known`, index);
  return [from, size];
}

/** Returns the terms of a sum, product or list. */
function termsOf(host: Evaluating, e: BigNode, scope: Scope): Value[] {
  const terms: Value[] = [];
  const go = (position: number, indices: ReadonlyMap<string, number>): void => {
    host.arithmetic.graph.tick();
    const inner = { ...scope, indices };
    const index = e.indices[position];
    if (index === undefined) {
      if (e.condition === undefined || host.holds(e.condition, inner)) terms.push(host.matrix(e.body, inner));
      return;
    }
    const [from, to] = boundsOf(host, e, index, inner);
    for (let value = from; value <= to; value++) go(position + 1, new Map([...indices, [index.name, value]]));
  };
  go(0, scope.indices);
  return terms;
}

/** Evaluates a sum, product, extremum or list over indices. */
export function collected(host: Evaluating, e: BigNode, scope: Scope): Value {
  const { arithmetic } = host;
  if (e.op === 'integral') return integral(host, e, scope);
  if (e.op === 'limit') return limit(host, e, scope);
  const terms = termsOf(host, e, scope);
  if (e.op === 'list') return stacked(host, terms, e);
  if (terms.length === 0) return arithmetic.number(e.op === 'prod' ? 1 : 0);
  const combine = (a: Value, b: Value): Value => {
    if (e.op === 'prod') return arithmetic.product(a, b, e);
    const op = e.op === 'max' ? 'maximum' : e.op === 'min' ? 'minimum' : 'add';
    return arithmetic.paired(a, b, (k, x, y) => k[op](x, y), e);
  };
  const total = terms.reduce(combine);
  return e.op === 'mean'
    ? arithmetic.paired(total, arithmetic.number(terms.length), (k, x, y) => k.div(x, y), e)
    : total;
}

/** Returns the column of numbers, or the matrix of rows. */
function stacked({ arithmetic }: Evaluating, terms: readonly Value[], at: Expression): Value {
  const [first] = terms;
  if (first === undefined) throw new NoMeaning('this list is empty', at);
  const isRow = terms.every(({ one, node }) => one[0] && !one[1] && node.shape[1] === first.node.shape[1]);
  if (!isRow && !terms.every(isNumber)) throw new NoMeaning('a list of arrays is not supported', at);
  return (
    wholeOf(terms) ??
    arithmetic.table(
      terms.map((term) => [term]),
      [false, first.one[1]],
    )
  );
}

/** Returns the vector whose elements, in order, are the given numbers; undefined if there is none. */
function wholeOf(terms: readonly Value[]): Value | undefined {
  const [whole] = terms[0]!.node.inputs;
  const isAll =
    whole !== undefined &&
    whole.shape[0] === terms.length &&
    whole.shape[1] === 1 &&
    terms.every(({ node }, i) => {
      const { starts } = (node.op === 'slice' ? node.attributes : {}) as { readonly starts?: readonly number[] };
      return node.inputs[0] === whole && starts?.[0] === i;
    });
  return isAll ? { node: whole, one: [false, true] } : undefined;
}

/** Evaluates a list (a, b), which is a column. */
export function listed(host: Evaluating, e: TupleNode, scope: Scope): Value {
  const entries = e.items.flatMap((item) =>
    item.kind === 'big' && item.op === 'list' ? termsOf(host, item, scope) : [host.matrix(item, scope)],
  );
  return stacked(host, entries, e);
}
