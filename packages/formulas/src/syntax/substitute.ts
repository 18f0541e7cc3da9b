/** Replaces letters everywhere in an expression, including indices and bounds. */

import { type BigNode, type Expression, type LetterNode, partsOf, withParts } from './ast.ts';

/** Replaces every letter for which `f` returns an expression. */
function replaced(e: Expression, f: (letter: LetterNode) => Expression | undefined): Expression {
  const go = (part: Expression): Expression => replaced(part, f);
  const own = e.kind === 'letter' ? f(e) : undefined;
  if (own !== undefined) return own;
  const whole = partsOf(e).length === 0 ? e : withParts(e, partsOf(e).map(go));
  switch (whole.kind) {
    case 'letter':
      return { ...whole, verbatim: false, sub: whole.sub.map(go), sup: whole.sup.map(go) };
    case 'element':
      return { ...whole, indices: whole.indices.map(go) };
    case 'call': {
      const fn = go(whole.fn);
      return fn.kind === 'letter' ? { ...whole, fn } : whole;
    }
    case 'big':
      return { ...whole, from: whole.from && go(whole.from), to: whole.to && go(whole.to) };
    default:
      return whole;
  }
}

/** Returns an expression in which an index has a value. */
export const withIndex = (e: Expression, index: LetterNode, value: Expression): Expression =>
  replaced(e, (letter) =>
    letter.name === index.name && letter.sub.length + letter.sup.length === 0 ? value : undefined,
  );

/** Returns the first and the last term of a sum, product or list that is written with dots. */
export function endsOf({ body, indices, from, to }: BigNode): readonly [Expression, Expression] {
  const [index] = indices as [LetterNode];
  return [withIndex(body, index, from!), withIndex(body, index, to!)];
}
