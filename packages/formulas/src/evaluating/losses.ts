/** Stand-ins for unknown functions whose value is a number. */

import { eachLetter } from '../meaning/letters/letters.ts';
import type { Definition, Outline } from '../meaning/outline-types.ts';
import { lossLetter } from '../meaning/sides.ts';
import type { Node } from '../running/graph.ts';
import { type Expression, walk } from '../syntax/ast.ts';
import type { Arithmetic, Value } from './values.ts';

/**
 * Returns a stand-in for an unknown function whose value is a number. It is a weighted sum of all elements and their
 * squares, plus the cube of another weighted sum. All weights are random, so the derivative with respect to an element
 * depends on all elements.
 */
export function anyFunction(arithmetic: Arithmetic, name: string, values: readonly Value[]): Value {
  const { k, graph } = arithmetic;
  const total = (node: Node): Node => k.sum(node, [0, 1]);
  let linear: Node | undefined;
  let mixed: Node | undefined;
  values.forEach((value, i) => {
    const { node } = arithmetic.matrix(value);
    const coefficient = (of: string): Node => graph.leaf(`${of} of ${name} ${i}`, node.shape);
    const own = k.add(
      total(k.mul(coefficient('slope'), node)),
      total(k.mul(coefficient('curvature'), k.mul(node, node))),
    );
    const share = total(k.mul(coefficient('mixture'), node));
    linear = linear === undefined ? own : k.add(linear, own);
    mixed = mixed === undefined ? share : k.add(mixed, share);
  });
  const cube = k.mul(mixed!, k.mul(mixed!, mixed!));
  return { node: k.add(linear!, cube), one: [true, true] };
}

/**
 * Returns a stand-in for an unknown function whose value is an array. Each of its elements is a random quadratic
 * function of all elements of the given values.
 */
export function anyMap(
  arithmetic: Arithmetic,
  name: string,
  shape: readonly [number, number],
  one: readonly [boolean, boolean],
  values: readonly Value[],
): Value {
  const { k, graph } = arithmetic;
  const count = shape[0] * shape[1];
  const total = values.reduce(
    (sum, value, i) => {
      const { node } = arithmetic.matrix(value);
      const size = node.shape[0]! * node.shape[1]!;
      const column = k.reshape(node, [size, 1]);
      const mixed = (of: string): Node =>
        k.reshape(k.matmul(graph.leaf(`${of} of map ${name} ${i}`, [count, size]), column), [...shape]);
      const bent = mixed('curvature');
      return k.add(k.add(sum, mixed('slope')), k.mul(bent, bent));
    },
    graph.leaf(`start of map ${name}`, [...shape]),
  );
  return { node: total, one };
}

/** Returns whether an expression contains the derivative of a loss. */
function isBackward(e: Expression, { letters, losses }: Outline): boolean {
  let found = false;
  walk(e, (part) => {
    if (part.kind !== 'derivative') return;
    const of = lossLetter(part.of);
    found ||= part.mark === 'differential' || (of !== undefined && losses.has(letters.useOf(of).key));
  });
  return found;
}

/** Returns the keys of letters that are computed from derivatives of a loss; the loss can't depend on these. */
export function backwardKeys(definitions: readonly Definition[], outline: Outline): Set<string> {
  const keys = new Set<string>();
  for (let size = -1; size < keys.size; ) {
    size = keys.size;
    for (const { key, body } of definitions) {
      let uses = isBackward(body, outline);
      eachLetter(body, (letter) => {
        uses ||= keys.has(outline.letters.useOf(letter).key);
      });
      if (uses) keys.add(key);
    }
  }
  return keys;
}
