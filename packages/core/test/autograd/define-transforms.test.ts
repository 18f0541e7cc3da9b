/** Custom operations and checkpoints under every transform, and under nested transforms. */

import {
  checkpoint,
  defineOp,
  grad,
  hessian,
  jacobian,
  Random,
  type Shape,
  sub,
  sum,
  type Tensor,
  vjp,
  vmap,
} from '@tapegrad/core';
import type { Scalar } from '@tapegrad/core/extend';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';

type Op = (x: Tensor) => Tensor;
type Vector = Tensor<readonly [number]>;

const composed: Op = (x) => x.mul(x.sigmoid());

const definitions = {
  forward: composed,
  vjp: (g: Tensor, y: Tensor, x: Tensor): Tensor => {
    const s = x.sigmoid();
    return g.mul(s.add(y.mul(sub(1, s))));
  },
};

const subjects: readonly (readonly [name: string, op: Op])[] = [
  ['a defined operation', defineOp<<S extends Shape>(x: Tensor<S>) => Tensor<S>>({ name: 'swish', ...definitions })],
  ['one that takes batches', defineOp<Op>({ name: 'swish', batched: true, ...definitions })],
  [
    'one with a rule for tangents',
    defineOp<Op>({ name: 'swish', ...definitions, jvp: ([t], y, x) => definitions.vjp(t!, y, x) }),
  ],
  ['a checkpoint', checkpoint(composed)],
];

const x: Vector = new Random(1).normal([3], { dtype: 'float64' });
const batch = new Random(2).normal([4, 3], { dtype: 'float64' });

/** The result of each transform of an operation. */
const transforms: { readonly [name: string]: (op: Op) => Tensor } = {
  jacobian: (op) => jacobian(of(op))(x),
  'jacobian, forward': (op) => jacobian(of(op), { mode: 'forward' })(x),
  hessian: (op) => hessian(totalOf(op))(x),
  'grad of jacobian': (op) => grad((z: Vector) => squared(jacobian(of(op))(z)))(x),
  'grad of jacobian, forward': (op) => grad((z: Vector) => squared(jacobian(of(op), { mode: 'forward' })(z)))(x),
  'grad of hessian': (op) => grad((z: Vector) => squared(hessian(totalOf(op))(z)))(x),
  'vmap of grad': (op) => vmap(grad(totalOf(op)))(batch),
  'vmap of hessian': (op) => vmap(hessian(totalOf(op)))(batch),
  'vmap of what vjp gives': (op) => vmap(vjp(of(op), x)[1])(batch)[0],
  'grad of vmap': (op) => grad((z: typeof batch) => squared(vmap(of(op))(z)))(batch),
};

const of =
  (op: Op) =>
  (z: Vector): Vector =>
    op(z.mul(2)).mul(z.sum()) as Vector;
const totalOf =
  (op: Op) =>
  (z: Vector): Tensor<Scalar> =>
    sum(of(op)(z));
const squared = (y: Tensor): Tensor<Scalar> => sum(y.mul(y));

describe.each(subjects)('%s', (_, op) => {
  test.each(Object.entries(transforms))('%s', (_, transform) => {
    const [actual, expected] = [transform(op), transform(composed)];
    expect(actual.shape).toEqual(expected.shape);
    expectClose(actual, [...expected.data], 1e-11);
  });
});
