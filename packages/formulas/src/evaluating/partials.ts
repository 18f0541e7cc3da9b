/** Partial derivatives of functions with several arguments. */

import { ancestorsOf } from '../running/graph.ts';
import { bare, type CallNode, type Expression, keyOf, type LetterNode, letterOf, made } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';
import type { Scope } from './scope.ts';
import type { Evaluating } from './setting.ts';
import { isNumber, type Value } from './values.ts';

/** A function and one of its arguments; the others are fixed. */
interface Partial {
  readonly of: Value;
  readonly by: Value;
  /** The indices of the element of the argument that is meant, if not all of it. */
  readonly elements: readonly Expression[];
}

/** Returns the parameters of a function: those of its definition, or the arguments with which the page writes it first. */
function parametersOf(
  { setting }: Evaluating,
  { fn, args }: CallNode,
  values: readonly number[],
): readonly Expression[] {
  const { program, outline } = setting.members;
  const found = program.findFunction(outline.letters.useOf(fn).key, values, args.length);
  if (found !== undefined) return found.definition.parameters;
  const known = outline.reading.notation.variables?.get(keyOf(fn));
  const all = known?.kind === 'tuple' ? known.items : known === undefined ? [] : [known];
  return all.length === args.length ? all : [];
}

/** Returns the position of the argument of which a letter is the name: 0 for ∂f(a, b)/∂x of a function f(x, y). */
function slotOf(host: Evaluating, call: CallNode, by: LetterNode, scope: Scope): number {
  const whole = { ...by, sub: [] };
  const names = parametersOf(host, call, host.indices(call.fn, scope)).map((parameter) => textOf(bare(parameter)));
  const slot = names.indexOf(textOf(by)) < 0 ? names.indexOf(textOf(whole)) : names.indexOf(textOf(by));
  if (slot < 0) return slot;
  // In ∂f(u)/∂x, where u is computed from x, it is the derivative of the composition.
  const variable = host.matrix(whole, scope).node;
  const used = ancestorsOf(call.args.map((arg) => host.matrix(arg, scope).node));
  return used.includes(variable) ? -1 : slot;
}

/**
 * Returns f(x, w) and w for the partial derivative of f(x, w) with respect to w: the other arguments are fixed, even
 * those that are computed from w. The variable may also be named by a parameter, as in ∂f(a, b)/∂x. Returns undefined if
 * the function has one argument, which isn't the variable.
 */
export function partialOf(host: Evaluating, of: Expression, by: Expression, scope: Scope): Partial | undefined {
  const [call, variable] = [bare(of), bare(by)];
  if (call.kind !== 'call' || call.fn.alphabet === 'upright' || call.fn.primes > 0 || variable.kind !== 'letter')
    return undefined;
  const own = call.args.findIndex((arg) => textOf(bare(arg)) === textOf(variable));
  if (own >= 0 && call.args.length < 2) return undefined;
  const slot = own >= 0 ? own : slotOf(host, call, variable, scope);
  if (slot < 0) return undefined;
  const fixed = call.args.map((arg): Value => {
    const { node, one } = host.matrix(arg, scope);
    return { node: host.arithmetic.graph.alias(node, 'argument'), one };
  });
  const names = call.args.map((_, i) => letterOf(made, `argument ${i}`));
  const parameters = new Map([...scope.parameters, ...names.map((name, i) => [keyOf(name), fixed[i]!] as const)]);
  const isElement = own < 0 && !isNumber(fixed[slot]!) && variable.sub.length > 0;
  return {
    of: host.matrix({ ...call, args: names }, { ...scope, parameters }),
    by: fixed[slot]!,
    elements: isElement ? variable.sub : [],
  };
}
