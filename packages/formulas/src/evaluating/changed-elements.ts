/** Evaluates functions of which one element of the argument changes: L(W_{ij} + ε) is L at W with another W_{ij}. */

import { variableIn } from '../meaning/spoken-functions.ts';
import { type AtNode, bare, type CallNode, type CompareNode, type Expression, made } from '../syntax/ast.ts';
import type { Evaluating } from './setting.ts';

/** Returns a call of which one element of the argument changes as the function's value at another point. */
export function changedElement({ setting }: Evaluating, e: CallNode): AtNode | undefined {
  const { outline, program } = setting.members;
  const [arg, other] = e.args.map(bare);
  const element = arg?.kind === 'sum' ? bare(arg.terms[0]!) : undefined;
  if (element?.kind !== 'letter' || other !== undefined || outline.letters.useOf(element).elements.length === 0)
    return undefined;
  const { key } = outline.letters.useOf(e.fn);
  const isLetter = program.isDefined(key) || outline.aliases.some((alias) => alias.key === key);
  const of: Expression = isLetter ? e.fn : { ...e, ...made, args: [variableIn(element)!] };
  const point: CompareNode = { ...made, kind: 'compare', op: '=', left: element, right: arg! };
  return { ...made, kind: 'at', of, points: [point] };
}
