/** Evaluates function calls: functions that the page defines, unknown functions, and functions with standard names. */

import { isNumberCall } from '../meaning/shapes/calls.ts';
import { gradients } from '../running/sweep.ts';
import { bare, type CallNode, type Expression, keyOf } from '../syntax/ast.ts';
import { changedElement } from './changed-elements.ts';
import { applied, isElementwise, softmaxAxis } from './functions.ts';
import { anyFunction } from './losses.ts';
import { valueAt } from './points.ts';
import { NoMeaning, type Scope } from './scope.ts';
import type { Evaluating, Transition } from './setting.ts';
import { type Arithmetic, isNumber, isVector, type Value } from './values.ts';

/**
 * Returns the slopes of a function at x: the derivative of each element of the result with respect to the same element
 * of x.
 */
function slopes(arithmetic: Arithmetic, x: Value, f: (x: Value) => Value, isEach: boolean, at: Expression): Value {
  const { graph, k } = arithmetic;
  const value = arithmetic.matrix(x);
  const own: Value = { node: graph.alias(value.node, 'argument'), one: value.one };
  const y = arithmetic.matrix(f(own));
  if (isEach || isNumber(y)) {
    const seed = k.full({ shape: y.node.shape, value: 1, dtype: 'float64' });
    const [slope] = gradients(graph, y.node, seed, [own.node]);
    const node = slope ?? k.full({ shape: value.node.shape, value: 0, dtype: 'float64' });
    return { node, one: value.one };
  }
  return arithmetic.slopes({ of: y, by: own }, at);
}

/** Applies the transition: the function that is used in place of an unknown one. */
function transition(host: Evaluating, name: Transition, fn: string, order: number, x: Value, at: CallNode): Value {
  const { arithmetic, setting } = host;
  const { k, graph } = arithmetic;
  if (name === 'any') {
    const { node, one } = arithmetic.matrix(x);
    return { node: graph.apply(node, fn, order), one };
  }
  const f = (argument: Value): Value => {
    if (name === 'softmax')
      return arithmetic.softmax(argument, softmaxAxis(arithmetic.matrix(argument), setting.pointsInColumns));
    if (name === 'identity')
      return arithmetic.map(argument, (kernels, node) =>
        kernels.mul(node, kernels.full({ shape: [], value: 1, dtype: 'float64' })),
      );
    return arithmetic.map(argument, (_kernels, node) => k[name](node));
  };
  return primed(arithmetic, x, f, order, name !== 'softmax', at);
}

/** Returns f, f' or f'' at x. */
function primed(
  arithmetic: Arithmetic,
  x: Value,
  f: (x: Value) => Value,
  order: number,
  isEach: boolean,
  at: Expression,
): Value {
  if (order === 0) return f(x);
  return slopes(arithmetic, x, (argument) => primed(arithmetic, argument, f, order - 1, isEach, at), isEach, at);
}

/** Returns log |det X|, which has a value whenever X is invertible. */
function logDeterminant(host: Evaluating, e: CallNode, scope: Scope): Value | undefined {
  const absolute = bare(e.args[0]!);
  if (absolute.kind !== 'absolute') return undefined;
  const inside = bare(absolute.of);
  const isDeterminant = inside.kind === 'call' && inside.fn.name === 'det';
  const x = host.matrix(isDeterminant ? inside.args[0]! : inside, scope);
  if (isNumber(x) || (!isDeterminant && isVector(x))) return undefined;
  return { node: host.arithmetic.graph.logdet(host.arithmetic.square(x, e).node), one: [true, true] };
}

/** Evaluates a function call. */
export function called(host: Evaluating, e: CallNode, scope: Scope): Value {
  const { losses, scalars } = host.setting.members.outline;
  const isNumberOf = losses.has(keyOf(e.fn)) || scalars.has(keyOf(e.fn));
  const changed = isNumberOf ? changedElement(host, e) : undefined;
  if (changed !== undefined) return valueAt(host, changed, scope);
  const { arithmetic, setting } = host;
  const { fn } = e;
  const determinant = fn.name === 'log' && fn.primes === 0 ? logDeterminant(host, e, scope) : undefined;
  if (determinant !== undefined) return determinant;
  const args = e.args.map((arg) => host.value(arg, scope));
  const [x] = args as [Value];
  const { members } = setting;
  if (fn.alphabet === 'upright') {
    const f = (argument: Value): Value | undefined =>
      applied(arithmetic, e, [argument, ...args.slice(1)], setting.pointsInColumns);
    if (isElementwise(fn.name) || f(x) !== undefined) {
      const value = primed(arithmetic, x, (argument) => f(argument)!, fn.primes, isElementwise(fn.name), e);
      return fn.sub.length > 0 ? host.picked(value, fn.sub, e, scope) : value;
    }
  }
  const use = members.outline.letters.useOf(fn);
  const values = host.indices(fn, scope);
  const match = members.program.findFunction(use.key, values, args.length);
  if (match !== undefined) {
    const { parameters, body } = match.definition;
    if (scope.depth > 20) throw new NoMeaning(`'${fn.name}' is defined in terms of itself`, e);
    const isLoss = members.outline.losses.has(keyOf(fn));
    const f = (argument: Value): Value => {
      const given = [argument, ...args.slice(1)];
      const inner = new Map(parameters.map((parameter, i) => [keyOf(parameter), arithmetic.matrix(given[i]!)]));
      const value = host.matrix(body, {
        ...scope,
        parameters: inner,
        indices: new Map([...match.indices]),
        depth: scope.depth + 1,
        asNumbers: isLoss,
      });
      if (isLoss && !isNumber(value)) return arithmetic.total(value);
      return use.elements.length > 0 ? host.picked(value, use.elements, e, scope) : value;
    };
    return primed(arithmetic, x, f, fn.primes, true, e);
  }
  const name = `${use.key}@${values.join(',')}`;
  if (isNumberCall(e, members.outline)) {
    if (fn.primes > 0) throw new NoMeaning(`the derivative of '${fn.name}' is not known`, e);
    const defined = args.length === 1 && members.program.isDefined(use.key);
    return defined ? host.value({ ...fn, sub: fn.sub, sup: fn.sup }, scope) : anyFunction(arithmetic, name, args);
  }
  if (members.program.isDefined(use.key)) return host.value(fn, scope);
  const value = transition(
    host,
    setting.transitions.get(name) ?? setting.transitions.get(use.key) ?? 'any',
    name,
    fn.primes,
    x,
    e,
  );
  return use.elements.length > 0 ? host.picked(value, use.elements, e, scope) : value;
}
