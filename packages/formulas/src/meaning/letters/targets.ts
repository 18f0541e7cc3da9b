/** Finds the targets of a cross-entropy: class probabilities, which add up to 1. */

import { bare, type Expression, keyOf, type LetterNode, partsOf } from '../../syntax/ast.ts';

/** The names of letters that are defined as logarithms. */
type Logarithms = ReadonlySet<string>;

const isLogCall = (e: Expression): boolean => {
  const inside = bare(e);
  return inside.kind === 'call' && inside.fn.name === 'log';
};

/** Returns whether an expression is log p, or a letter defined as one. */
const isLog = (e: Expression, logarithms: Logarithms): boolean => {
  const inside = bare(e);
  return isLogCall(inside) || (inside.kind === 'letter' && logarithms.has(keyOf(inside)));
};

/** Returns the letter of the targets in a factor: y_k, y^T. */
function letterIn(e: Expression): LetterNode | undefined {
  const inside = bare(e);
  if (inside.kind === 'transpose') return letterIn(inside.of);
  return inside.kind === 'letter' ? inside : undefined;
}

/** Returns whether an expression contains 1 - y. Such a target of two classes may be any probability. */
function hasComplement(e: Expression, name: string): boolean {
  if (e.kind === 'sum' && e.terms.length === 2 && e.minus[1] === true) {
    const [one, letter] = [bare(e.terms[0]!), letterIn(e.terms[1]!)];
    if (one.kind === 'number' && one.text === '1' && letter?.name === name) return true;
  }
  return partsOf(e).some((part) => hasComplement(part, name));
}

/** Returns the letters that weight logarithms in sums: y in sum_k y_k log p_k. */
export function targetsIn(statements: readonly (readonly Expression[])[]): LetterNode[] {
  const sides = statements.flat();
  const logarithms = new Set(
    statements.flatMap(([left, right]) => {
      const letter = left && bare(left);
      return letter?.kind === 'letter' && right !== undefined && isLogCall(right) ? [keyOf(letter)] : [];
    }),
  );
  const found: LetterNode[] = [];
  const visit = (e: Expression, isSummed: boolean): void => {
    const factors = e.kind === 'product' ? e.factors : e.kind === 'loose' ? [e.left, e.right] : [];
    const weighs = factors.some((factor) => isLog(factor, logarithms));
    for (const factor of weighs ? factors : []) {
      const letter = isLog(factor, logarithms) ? undefined : letterIn(factor);
      const isVector =
        bare(factor).kind === 'transpose' || e.kind === 'loose' || (isSummed && (letter?.sub.length ?? 0) > 0);
      if (letter !== undefined && isVector && /^(?:y|t|Y|T|q|p|d)$/.test(letter.name)) found.push(letter);
    }
    for (const part of partsOf(e)) visit(part, isSummed || e.kind === 'big');
  };
  for (const side of sides) visit(side, false);
  return found.filter(({ name }) => !sides.some((side) => hasComplement(side, name)));
}
