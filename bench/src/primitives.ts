/** One call of each of tapegrad's primitives, and how much memory it must touch, to hold its speed against a copy's. */

import type { Tensor } from '@tapegrad/core';
import type { Kernels, Primitive, Window } from '@tapegrad/kernels';

/** What a call is made on; matrices are [side, side]. */
export interface Operands {
  readonly side: number;
  /** float32 of both signs. */
  readonly x: Tensor;
  readonly y: Tensor;
  /** float32 above zero. */
  readonly positive: Tensor;
  /** bool. */
  readonly condition: Tensor;
  /** int32 [side], below side. */
  readonly indices: Tensor;
}

export interface PrimitiveCase {
  /** 4-byte words read and written for each element of an operand; 0 where the result is a view. */
  readonly touched: number;
  /** Makes a call ready. */
  readonly ready: (k: Kernels<Tensor>, operands: Operands) => () => Tensor;
}

/** Primitives of so many tensors and nothing else. */
type OfTensors<Inputs extends readonly Tensor[]> = {
  [P in Primitive]: Kernels<Tensor>[P] extends (...inputs: Inputs) => Tensor ? P : never;
}[Primitive];

const WINDOW: Window = { size: 3, stride: 1, dilation: 1, padding: [1, 1] };
const WINDOWS = [WINDOW, WINDOW];
const WINDOW_ENTRIES = WINDOW.size ** 2;

/** A bool in words. */
const BOOL = 1 / 4;

const view = (ready: PrimitiveCase['ready']): PrimitiveCase => ({ touched: 0, ready });

const each = <P extends Primitive>(names: readonly P[], make: (name: P) => PrimitiveCase) =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as { readonly [N in P]: PrimitiveCase };

const unary = (operand: 'x' | 'positive', ...names: readonly OfTensors<[Tensor]>[]) =>
  each(names, (name) => ({
    touched: 2,
    ready:
      (k, { [operand]: x }) =>
      () =>
        k[name](x),
  }));

const binary = (touched: number, ...names: readonly OfTensors<[Tensor, Tensor]>[]) =>
  each(names, (name) => ({
    touched,
    ready:
      (k, { positive, y }) =>
      () =>
        k[name](positive, y),
  }));

/** Along rows, which lie in one piece. */
const reductions = (...names: readonly ('sum' | 'max' | 'min')[]) =>
  each(names, (name) => ({
    touched: 1,
    ready:
      (k, { x }) =>
      () =>
        k[name](x, [1]),
  }));

const scans = (touched: number, ...names: readonly ('argmax' | 'argmin' | 'cumsum')[]) =>
  each(names, (name) => ({
    touched,
    ready:
      (k, { x }) =>
      () =>
        k[name](x, 1),
  }));

/** A primitive that stands here no case is not measured, and the table says so. */
export const primitiveCases: { readonly [P in Primitive]?: PrimitiveCase } = {
  full: {
    touched: 1,
    ready:
      (k, { side }) =>
      () =>
        k.full({ shape: [side, side], value: 1, dtype: 'float32' }),
  },
  ...unary('x', 'neg', 'abs', 'sign', 'exp', 'expm1', 'sin', 'cos', 'tanh', 'sigmoid', 'relu', 'softplus', 'erf'),
  ...unary('positive', 'log', 'log1p', 'sqrt'),
  ...binary(3, 'add', 'sub', 'mul', 'div', 'pow', 'maximum', 'minimum'),
  ...binary(2 + BOOL, 'equal', 'less', 'lessEqual'),
  where: {
    touched: 3 + BOOL,
    ready:
      (k, { condition, x, y }) =>
      () =>
        k.where(condition, x, y),
  },
  cast: {
    touched: 2,
    ready:
      (k, { x }) =>
      () =>
        k.cast(x, 'int32'),
  },
  ...reductions('sum', 'max', 'min'),
  ...scans(1, 'argmax', 'argmin'),
  ...scans(2, 'cumsum'),
  stopGradient: view(
    (k, { x }) =>
      () =>
        k.stopGradient(x),
  ),
  reshape: view(
    (k, { x, side }) =>
      () =>
        k.reshape(x, [side * side]),
  ),
  permute: view(
    (k, { x }) =>
      () =>
        k.permute(x, [1, 0]),
  ),
  broadcastTo: view(
    (k, { x, side }) =>
      () =>
        k.broadcastTo(x, [2, side, side]),
  ),
  slice: view(
    (k, { x, side }) =>
      () =>
        k.slice(x, { starts: [0, 1], sizes: [side, side - 1], steps: [1, 1] }),
  ),
  embed: {
    touched: 2,
    ready: (k, { x, side }) => {
      const into = { starts: [0, 1], sizes: [side, side], steps: [1, 1], shape: [side, side + 1] };
      return () => k.embed(x, into);
    },
  },
  concat: {
    touched: 4,
    ready:
      (k, { x, y }) =>
      () =>
        k.concat(x, y, 0),
  },
  take: {
    touched: 2,
    ready:
      (k, { x, indices }) =>
      () =>
        k.take(x, indices, 0),
  },
  scatterAdd: {
    touched: 2,
    ready:
      (k, { x, indices, side }) =>
      () =>
        k.scatterAdd(x, indices, { axis: 0, size: side }),
  },
  matmul: {
    touched: 3,
    ready:
      (k, { x, y }) =>
      () =>
        k.matmul(x, y),
  },
  unfold: {
    touched: 1 + WINDOW_ENTRIES,
    ready:
      (k, { x }) =>
      () =>
        k.unfold(x, WINDOWS),
  },
  fold: {
    touched: WINDOW_ENTRIES + 1,
    ready: (k, { x, side }) => {
      const unfolded = k.unfold(x, WINDOWS);
      return () => k.fold(unfolded, { windows: WINDOWS, shape: [side, side] });
    },
  },
};
