/** Evaluates expressions at points: f |_{x = 2}. */

import type { Node } from '../running/graph.ts';
import { type AtNode, bare, type Expression } from '../syntax/ast.ts';
import { NoMeaning, type Scope } from './scope.ts';
import type { Evaluating } from './setting.ts';
import { isNumber, Misfit, type Value } from './values.ts';

/** Returns the array that a letter denotes, and the array with the value that a point gives it. */
function placed(host: Evaluating, left: Expression, right: Expression, scope: Scope): [Node, Node] {
  const { arithmetic } = host;
  const [variable, value] = [host.matrix(left, scope), host.matrix(right, scope)];
  const letter = bare(left);
  if (letter.kind !== 'letter' && letter.kind !== 'element')
    throw new NoMeaning('a point must consist of letters with their values', left);
  const fits = variable.node.shape.every((n, i) => n === value.node.shape[i]);
  if (!fits && !isNumber(value))
    throw new Misfit('the letter and its value have different shapes', right, variable, value);
  const full = fits ? value.node : arithmetic.k.broadcastTo(value.node, variable.node.shape);
  const { node } = variable;
  return node.op === 'slice' ? [node.inputs[0]!, replacedIn(host, node, full)] : [node, full];
}

/** Returns an array with another value for a part of it. */
function replacedIn({ arithmetic }: Evaluating, part: Node, value: Node): Node {
  const { k } = arithmetic;
  const [whole] = part.inputs as [Node];
  const spread = (node: Node): Node =>
    k.scatterSlice(node, { ...(part.attributes as Parameters<typeof k.slice>[1]), shape: whole.shape });
  return k.add(k.sub(whole, spread(part)), spread(value));
}

/** Evaluates an expression with the values that a point gives to letters. */
export function valueAt(host: Evaluating, e: AtNode, scope: Scope): Value {
  const { graph } = host.arithmetic;
  const of = host.matrix(e.of, scope);
  const values = new Map(e.points.map(({ left, right }) => placed(host, left, right, scope)));
  return { node: graph.substituted(of.node, values), one: of.one };
}
