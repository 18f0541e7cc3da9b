/**
 * Finds functions that a formula mentions without an argument. After f(x) = …, a plain f means f(x).
 */

import { bare, type CallNode, type Expression, keyOf, partsOf } from '../syntax/ast.ts';
import type { FunctionDefinition, Outline, Step } from './outline-types.ts';
import { textKey } from './sides.ts';

/** Returns the functions that a step mentions without arguments or with the letters of their definition. */
export function spokenFunctions({ left, right }: Step, outline: Outline): FunctionDefinition[] {
  if (outline.functions.length === 0) return [];
  const found = new Set<FunctionDefinition>();
  const isOwn = ({ args }: CallNode, { parameters }: FunctionDefinition): boolean =>
    args.length === parameters.length && args.every((arg, i) => textKey(bare(arg)) === keyOf(parameters[i]!));
  const visit = (e: Expression): void => {
    for (const fn of outline.functions) {
      const isNamed = e.kind === 'letter' && outline.letters.useOf(e).key === fn.key;
      const isCalled = e.kind === 'call' && outline.letters.useOf(e.fn).key === fn.key && isOwn(e, fn);
      if (isNamed || isCalled) found.add(fn);
    }
    for (const part of partsOf(e)) visit(part);
  };
  for (const side of [left, right]) visit(side);
  return [...found];
}
