/** Applies the functions with standard names to values. */

import type { CallNode } from '../syntax/ast.ts';
import { NoMeaning } from './scope.ts';
import { type Arithmetic, isNumber, isVector, type Value } from './values.ts';

/** Elementwise functions, which are primitives of the same name. */
const elementwise: ReadonlySet<string> = new Set([
  ...[
    'exp',
    'log',
    'sin',
    'cos',
    'tan',
    'sinh',
    'cosh',
    'tanh',
    'sqrt',
    'atan',
    'asin',
    'acos',
    'erf',
    'sign',
    'sigmoid',
  ],
  ...['relu', 'softplus', 'abs'],
]);

export const isElementwise = (name: string): boolean => elementwise.has(name);

/** Returns the axis of a softmax: along the elements of a vector, or along the elements of each point in a matrix. */
export function softmaxAxis({ one }: Value, pointsInColumns: boolean): number {
  if (one[0] !== one[1]) return one[0] ? 1 : 0;
  return pointsInColumns ? 0 : 1;
}

function variance(arithmetic: Arithmetic, x: Value): Value {
  const { k } = arithmetic;
  const { node } = arithmetic.matrix(x);
  const deviation = k.sub(node, k.mean(node, [0, 1]));
  return { node: k.mean(k.mul(deviation, deviation), [0, 1]), one: [true, true] };
}

/** Applies a function with a standard name; returns undefined if there is none with this name. */
export function applied(
  arithmetic: Arithmetic,
  e: CallNode,
  args: readonly Value[],
  pointsInColumns: boolean,
): Value | undefined {
  const [x, y] = args as [Value, Value | undefined];
  const { k, graph } = arithmetic;
  const { name } = e.fn;
  const number = (node: Value['node']): Value => ({ node, one: [true, true] });
  if (elementwise.has(name)) return arithmetic.map(x, (kernels, node) => kernels[name as 'exp'](node));
  switch (name) {
    case 'trace':
      return arithmetic.total(arithmetic.diagonal(arithmetic.square(x, e), e));
    case 'det':
      return isNumber(x) ? x : number(graph.det(arithmetic.square(x, e).node));
    case 'logdet':
      return isNumber(x)
        ? arithmetic.map(x, (kernels, node) => kernels.log(node))
        : number(graph.logdet(arithmetic.square(x, e).node));
    case 'diag':
      return arithmetic.diagonal(x, e);
    case 'inverse':
      return { ...arithmetic.matrix(x), node: graph.inverse(arithmetic.square(x, e).node) };
    case 'transpose':
      return arithmetic.transposed(x);
    case 'softmax':
      return arithmetic.softmax(x, softmaxAxis(x, pointsInColumns));
    case 'logsoftmax':
      return arithmetic.map(x, (kernels, node) =>
        kernels.sub(node, arithmetic.logSumExp(x, [softmaxAxis(x, pointsInColumns)])),
      );
    case 'logsumexp':
      return number(arithmetic.logSumExp(x, [0, 1]));
    case 'total':
      return arithmetic.total(x);
    case 'average':
      return number(k.mean(arithmetic.matrix(x).node, [0, 1]));
    case 'variance':
      return variance(arithmetic, x);
    case 'rowsum':
      return { node: k.sum(arithmetic.matrix(x).node, [1]), one: [x.one[0], true] };
    case 'colsum':
      return { node: k.sum(arithmetic.matrix(x).node, [0]), one: [true, x.one[1]] };
    case 'norm':
      return norm(arithmetic, x, undefined);
    case 'max':
    case 'min': {
      const op = name === 'max' ? 'maximum' : 'minimum';
      if (y === undefined) return number(k[name](arithmetic.matrix(x).node, [0, 1]));
      return args.slice(1).reduce((a, b) => arithmetic.paired(a, b, (kernels, p, q) => kernels[op](p, q), e), x);
    }
    case 'vec': {
      // Stacks the columns.
      const { node } = arithmetic.transposed(x);
      return { node: k.reshape(node, [node.shape[0]! * node.shape[1]!, 1]), one: [false, true] };
    }
    default:
      return undefined;
  }
}

/** Returns the square of a norm, without computing a root. */
export function squaredNorm(arithmetic: Arithmetic, x: Value): Value {
  return arithmetic.total(arithmetic.map(x, (k, node) => k.mul(node, node)));
}

export function norm(arithmetic: Arithmetic, x: Value, order: string | undefined): Value {
  const { k } = arithmetic;
  if (order === '1') return arithmetic.total(arithmetic.map(x, (kernels, node) => kernels.abs(node)));
  if (order === 'infty') return { node: k.max(k.abs(arithmetic.matrix(x).node), [0, 1]), one: [true, true] };
  if (order !== undefined && !/^(?:2|F|f|Fro|fro)$/.test(order))
    throw new NoMeaning(`the norm of order ${order} is not supported`);
  return arithmetic.map(squaredNorm(arithmetic, x), (kernels, node) => kernels.sqrt(node));
}

/** Returns |x|: the absolute value of a number, the length of a vector, or the determinant of a matrix. */
export function absolute(arithmetic: Arithmetic, x: Value): Value {
  if (isNumber(x)) return arithmetic.map(x, (k, node) => k.abs(node));
  if (isVector(arithmetic.matrix(x))) return norm(arithmetic, x, undefined);
  return { node: arithmetic.graph.det(arithmetic.matrix(x).node), one: [true, true] };
}
