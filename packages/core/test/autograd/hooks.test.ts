/** Hooks: the cotangents they receive and return, the order of their calls, and their lifetime. */

import { setImmediate } from 'node:timers/promises';
import {
  ArgumentError,
  checkpoint,
  grad,
  noGrad,
  ones,
  parameter,
  registerHook,
  TapeError,
  Tensor,
  tensor,
  vmap,
} from '@tapegrad/core';
import { links } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const leaf = (...elements: number[]): Tensor<readonly [number]> =>
  tensor(new Float64Array(elements), { dtype: 'float64', requiresGrad: true });
const untyped = (x: unknown): never => x as never;

/** Records what a hook receives. */
const noting = (seen: unknown[], name = ''): ((g: Tensor) => undefined) => {
  return (g) => {
    seen.push(name === '' ? g.toArray() : [name, g.toArray()]);
    return undefined;
  };
};

describe('a hook sees the sum of what arrives', () => {
  test('at an input', () => {
    const [x, seen] = [leaf(1, 2), [] as unknown[]];
    registerHook(x, noting(seen));
    x.mul(x).add(x).sum().backward();
    expect(seen).toEqual([[3, 5]]);
  });

  test('at a result on the way, of slices too, and at the loss', () => {
    const [x, seen] = [leaf(1, 2), [] as unknown[]];
    const h = x.exp();
    const loss = h
      .slice(0, 0, 1)
      .mul(2)
      .sum()
      .add(h.slice(0, 1, 2).sum())
      .add(h.sum());
    registerHook(h, noting(seen));
    registerHook(loss, noting(seen));
    loss.backward();
    expect(seen).toEqual([1, [3, 2]]);
  });

  test('in every sweep that gets to it, and in no other', () => {
    const [x, y, seen] = [leaf(1), leaf(2), [] as unknown[]];
    registerHook(x, noting(seen));
    x.mul(y).sum().backward();
    y.mul(3).sum().backward();
    x.mul(y)
      .sum()
      .backward({ wanted: [y] });
    x.mul(4).sum().backward();
    expect(seen).toEqual([[2], [4]]);
  });

  test('within a checkpoint, once', () => {
    const [x, seen] = [leaf(1), [] as unknown[]];
    const block = checkpoint((z: Tensor) => {
      const h = z.mul(2);
      registerHook(h, noting(seen, 'inside'));
      return h.mul(3);
    });
    const y = block(x);
    registerHook(y, noting(seen, 'result'));
    y.sum().backward();
    expect(seen).toEqual([
      ['result', [1]],
      ['inside', [3]],
    ]);
  });

  test('at the delta of a layer', () => {
    const [w, seen] = [parameter(ones([2, 2])), [] as unknown[]];
    const loss = ones([1, 2]).matmul(w).mul(3).sum();
    const [link] = links(loss);
    registerHook(link!.preActivation, noting(seen));
    loss.backward();
    expect(seen).toEqual([link!.delta.toArray()]);
  });
});

describe('what a hook gives takes the place of the cotangent', () => {
  test('in the result and further back', () => {
    const x = leaf(1, 2);
    const h = x.mul(3);
    registerHook(h, (g) => g.mul(10));
    registerHook(x, (g) => g.add(1));
    const gradients = h.sum().backward({ wanted: [x, h] });
    expect(gradients.of(h).toArray()).toEqual([10, 10]);
    expect(gradients.of(x).toArray()).toEqual([31, 31]);
  });

  test('one after the other', () => {
    const x = leaf(1);
    const removeFirst = registerHook(x, (g) => g.add(1));
    registerHook(x, (g) => g.mul(10));
    const slope = () => x.mul(2).sum().backward().of(x).toArray();
    expect(slope()).toEqual([30]);
    removeFirst();
    expect(slope()).toEqual([20]);
    removeFirst();
    expect(slope()).toEqual([20]);
  });

  test('recorded, where the sweep is', () => {
    const x = leaf(3);
    const remove = registerHook(x, (g) => g.mul(x));
    const slope = x.mul(x).sum().backward({ createGraph: true }).of(x);
    remove();
    expect(slope.toArray()).toEqual([18]);
    expect(slope.sum().backward().of(x).toArray()).toEqual([12]);
  });

  test('not recorded, where the sweep is not', () => {
    const x = leaf(3);
    registerHook(x, (g) => g.mul(x));
    expect(x.mul(x).sum().backward().of(x).requiresGrad).toBe(false);
  });

  test('in functional transforms', () => {
    const slope = grad((x: Tensor) => {
      const h = x.mul(2);
      registerHook(h, (g) => g.mul(5));
      return h.sum();
    });
    expect(slope(leaf(1)).toArray()).toEqual([10]);
  });

  test('a hook may remove itself and add others while it runs', () => {
    const [x, seen] = [leaf(1), [] as unknown[]];
    const remove = registerHook(x, (g) => {
      remove();
      registerHook(x, noting(seen));
      return g.mul(2);
    });
    const slope = () => x.mul(1).sum().backward().of(x).toArray();
    expect([slope(), slope()]).toEqual([[2], [1]]);
    expect(seen).toEqual([[1]]);
  });
});

describe('memory', () => {
  const shape = [60, 50] as const;

  test('what a hook keeps stays as it is', () => {
    const kept: Tensor[] = [];
    const copies: number[][] = [];
    const x = new Tensor(ones(shape).array, undefined, true);
    let h: Tensor = x;
    for (let i = 0; i < 6; i++) {
      h = h.tanh().mul(h);
      registerHook(h, (g) => {
        kept.push(g, g.transpose());
        copies.push([...g.data], [...g.transpose().data]);
        return i % 2 === 0 ? g.mul(2) : undefined;
      });
    }
    h.sum().backward();
    const bad = x.tanh().sigmoid();
    bad
      .mul(bad)
      .sum()
      .backward({ seed: tensor(Number.NaN) });
    expect(kept).toHaveLength(12);
    expect(kept.map((g) => [...g.data])).toEqual(copies);
  });

  test('hooks go with their tensors', async () => {
    const x = leaf(1);
    const results = (() => {
      const h = x.mul(2);
      const hook = (g: Tensor): Tensor => g.add(h.detach());
      registerHook(h, hook);
      h.sum().backward();
      return [h, hook].map((object) => new WeakRef<object>(object));
    })();
    for (let i = 0; i < 3; i++) {
      await setImmediate();
      globalThis.gc!();
    }
    expect(results.map((reference) => reference.deref())).toEqual([undefined, undefined]);
  });
});

const swept = (hook: (g: Tensor) => unknown, name?: string) => () => {
  const x = name === undefined ? leaf(1, 2) : parameter(ones([2]), { name });
  registerHook(x as Tensor, untyped(hook));
  x.mul(2).sum().backward();
};

test.each<readonly [string, new (message: string) => Error, () => unknown]>([
  ['registerHook: expected a tensor, got 3', ArgumentError, () => registerHook(untyped(3), untyped(3))],
  ['registerHook: expected a function, got 3', ArgumentError, () => registerHook(leaf(1), untyped(3))],
  ['requires no gradient', TapeError, () => registerHook(ones([2]), (g) => g)],
  ['requires no gradient', TapeError, () => noGrad(() => registerHook(leaf(1).mul(2), (g) => g))],
  ['the hook gave 3, expected a tensor or nothing', ArgumentError, swept(() => 3)],
  ['the hook gave null, expected a tensor or nothing', ArgumentError, swept(() => null)],
  ['the hook gave an object, expected a tensor or nothing', ArgumentError, swept(() => ({}))],
  ['registerHook: expected a hook that is synchronous', ArgumentError, swept(async () => undefined)],
  [
    "a hook on 'w' gave a cotangent of float32 [1], expected float32 [2]",
    TapeError,
    swept((g) => g.slice(0, 0, 1), 'w'),
  ],
  [
    'a hook on an input gave a cotangent of float32 [2], expected float64 [2]',
    TapeError,
    swept((g) => g.cast('float32')),
  ],
  [
    'inside vmap has no cotangent of its own',
    ArgumentError,
    () => {
      vmap((x: Tensor) => {
        registerHook(x, (g) => g);
        return x;
      })(new Tensor(ones([2]).array, undefined, true));
    },
  ],
])('%s', (message, error, call) => {
  expect(call).toThrow(error);
  expect(call).toThrow(message);
});

test('a hook that fails leaves the tape as it was', () => {
  const x = leaf(2);
  const loss = x.mul(x).sum();
  const remove = registerHook(x, () => {
    throw new Error('on purpose');
  });
  expect(() => loss.backward()).toThrow('on purpose');
  remove();
  expect(loss.backward().of(x).toArray()).toEqual([4]);
});
