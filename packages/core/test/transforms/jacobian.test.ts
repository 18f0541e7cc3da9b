/** Jacobians and Hessians: compared with differences and torch.func, and forward mode with reverse mode. */

import { readFileSync } from 'node:fs';
import { grad, hessian, hvp, jacobian, slice, type Tensor, tensor, vmap } from '@tapegrad/core';
import type { Scalar } from '@tapegrad/core/extend';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';
import { lattice } from '../operators/operators.ts';

const numbers = (shape: readonly number[], salt: number): Tensor =>
  tensor(
    lattice(
      shape.reduce((size, length) => size * length, 1),
      salt,
      -1,
      1,
    ),
    { shape },
  );

interface Layer {
  readonly weight: Tensor;
  readonly bias: Tensor;
}

/** A network of three layers, and its mean squared error, as in data/make_network.py. */
const sizes = [2, 3, 2, 1];
const layers: readonly Layer[] = sizes.slice(1).map((size, l) => ({
  weight: numbers([sizes[l]!, size], 2 * l),
  bias: numbers([size], 2 * l + 1),
}));
const x = numbers([4, 2], 6);
const y = numbers([4, 1], 7);

const predict = (layers: readonly Layer[], x: Tensor): Tensor =>
  layers.reduce((z, { weight, bias }, l) => {
    const a = z.matmul(weight).add(bias);
    return l === layers.length - 1 ? a : a.tanh();
  }, x);

const loss = (layers: readonly Layer[], x: Tensor, y: Tensor) =>
  predict(layers, x).sub(y).pow(2).mean() as Tensor<Scalar>;

/** The tensors of the network, by the names under which PyTorch's values are stored. */
const parts = layers.flatMap((_, l) => (['weight', 'bias'] as const).map((name) => ({ l, name, key: `${l}.${name}` })));

const stored: {
  gradient: Record<string, number[]>;
  hessian: Record<string, Record<string, number[]>>;
  jacobian: number[];
  perExample: Record<string, number[]>;
} = JSON.parse(readFileSync(new URL('../data/network.pytorch.json', import.meta.url), 'utf8'));

/** Returns the network with one element of a tensor moved. */
const moved = (l: number, name: 'weight' | 'bias', place: number, step: number): readonly Layer[] =>
  layers.with(l, {
    ...layers[l]!,
    [name]: tensor(
      layers[l]![name].data.map((value, i) => (i === place ? value + step : value)),
      { shape: layers[l]![name].shape },
    ),
  });

describe('the loss of a network of three layers', () => {
  const gradient = grad(loss)(layers, x, y);
  const second = hessian(loss)(layers, x, y);

  test.each(parts)('its gradient by $key is PyTorch’s', ({ l, name, key }) => {
    expectClose(gradient[l]![name], stored.gradient[key]!);
  });

  test.each(parts)('its Hessian’s rows of $key are PyTorch’s', ({ l, name, key }) => {
    for (const other of parts) {
      const block = second[l]![name][other.l]![other.name];
      expect(block.shape).toEqual([...layers[l]![name].shape, ...layers[other.l]![other.name].shape]);
      expectClose(block, stored.hessian[key]![other.key]!);
    }
  });

  test.each(parts)('its Hessian’s columns of $key are central differences of its gradient', ({ l, name }) => {
    const h = Number.EPSILON ** (1 / 5);
    for (let place = 0; place < layers[l]![name].size; place++) {
      const at = (step: number) => grad(loss)(moved(l, name, place, step), x, y);
      const [n1, p1, n2, p2] = [at(-h), at(h), at(-2 * h), at(2 * h)] as const;
      for (const other of parts) {
        const of = (tree: typeof n1): Tensor => tree[other.l]![other.name];
        const difference = of(p1)
          .sub(of(n1))
          .mul(8)
          .sub(of(p2).sub(of(n2)))
          .div(12 * h);
        const column = second[other.l]![other.name][l]![name].reshape([difference.size, -1]).index(slice(), place);
        expect(
          column
            .sub(difference.reshape([-1]))
            .abs()
            .max()
            .item(),
        ).toBeLessThan(1e-10);
      }
    }
  });

  test('its Hessian times a vector is the product', () => {
    const along = layers.map(({ weight, bias }, l) => {
      return { weight: numbers(weight.shape, 10 + l), bias: numbers(bias.shape, 20 + l) };
    });
    const [product] = hvp((layers: readonly Layer[]) => loss(layers, x, y), [layers], [along]);
    for (const { l, name } of parts) {
      const terms = parts.map((other) => {
        const block = second[l]![name][other.l]![other.name];
        const direction = along[other.l]![other.name];
        return block.reshape([-1, direction.size]).matmul(direction.reshape([-1]));
      });
      const expected = terms.reduce((sum, term) => sum.add(term));
      expectClose(product[l]![name], [...expected.data], 1e-12);
    }
  });

  test('each example’s gradient, by vmap, is PyTorch’s', () => {
    const one = (layers: readonly Layer[], x: Tensor, y: Tensor) => loss(layers, x, y);
    const each = vmap(grad(one), { inAxes: [null, 0, 0] })(layers, x, y);
    for (const { l, name, key } of parts) expectClose(each[l]![name], stored.perExample[key]!);
  });

  test.each(['reverse', 'forward'] as const)('the Jacobian of its prediction, %s, is PyTorch’s', (mode) => {
    const derivative = jacobian(predict, { argument: 1, mode })(layers, x);
    expect(derivative.shape).toEqual([4, 1, 4, 2]);
    expectClose(derivative, stored.jacobian);
  });
});

describe('any shapes', () => {
  const f = (x: Tensor) => x.matmul(x.transpose()).tanh().slice(0, 0, 2);
  const x = numbers([2, 3, 4], 0);
  const modes = ['reverse', 'forward'] as const;
  const weighted = (J: Tensor): Tensor<Scalar> => J.mul(numbers(J.shape, 3)).sum();

  test('forward and reverse agree', () => {
    const [reverse, forward] = modes.map((mode) => jacobian(f, { mode })(x.index(0))) as [Tensor, Tensor];
    expect(reverse.shape).toEqual([2, 3, 3, 4]);
    expectClose(forward, [...reverse.data], 1e-12);
  });

  test.each(modes)('of each example, %s', (mode) => {
    const all = vmap(jacobian(f, { mode }))(x);
    expect(all.shape).toEqual([2, 2, 3, 3, 4]);
    [0, 1].forEach((i) => {
      expectClose(all.index(i), [...jacobian(f, { mode })(x.index(i)).data], 1e-12);
    });
  });

  test('a Jacobian has gradients, and each example’s its own', () => {
    const [reverse, forward] = modes.map((mode) => grad((x: Tensor) => weighted(jacobian(f, { mode })(x)))) as [
      (x: Tensor) => Tensor,
      (x: Tensor) => Tensor,
    ];
    const expected = reverse(x.index(1));
    expectClose(forward(x.index(1)), [...expected.data], 1e-11);
    expectClose(vmap(reverse)(x).index(1), [...expected.data], 1e-11);
    expectClose(vmap(forward)(x).index(1), [...expected.data], 1e-11);
  });

  test('a Jacobian of a Jacobian is the second derivative', () => {
    const third = jacobian(jacobian(hessian((x: Tensor) => x.exp().sum())))(x.index(0, 0));
    expect(third.shape).toEqual([4, 4, 4, 4]);
    const diagonal = Array.from({ length: 4 }, (_, i) => third.index(i, i, i, i).item());
    expectClose(x.index(0, 0).exp(), diagonal, 1e-14);
    expect(third.notEqual(0).cast('int32').sum().item()).toBe(4);
  });

  test('the Hessian of each example', () => {
    const energy = (x: Tensor) => f(x).sum();
    const all = vmap(hessian(energy))(x);
    expectClose(all.index(1), [...jacobian(grad(energy), { mode: 'reverse' })(x.index(1)).data], 1e-11);
  });

  test('trees give trees of trees', () => {
    const g = ({ a, b }: { a: Tensor; b: readonly Tensor[] }, scale: Tensor) => {
      return { sum: a.mul(scale).add(b[0]!.sum()), total: a.sum() };
    };
    const at = [{ a: numbers([2], 0), b: [numbers([3], 1)] }, numbers([2], 2)] as const;
    for (const mode of modes) {
      const J = jacobian(g, { mode })(...at);
      const [first, second] = at[1].data as unknown as [number, number];
      expectClose(J.sum.a, [first, 0, 0, second]);
      expect(J.sum.b[0]!.toArray()).toEqual([
        [1, 1, 1],
        [1, 1, 1],
      ]);
      expect(J.total.a.toArray()).toEqual([1, 1]);
      expect(J.total.b[0]!.toArray()).toEqual([0, 0, 0]);
    }
    const [byScale, byTree] = jacobian(g, { argument: [1, 0] })(...at).sum;
    expect(byScale.shape).toEqual([2, 2]);
    expect(byTree.a.shape).toEqual([2, 2]);
  });

  test('scalars, empty tensors, and the dtype', () => {
    expect(jacobian((x: Tensor) => x.exp())(tensor(0)).toArray()).toBe(1);
    for (const mode of modes)
      expect(jacobian((x: Tensor) => x.exp(), { mode })(numbers([0, 2], 0)).shape).toEqual([0, 2, 0, 2]);
    expect(jacobian((x: Tensor) => x.cast('float64'))(tensor([1, 2])).dtype).toBe('float32');
  });

  test('a mode that there is not', () => {
    expect(() => jacobian(f, { mode: 'sideways' as never })(x)).toThrow(
      "jacobian: unknown mode 'sideways', expected 'reverse' or 'forward'",
    );
  });
});
