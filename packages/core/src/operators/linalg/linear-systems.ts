/**
 * Linear systems and determinants over the last two axes. These functions are meant for small matrices. They compute in
 * float64 whatever the dtype, and round once.
 */

import { ArgumentError, broadcastShapes, DTypeError, formatShape, type Shape, ShapeError } from '@tapegrad/kernels';
import { defineOp } from '../../autograd/define.ts';
import { checkFloat } from '../../checks/operands.ts';
import { checkNoMore, checkOptions } from '../../checks/untyped-callers.ts';
import { eye, full } from '../../create.ts';
import type { Fitting, Tensor } from '../../tensor.ts';
import type { Batch, Square } from '../../types/static-shapes.ts';
import { tril, triu } from '../triangles-and-diagonals.ts';
import { factorizeCholesky } from './cholesky.ts';
import { checkSquare, eachMatrix, type OfMatrix, placeOf, transposed } from './each-matrix.ts';
import { singularTall } from './jacobi.ts';
import { factorizeLU, type LU, pivotsOf, solveLU } from './lu.ts';
import { substitute } from './triangular.ts';

/** Checks a system and broadcasts the leading axes of both operands. A vector becomes a column. */
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

/** Drops the last axis of a solution if the right-hand side was given as a vector. */
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
  // For A X = B: dB = A^-T dX, and dA is the triangle of -dB X^T.
  vjp: (g, x, a, _b, { upper }) => {
    const sides = triangular(transposed(a), g, { upper: !upper });
    return [(upper ? triu : tril)(sides.matmul(transposed(x)).neg() as Tensor), sides];
  },
});

/** The options of `triangularSolve`. */
export interface TriangularSolveOptions {
  /** Whether to read the upper triangle of the matrix instead of the lower one. Defaults to false. */
  readonly upper?: boolean;
}

/**
 * Solves A X = B for triangular matrices A [..., n, n] and B [..., n, columns], or a vector [n]. A's other triangle is not
 * read.
 *
 * @throws ArgumentError if there is a zero on the diagonal.
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

/** Computes the LU factors of a matrix. Throws if it is singular. */
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
 * Solves A X = B for matrices A [..., n, n] and B [..., n, columns], or a vector [n], using Gaussian elimination with
 * partial pivoting. The leading axes broadcast.
 *
 * @throws ArgumentError if a matrix is singular. If a matrix is nearly singular, the errors of the solution and of the
 * gradients grow with its condition number.
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
 * Computes the inverse of matrices [..., n, n]. To multiply by an inverse, use `solve`, which is faster and more accurate.
 *
 * @throws ArgumentError if a matrix is singular.
 * @example
 * inverse(tensor([[2, 0], [0, 4]])).toArray(); // [[0.5, 0], [0, 0.25]]
 */
export function inverse<S extends Shape>(a: Fitting<Square<'inverse', S>, S>, ...more: []): Tensor<S> {
  const matrix = checkSquare('inverse', a, more);
  const identity: Tensor = eye(matrix.shape.at(-1)!, { dtype: matrix.dtype });
  return solution(matrix, identity.broadcastTo(matrix.shape)) as Tensor<S>;
}

/** Reshapes a tensor with one number per matrix so that each number broadcasts over its matrix. */
const perMatrix = (x: Tensor): Tensor => x.reshape([...x.shape, 1, 1]);

/**
 * Computes the cofactors, which are the derivatives of the determinant with respect to each entry: det(A) A^-T. They
 * also exist for singular matrices, whose inverse does not. So they are computed from the SVD: det(U) det(V) U diag(p)
 * V^T, where p_i is the product of all singular values except s_i.
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
  // The derivative of <G, det(A) A^-T> is det(A) (<G, A^-T> A^-T - A^-T G^T A^-T).
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
 * Computes the determinants [...] of matrices [..., n, n]. The gradient is the cofactor matrix, which exists even for
 * singular matrices. Second derivatives are computed from the inverse.
 *
 * @throws ArgumentError on taking a second derivative at a singular matrix.
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
 * Computes the sign of the determinant of matrices [..., n, n], and the logarithm of its absolute value, which does not
 * overflow. For a singular matrix the sign is 0 and the logarithm -∞. No gradient flows through the sign.
 *
 * @throws ArgumentError on taking the gradient at a singular matrix, where it does not exist.
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
 * Computes the logarithm of the determinant of matrices [..., n, n] without overflow. The result is NaN if the
 * determinant is negative, and -∞ if it is 0.
 *
 * @throws ArgumentError on taking the gradient at a singular matrix, where it does not exist.
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
  // With P the lower triangle of L^T dL, its diagonal halved: dA is the symmetric part of L^-T P L^-1 (Murray 2016,
  // "Differentiation of the Cholesky decomposition").
  vjp: (g, l) => {
    const { dtype, shape } = l;
    const n = shape.at(-1)!;
    const half = full([n, n], 1, { dtype }).sub(eye(n, { dtype }).mul(0.5)) as Tensor;
    // L is always 0 above its diagonal.
    const p = tril(transposed(l).matmul(tril(g))).mul(half) as Tensor;
    const upper = transposed(l);
    const left = triangular(upper, p, { upper: true });
    const both = transposed(triangular(upper, transposed(left), { upper: true }));
    return both.add(transposed(both)).mul(0.5) as Tensor;
  },
});

/**
 * Computes the lower triangular matrices L with L L^T = A, for symmetric positive definite A [..., n, n]. If a matrix is
 * not symmetric, its symmetric part is factored, and the gradient is symmetric.
 *
 * @throws ArgumentError if a matrix is not positive definite.
 * @example
 * cholesky(tensor([[4, 2], [2, 5]])).toArray(); // [[2, 0], [1, 2]]
 */
export const cholesky = <S extends Shape>(a: Fitting<Square<'cholesky', S>, S>, ...more: []): Tensor<S> =>
  factor(checkSquare('cholesky', a, more)) as Tensor<S>;
