/** Interprets the spaces in declarations of letters, for example R^{n x d}. */

import { bare, type Expression } from '../../syntax/ast.ts';

/** The numbers of rows and columns of a space. */
interface Dimensions {
  readonly rows: Expression | undefined;
  readonly columns: Expression | undefined;
}

/** Returns the numbers of rows and columns that a space such as R^{n x d} gives. */
export function dimensionsOf(space: Expression): Dimensions | undefined {
  const base = space.kind === 'power' ? bare(space.base) : space;
  const isReal = base.kind === 'letter' && base.name === 'R';
  if (space.kind === 'letter' && space.name === 'R') {
    const [only, ...others] = space.sup;
    if (only === undefined) return { rows: undefined, columns: undefined };
    return { rows: only, columns: others[0] };
  }
  if (!isReal || space.kind !== 'power') return undefined;
  const exponent = bare(space.exponent);
  if (exponent.kind !== 'product') return { rows: exponent, columns: undefined };
  const cross = exponent.marks.indexOf('times');
  if (cross < 0) return { rows: exponent, columns: undefined };
  if (exponent.marks.filter((mark) => mark === 'times').length > 1) return undefined;
  const joined = (factors: readonly Expression[]): Expression =>
    factors.length === 1 ? factors[0]! : { ...exponent, factors, marks: factors.slice(1).map(() => '' as const) };
  return { rows: joined(exponent.factors.slice(0, cross + 1)), columns: joined(exponent.factors.slice(cross + 1)) };
}
