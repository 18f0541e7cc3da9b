/**
 * Systems of linear equations, and determinants: for small matrices in the last two axes, in float64 inside, whatever the
 * dtype, and rounded once.
 */

import { ArgumentError, broadcastShapes, DTypeError, formatShape, type Shape, ShapeError } from '@tapegrad/kernels';
import { defineOp } from '../../autograd/define.ts';
import { checkNoMore, checkOptions } from '../../checks/untyped-callers.ts';
import { eye, full } from '../../create.ts';
import { checkFloat, type Fitting, type Tensor } from '../../tensor.ts';
import type { Batch, Square } from '../../types/static-shapes.ts';
import { tril, triu } from '../triangles-and-diagonals.ts';
import { factorizeCholesky } from './cholesky.ts';
import { checkSquare, eachMatrix, type OfMatrix, placeOf, transposed } from './each-matrix.ts';
import { singularTall } from './jacobi.ts';
import { factorizeLU, type LU, pivotsOf, solveLU } from './lu.ts';
import { substitute } from './triangular.ts';

/** A matrix for each right-hand side, with the same axes before the last two; a vector as a column. */
function checkSystem(call: string, a: unknown, b: unknown): { matrix: Tensor; sides: Tensor; isVector: boolean } {
  const [matrix, given] = [checkSquare(call, a), checkFloat(call, b)];
  if (matrix.dtype !== given.dtype) {
    throw new DTypeError(`${call}: operands are ${matrix.dtype} and ${given.dtype}; cast one of them`);
  }
  const isVector = given.rank === 1;
  const sides: Tensor = isVector ? given.reshape([given.size, 1]) : given;
  const n = matrix.shape.at(-1)!;
  if (sides.rank < 2 || sides.shape.at(-2) !== n) {
    const shapes = `${formatShape(given.shape)} for ${formatShape(matrix.shape)}`;
    throw new ShapeError(`${call}: expected right-hand sides [..., ${n}, columns] or a vector [${n}], got ${shapes}`);
  }
  const lead = broadcastShapes(call, matrix.shape.slice(0, -2), sides.shape.slice(0, -2));
  const stretched = (x: Tensor): Tensor => x.broadcastTo([...lead, ...x.shape.slice(-2)]);
  return { matrix: stretched(matrix), sides: stretched(sides), isVector };
}

/** The last axis of a solution gone where the right-hand side was a vector. */
const asGiven = (x: Tensor, isVector: boolean): Tensor => (isVector ? x.reshape(x.shape.slice(0, -1)) : x);

type OfSystem = (a: Tensor, b: Tensor) => Tensor;
type OfTriangle = (a: Tensor, b: Tensor, options: { readonly upper: boolean }) => Tensor;

const triangular: OfTriangle = defineOp<OfTriangle>({
  name: 'triangularSolve',
  batched: true,
  forward: (a, b, { upper }) => {
    const [n, columns] = b.shape.slice(-2) as [number, number];
    return eachMatrix([a, b], [n, columns], ([matrix, sides], place) => {
      const zero = sides!.length === 0 ? -1 : matrix!.findIndex((entry, i) => i % (n + 1) === 0 && entry === 0);
      if (zero === -1) return substitute(matrix!, n, sides!, columns, { upper });
      const row = zero / (n + 1);
      throw new ArgumentError(`triangularSolve: matrix${placeOf(a, place)} is singular: entry [${row}, ${row}] is 0`);
    });
  },
  // A X = B: dB = A^-T dX, dA = -dB X^T in the triangle
  vjp: (g, x, a, _b, { upper }) => {
    const sides = triangular(transposed(a), g, { upper: !upper });
    return [(upper ? triu : tril)(sides.matmul(transposed(x)).neg() as Tensor), sides];
  },
});

/** The options of `triangularSolve`. */
export interface TriangularSolveOptions {
  /** Which triangle of the matrix is read: the lower one unless set. */
  readonly upper?: boolean;
}

/**
 * The solution X of A X = B for triangular matrices A [..., n, n] and B [..., n, columns], or a vector [n]. What lies in A's
 * other triangle is not read.
 *
 * @throws ArgumentError for a zero on the diagonal.
 * @example
 * triangularSolve(tensor([[2, 0], [1, 4]]), tensor([2, 9])).toArray(); // [1, 2]
 */
export function triangularSolve<A extends Shape, B extends Shape>(
  a: Fitting<Square<'triangularSolve', A>, A>,
  b: Tensor<B>,
  options: TriangularSolveOptions = {},
  ...more: []
): A['length'] extends 2 ? Tensor<B> : Tensor {
  checkNoMore('triangularSolve', more);
  checkOptions('triangularSolve', options, ['upper']);
  const { upper = false } = options;
  const { matrix, sides, isVector } = checkSystem('triangularSolve', a, b);
  return asGiven(triangular(matrix, sides, { upper }), isVector) as never;
}

/** The factors of a matrix that is to be invertible. */
function invertible(call: string, a: Tensor, matrix: Float64Array, n: number, place: number): LU {
  const factors = factorizeLU(matrix, n);
  if (!pivotsOf(factors).includes(0)) return factors;
  throw new ArgumentError(`${call}: matrix${placeOf(a, place)} is singular`);
}

const solution: OfSystem = defineOp<OfSystem>({
  name: 'solve',
  batched: true,
  forward: (a, b) => {
    const [n, columns] = b.shape.slice(-2) as [number, number];
    return eachMatrix([a, b], [n, columns], ([matrix, sides], place) =>
      solveLU(invertible('solve', a, matrix!, n, place), sides!, columns),
    );
  },
  // dB = A^-T dX, dA = -dB X^T
  vjp: (g, x, a) => {
    const sides = solution(transposed(a), g);
    return [sides.matmul(transposed(x)).neg() as Tensor, sides];
  },
});

/**
 * The solution X of A X = B for matrices A [..., n, n] and B [..., n, columns], or a vector [n], by elimination with partial
 * pivoting. The axes before the last two broadcast.
 *
 * @throws ArgumentError for a singular matrix. Near one, solution and gradients are as far off as its condition allows.
 * @example
 * solve(tensor([[0, 2], [1, 1]]), tensor([4, 5])).toArray(); // [3, 2]
 */
export function solve<A extends Shape, B extends Shape>(
  a: Fitting<Square<'solve', A>, A>,
  b: Tensor<B>,
  ...more: []
): A['length'] extends 2 ? Tensor<B> : Tensor {
  checkNoMore('solve', more);
  const { matrix, sides, isVector } = checkSystem('solve', a, b);
  return asGiven(solution(matrix, sides), isVector) as never;
}

/**
 * The inverse of matrices [..., n, n]. To multiply by one, `solve` is faster and more accurate.
 *
 * @throws ArgumentError for a singular matrix.
 * @example
 * inverse(tensor([[2, 0], [0, 4]])).toArray(); // [[0.5, 0], [0, 0.25]]
 */
export function inverse<S extends Shape>(a: Fitting<Square<'inverse', S>, S>, ...more: []): Tensor<S> {
  const matrix = checkSquare('inverse', a, more);
  const identity: Tensor = eye(matrix.shape.at(-1)!, { dtype: matrix.dtype });
  return solution(matrix, identity.broadcastTo(matrix.shape)) as Tensor<S>;
}

/** A factor for each matrix. */
const perMatrix = (x: Tensor): Tensor => x.reshape([...x.shape, 1, 1]);

/**
 * The derivative of the determinant by each entry: det(A) A^-T, which singular matrices have, too. By singular values,
 * det(U) det(V) U diag(product of the other values) V^T.
 */
const cofactors: OfMatrix = defineOp<OfMatrix>({
  name: 'cofactors',
  batched: true,
  forward: (a) => {
    const n = a.shape.at(-1)!;
    return eachMatrix([a], [n, n], ([matrix]) => {
      const { values, left, right } = singularTall(matrix!, n, n);
      const flat = (columns: readonly Float64Array[]) => Float64Array.from(columns.flatMap((column) => [...column]));
      const orientation = Math.sign(determinantOf(flat(left), n) * determinantOf(flat(right), n));
      const others = values.map((_, i) =>
        values.reduce((product, value, j) => (i === j ? product : product * value), 1),
      );
      return Float64Array.from({ length: n * n }, (_, place) => {
        const [row, column] = [Math.floor(place / n), place % n];
        return others.reduce((sum, w, i) => sum + orientation * w * left[i]![row]! * right[i]![column]!, 0);
      });
    });
  },
  // <G, det(A) A^-T>: its derivative is det(A) (<G, A^-T> A^-T - A^-T G^T A^-T)
  vjp: (g, _y, a) => {
    const inverted: Tensor = transposed(inverse(a));
    const sum = g.mul(inverted).sum([-2, -1], { keepDims: true }) as Tensor;
    return sum
      .mul(inverted)
      .sub(inverted.matmul(transposed(g)).matmul(inverted))
      .mul(perMatrix(determinant(a))) as Tensor;
  },
});

function determinantOf(matrix: Float64Array, n: number): number {
  const factors = factorizeLU(matrix, n);
  return pivotsOf(factors).reduce((product, pivot) => product * pivot, factors.sign);
}

const determinant: OfMatrix = defineOp<OfMatrix>({
  name: 'det',
  batched: true,
  forward: (a) => eachMatrix([a], [], ([matrix]) => [determinantOf(matrix!, a.shape.at(-1)!)]),
  vjp: (g, _y, a) => perMatrix(g).mul(cofactors(a)) as Tensor,
});

/**
 * The determinant of matrices [..., n, n]: [...]. Its gradient, the matrix of cofactors, exists for singular matrices, too;
 * the gradient of that one is computed by the inverse.
 *
 * @throws ArgumentError where a second derivative is taken at a singular matrix.
 * @example
 * det(tensor([[1, 2], [3, 4]])).item(); // -2
 */
export const det = <S extends Shape>(a: Fitting<Square<'det', S>, S>, ...more: []): Tensor<Batch<S>> =>
  determinant(checkSquare('det', a, more)) as Tensor<Batch<S>>;

const signOfDeterminant: OfMatrix = defineOp<OfMatrix>({
  name: 'signOfDeterminant',
  batched: true,
  forward: (a) =>
    eachMatrix([a], [], ([matrix]) => {
      const factors = factorizeLU(matrix!, a.shape.at(-1)!);
      const pivots = pivotsOf(factors);
      return [pivots.includes(0) ? 0 : pivots.reduce((sign, pivot) => sign * Math.sign(pivot), factors.sign)];
    }),
  vjp: () => null,
});

const logAbsDeterminant: OfMatrix = defineOp<OfMatrix>({
  name: 'logAbsDet',
  batched: true,
  forward: (a) =>
    eachMatrix([a], [], ([matrix]) => [
      pivotsOf(factorizeLU(matrix!, a.shape.at(-1)!)).reduce((sum, pivot) => sum + Math.log(Math.abs(pivot)), 0),
    ]),
  // d log |det A| = <A^-T, dA>
  vjp: (g, _y, a) => perMatrix(g).mul(transposed(inverse(a))) as Tensor,
});

/**
 * The sign of the determinant of matrices [..., n, n] (0 for a singular one), through which no gradient flows, and the
 * logarithm of its size (-∞ for a singular one), which does not overflow.
 *
 * @throws ArgumentError where the gradient at a singular matrix is asked for: there is none.
 * @example
 * const { sign, logAbsDet } = slogdet(tensor([[0, 1], [1, 0]]));
 * sign.item(); // -1
 * logAbsDet.item(); // 0
 */
export function slogdet<S extends Shape>(
  a: Fitting<Square<'slogdet', S>, S>,
  ...more: []
): { readonly sign: Tensor<Batch<S>>; readonly logAbsDet: Tensor<Batch<S>> } {
  const matrix = checkSquare('slogdet', a, more);
  return { sign: signOfDeterminant(matrix) as never, logAbsDet: logAbsDeterminant(matrix) as never };
}

/**
 * The logarithm of the determinant of matrices [..., n, n], without overflow: NaN where it is negative, -∞ where it is 0.
 *
 * @throws ArgumentError where the gradient at a singular matrix is asked for: there is none.
 * @example
 * logdet(tensor([[2, 0], [0, 0.5]])).item(); // 0
 */
export function logdet<S extends Shape>(a: Fitting<Square<'logdet', S>, S>, ...more: []): Tensor<Batch<S>> {
  const matrix = checkSquare('logdet', a, more);
  return signOfDeterminant(matrix).less(0).where(Number.NaN, logAbsDeterminant(matrix)) as Tensor<Batch<S>>;
}

const factor: OfMatrix = defineOp<OfMatrix>({
  name: 'cholesky',
  batched: true,
  forward: (a) => {
    const n = a.shape.at(-1)!;
    return eachMatrix([a], [n, n], ([matrix], place) => {
      const l = factorizeCholesky(matrix!, n);
      if (l instanceof Float64Array) return l;
      const why = `pivot ${l.place} is ${l.value}`;
      throw new ArgumentError(`cholesky: matrix${placeOf(a, place)} is not positive definite: ${why}`);
    });
  },
  // With P the lower triangle of L^T dL, its diagonal halved, dA is the symmetric part of L^-T P L^-1 (Murray 2016,
  // "Differentiation of the Cholesky decomposition").
  vjp: (g, l) => {
    const { dtype, shape } = l;
    const n = shape.at(-1)!;
    const half = full([n, n], 1, { dtype }).sub(eye(n, { dtype }).mul(0.5)) as Tensor;
    // L is 0 above its diagonal, whatever A is.
    const p = tril(transposed(l).matmul(tril(g))).mul(half) as Tensor;
    const upper = transposed(l);
    const left = triangular(upper, p, { upper: true });
    const both = transposed(triangular(upper, transposed(left), { upper: true }));
    return both.add(transposed(both)).mul(0.5) as Tensor;
  },
});

/**
 * The lower triangular matrices L with L L^T = A, for symmetric positive definite A [..., n, n]. Of a matrix that is not
 * symmetric, the symmetric part is factored, and the gradient is symmetric.
 *
 * @throws ArgumentError for a matrix that is not positive definite.
 * @example
 * cholesky(tensor([[4, 2], [2, 5]])).toArray(); // [[2, 0], [1, 2]]
 */
export const cholesky = <S extends Shape>(a: Fitting<Square<'cholesky', S>, S>, ...more: []): Tensor<S> =>
  factor(checkSquare('cholesky', a, more)) as Tensor<S>;
