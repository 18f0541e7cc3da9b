/** The steps of random programs: each operator, on operands of any shape and dtype that it accepts. */

import * as core from '@tapegrad/core';
import { type Shape, slice, type Tensor, tensor } from '@tapegrad/core';

/** The random choices of a program as it runs: the same in every run. */
export class Choices {
  /** Whether to try invalid arguments too, which throw errors. */
  readonly isWild: boolean;
  #state: number;

  constructor(salt: number, isWild: boolean) {
    this.#state = salt;
    this.isWild = isWild;
  }

  /** Returns an integer below `count`. */
  below(count: number): number {
    this.#state = (Math.imul(this.#state, 1103515245) + 12345) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * count);
  }

  of<T>(...list: readonly T[]): T {
    return list[this.below(list.length)]!;
  }

  /** An axis of a tensor, counted from either end. */
  axis(x: Tensor): number {
    const beyond = this.isWild ? 1 : 0;
    return this.below(2 * (x.rank + beyond)) - x.rank - beyond;
  }

  /** Arguments of a reduction. */
  reduced(x: Tensor): [axis?: number | number[], options?: { keepDims: boolean }] {
    if (x.rank === 0) return [];
    const axis = this.of<number | number[] | undefined>(undefined, this.axis(x), [this.axis(x)]);
    return axis === undefined ? [] : [axis, { keepDims: this.of(true, false) }];
  }

  /** Positions along an axis. */
  positions(length: number, count: number): Tensor {
    return tensor(
      Int32Array.from({ length: count }, () => this.below(length)),
      { dtype: 'int32' },
    );
  }
}

type Step = (x: Tensor, y: Tensor, choices: Choices) => Tensor;

/** Maps smoothly to positive numbers. */
const above = (x: Tensor): Tensor => core.square(x).add(0.5);
/** Maps smoothly to numbers between -1 and 1. */
const within = (x: Tensor): Tensor => x.tanh().mul(0.9);

const broadcasts = (a: Shape, b: Shape): boolean =>
  [-1, -2, -3, -4, -5].every((i) => {
    const [m, n] = [a.at(i) ?? 1, b.at(i) ?? 1];
    return m === n || m === 1 || n === 1;
  });

/** A step with two operands that broadcast, or with one operand and the sum of the other. */
const pair =
  (step: Step): Step =>
  (x, y, choices) =>
    step(x, choices.isWild || broadcasts(x.shape, y.shape) ? y : y.sum(), choices);

/** A step on an operand with axes; a scalar becomes a vector. */
const ranked =
  (step: Step, rank = 1): Step =>
  (x, y, choices) => {
    let z = x;
    while (!choices.isWild && z.rank < rank) z = core.unsqueeze(z, 0);
    return step(z, y, choices);
  };

/** A piecewise constant result, next to its operand. */
const beside =
  (step: Step): Step =>
  (x, y, choices) =>
    x.add(step(x, y, choices).cast(x.dtype).mul(0.5));

/** Integers, since equality of other numbers depends on rounding. */
const exact = (x: Tensor, choices: Choices): Tensor => (choices.isWild ? x : core.round(x));

/** A step that needs elements; it does nothing for an empty operand. */
const filled =
  (step: Step): Step =>
  (x, y, choices) =>
    x.size === 0 && !choices.isWild ? x : step(x, y, choices);

/** A symmetric matrix with distinct positive eigenvalues. */
const definite = (x: Tensor): Tensor => {
  const rows = within(x);
  const n = x.shape.at(-2) ?? 1;
  const apart = core.eye(n, { dtype: x.dtype }).mul(core.arange(1, 8 * n + 1, 8, { dtype: x.dtype }));
  return rows.matmul(rows.transpose()).add(apart);
};

/** At least two elements: adds one at each end. */
const window = { size: 2, stride: 1, dilation: 1, padding: [1, 1] } as const;

/** Multiplies each piece by its number, and joins them again. */
const pieces = (list: readonly Tensor[], axis: number): Tensor =>
  core.concat(
    list.map((piece, i) => piece.mul(i + 1)),
    axis,
  );

/** All steps of programs, by the operator they test. */
export const steps: { readonly [operator: string]: Step } = {
  neg: (x) => x.neg(),
  abs: (x) => x.abs(),
  exp: (x) => x.exp(),
  expm1: (x) => x.expm1(),
  sin: (x) => x.sin(),
  cos: (x) => x.cos(),
  tanh: (x) => x.tanh(),
  sigmoid: (x) => x.sigmoid(),
  relu: (x) => x.relu(),
  softplus: (x) => x.softplus(),
  erf: (x) => x.erf(),
  erfc: (x) => core.erfc(x),
  square: (x) => core.square(x),
  atan: (x) => core.atan(x),
  sinh: (x) => core.sinh(x),
  cosh: (x) => core.cosh(x),
  hardtanh: (x) => core.hardtanh(x),
  elu: (x) => core.elu(x),
  selu: (x) => core.selu(x),
  silu: (x) => core.silu(x),
  sign: beside((x) => x.sign()),
  floor: beside((x) => core.floor(x)),
  ceil: beside((x) => core.ceil(x)),
  round: beside((x) => core.round(x)),
  isNaN: beside((x) => core.isNaN(x)),
  isFinite: beside((x) => core.isFinite(x)),
  log: (x) => above(x).log(),
  log1p: (x) => core.square(x).log1p(),
  sqrt: (x) => above(x).sqrt(),
  rsqrt: (x) => core.rsqrt(above(x)),
  reciprocal: (x) => core.reciprocal(above(x)),
  tan: (x) => core.tan(within(x)),
  asin: (x) => core.asin(within(x)),
  acos: (x) => core.acos(within(x)),
  clamp: (x) => core.clamp(x, -1, 1.5),
  leakyRelu: (x) => core.leakyRelu(x, 0.1),
  gelu: (x, _y, choices) => core.gelu(x, { approximate: choices.of('none', 'tanh') }),

  add: pair((x, y) => x.add(y)),
  sub: pair((x, y) => x.sub(y)),
  mul: pair((x, y) => x.mul(y)),
  div: pair((x, y) => x.div(above(y))),
  pow: pair((x, y, choices) => choices.of(above(x).pow(within(y)), x.pow(choices.of(0, 1, 2, 3)))),
  maximum: pair((x, y) => x.maximum(y)),
  minimum: pair((x, y) => x.minimum(y)),
  atan2: pair((x, y) => core.atan2(x, above(y))),
  remainder: pair((x, y) => core.remainder(x, above(y))),
  where: pair((x, y) => x.less(y).where(x, y)),
  equal: beside(pair((x, y, choices) => exact(x, choices).equal(exact(y, choices)))),
  notEqual: beside(pair((x, y, choices) => exact(x, choices).notEqual(exact(y, choices)))),
  less: beside(pair((x, y) => x.less(y))),
  lessEqual: beside(pair((x, y) => x.lessEqual(y))),
  greater: beside(pair((x, y) => x.greater(y))),
  greaterEqual: beside(pair((x, y) => x.greaterEqual(y))),
  logicalAnd: beside(pair((x, y) => core.logicalAnd(x.greater(0), y.greater(0)))),
  logicalOr: beside(pair((x, y) => core.logicalOr(x.greater(0), y.greater(0)))),
  logicalNot: beside((x) => core.logicalNot(x.greater(0))),
  maskedFill: (x) => core.maskedFill(x, x.greater(0.7), 0.3),

  sum: (x, _y, choices) => x.sum(...choices.reduced(x)),
  mean: filled((x, _y, choices) => x.mean(...choices.reduced(x))),
  variance: filled((x, _y, choices) => {
    const [axis, options] = choices.reduced(x);
    return x.variance(axis, { ...options, correction: 0 });
  }),
  std: filled(
    ranked((x, _y, choices) => {
      const [axis, options] = choices.reduced(x);
      return core.std(core.concat([x, x.mul(0.5).add(1), x.sin()], choices.axis(x)), axis, {
        ...options,
        correction: 0,
      });
    }),
  ),
  prod: (x, _y, choices) => x.prod(...choices.reduced(x)),
  max: filled((x, _y, choices) => x.max(...choices.reduced(x))),
  min: filled((x, _y, choices) => x.min(...choices.reduced(x))),
  any: beside((x) => core.any(x.greater(1))),
  all: beside((x) => core.all(x.greater(-1))),
  argmax: beside(filled(ranked((x, _y, choices) => x.argmax(choices.axis(x), { keepDims: true })))),
  argmin: beside(filled(ranked((x, _y, choices) => x.argmin(choices.axis(x), { keepDims: true })))),
  logSumExp: filled((x, _y, choices) => x.logSumExp(...choices.reduced(x))),
  norm: (x, _y, choices) => {
    const [axis, options] = choices.reduced(x);
    return x.add(0.1).norm(axis, { ...options, order: choices.of(1, 2, 3) });
  },
  softmax: ranked((x, _y, choices) => x.softmax(choices.axis(x))),
  logSoftmax: ranked((x, _y, choices) => x.logSoftmax(choices.axis(x))),
  cumsum: ranked((x, _y, choices) => x.cumsum(choices.axis(x))),
  cumprod: ranked((x, _y, choices) => core.cumprod(x, choices.axis(x))),

  reshape: (x, _y, choices) => x.reshape(choices.of<Shape>([x.size], [...x.shape, 1], [1, ...x.shape])),
  transpose: ranked((x) => x.transpose(), 2),
  permute: (x, _y, choices) => {
    const by = choices.below(x.rank + 1);
    return x.permute(x.shape.map((_, i) => (i + by) % x.rank));
  },
  broadcastTo: (x) => (x.rank < 4 ? x.broadcastTo([2, ...x.shape]) : x),
  flip: ranked((x, _y, choices) => x.flip(choices.axis(x))),
  unsqueeze: (x, _y, choices) => (x.rank < 4 ? core.unsqueeze(x, choices.below(x.rank + 1)) : x),
  squeeze: (x) => core.squeeze(x),
  swapaxes: ranked((x, _y, choices) => core.swapaxes(x, choices.axis(x), choices.axis(x))),
  split: ranked((x, _y, choices) => {
    const axis = choices.axis(x);
    const cut = choices.below(x.shape.at(axis)! + 1);
    return pieces(core.split(x, [cut, x.shape.at(axis)! - cut], axis), axis);
  }),
  chunk: ranked((x, _y, choices) => {
    const axis = choices.axis(x);
    return x.shape.at(axis) === 0 ? x : pieces(core.chunk(x, 2, axis), axis);
  }),
  tile: ranked((x, _y, choices) => core.tile(x, [choices.of(1, 2)])),
  repeat: ranked((x, _y, choices) => core.repeat(x, choices.of(1, 2), choices.axis(x))),
  roll: ranked((x, _y, choices) => core.roll(x, choices.below(7) - 3, choices.axis(x))),
  meshgrid: (x) => {
    const line = x.reshape([x.size]);
    const [first, second] = core.meshgrid([line, line.sin()]) as [Tensor, Tensor];
    return first.mul(second);
  },
  pad: ranked((x, _y, choices) =>
    x.pad(
      x.shape.map(() => [choices.below(2), choices.below(2)] as const),
      choices.of(0, 0.5),
    ),
  ),
  tril: ranked((x, _y, choices) => core.tril(x, choices.below(3) - 1), 2),
  triu: ranked((x, _y, choices) => core.triu(x, choices.below(3) - 1), 2),
  diagonal: ranked((x, _y, choices) => core.diagonal(x, { offset: choices.below(3) - 1 }), 2),
  trace: ranked((x) => core.trace(x), 2),
  concat: ranked((x, _y, choices) => core.concat([x, x.sin(), x.flip(0)], choices.axis(x))),
  stack: (x, _y, choices) => (x.rank < 4 ? core.stack([x, x.cos()], choices.below(x.rank + 1)) : x),

  slice: ranked((x, _y, choices) => {
    const [start, stop] = [choices.below(4) - 2, choices.below(5) - 1];
    return x.slice(choices.axis(x), start, stop, choices.of(1, 2, -1, -2));
  }),
  index: ranked((x, _y, choices) => {
    const length = x.shape[0]!;
    if (length === 0) return x.index(slice(), null);
    return x.index(
      choices.of<never>(
        choices.below(length) as never,
        slice(undefined, undefined, -1) as never,
        choices.positions(length, 2) as never,
        null as never,
      ),
    );
  }),
  take: ranked((x, _y, choices) => {
    const axis = choices.axis(x);
    const length = x.shape.at(axis)!;
    return x.take(choices.positions(length, length === 0 ? 0 : choices.below(4)), axis);
  }),
  gather: filled(
    ranked((x, _y, choices) => {
      const axis = choices.axis(x);
      const indices = choices.positions(x.shape.at(axis)!, x.size).reshape(x.shape);
      return core.gather(x, indices, axis);
    }),
  ),
  scatter: filled(
    ranked((x, _y, choices) => {
      const axis = choices.axis(x);
      const indices = choices.positions(x.shape.at(axis)!, x.size).reshape(x.shape);
      return core.scatter(x, indices, x.sin(), axis, { reduce: 'add' });
    }),
  ),
  scatterAdd: ranked((x, _y, choices) => {
    const axis = choices.axis(x);
    return x.scatterAdd(choices.positions(3, x.shape.at(axis)!), 3, axis);
  }),
  sort: ranked((x, _y, choices) => core.sort(x, choices.axis(x), { descending: choices.of(true, false) })),
  argsort: beside(ranked((x, _y, choices) => core.argsort(x, choices.axis(x)))),
  topk: filled(
    ranked((x, _y, choices) => core.topk(x, 1, choices.axis(x), { largest: choices.of(true, false) }).values),
  ),
  unique: beside((x) => core.unique(core.floor(x)).values.sum()),
  nonzero: beside((x) => core.nonzero(x.greater(0)).sum()),
  oneHot: beside((x) => core.oneHot(x.greater(0).cast('int32'), 2).sum()),
  cast: (x) => x.cast(x.dtype),

  matmul: ranked((x) => x.matmul(x.transpose()), 2),
  einsum: ranked((x, _y, choices) => {
    const equation = choices.of('...ij,...kj->...ik', '...ij,...ij->...i', '...ij,...ik->jk');
    return core.einsum(equation, x, x.cos());
  }, 2),
  triangularSolve: ranked(
    (x, _y, choices) => core.triangularSolve(definite(x), x, { upper: choices.of(true, false) }),
    2,
  ),
  solve: ranked((x) => core.solve(definite(x), x), 2),
  inverse: ranked((x) => core.inverse(definite(x)), 2),
  det: ranked((x) => core.det(definite(x)), 2),
  slogdet: ranked((x) => core.slogdet(definite(x)).logAbsDet, 2),
  logdet: ranked((x) => core.logdet(definite(x)), 2),
  cholesky: ranked((x) => core.cholesky(definite(x)), 2),
  qr: ranked((x, _y, choices) => choices.of(core.qr(definite(x)).r, core.qr(definite(x)).q), 2),
  eigh: ranked((x, _y, choices) => {
    const { values, vectors } = core.eigh(definite(x));
    return choices.of(values, core.square(vectors));
  }, 2),
  svd: ranked((x, _y, choices) => {
    const { u, s, vt } = core.svd(definite(x));
    return choices.of(s, core.square(u).add(core.square(vt)));
  }, 2),
  svdvals: ranked((x) => core.svdvals(definite(x)), 2),
  outer: ranked((x, y) => core.outer(x.reshape([x.size]), y.reshape([y.size]))),
  kron: pair((x, y) => core.kron(x, y)),
  cosineSimilarity: ranked((x, _y, choices) => core.cosineSimilarity(x, x.cos(), choices.axis(x))),
  cdist: ranked((x, _y, choices) => core.cdist(x, x.cos().add(2), { order: choices.of(1, 2, 3) }), 2),
  unfold: ranked((x) => core.unfold(x, [window])),
  fold: ranked((x) => core.fold(core.unfold(x.sin(), [window]), [window], [x.shape.at(-1)!])),
};
