/** Partial derivatives of functions with several arguments. */

import { bare, type Expression, keyOf, letterOf, made } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import type { Scope } from './scope.ts';
import type { Evaluating } from './setting.ts';
import type { Value } from './values.ts';

/**
 * Returns f(x, w) and w for the partial derivative of f(x, w) with respect to w: the other arguments are fixed, even
 * those that are computed from w. Returns undefined if the function has one argument, or the variable isn't one.
 */
export function partialOf(
  host: Evaluating,
  of: Expression,
  by: Expression,
  scope: Scope,
): { of: Value; by: Value } | undefined {
  const [top, bottom] = [bare(of), bare(by)];
  if (top.kind !== 'call' || top.args.length < 2 || top.fn.alphabet === 'upright' || bottom.kind !== 'letter')
    return undefined;
  const own = top.args.findIndex((arg) => textOf(bare(arg)) === textOf(bottom));
  if (own < 0) return undefined;
  const fixed = top.args.map((arg): Value => {
    const { node, one } = host.matrix(arg, scope);
    return { node: host.arithmetic.graph.alias(node, 'argument'), one };
  });
  const names = top.args.map((_, i) => letterOf(made, `argument ${i}`));
  const parameters = new Map([...scope.parameters, ...names.map((name, i) => [keyOf(name), fixed[i]!] as const)]);
  return { of: host.matrix({ ...top, args: names }, { ...scope, parameters }), by: fixed[own]! };
}
