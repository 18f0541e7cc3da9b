/** Parameters that change between a forward pass and its sweep: the gradient is the one from before, or an error. */

import { buffer, concat, noGrad, parameter, TapeError, type Tensor, type TensorOptions, tensor } from '@tapegrad/core';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';

const wanted: TensorOptions = { dtype: 'float64', requiresGrad: true };
const _scalar = (value: number): Tensor<readonly []> => tensor(value, wanted);
const vector = (...values: number[]): Tensor<readonly [number]> => tensor(new Float64Array(values), wanted);

describe('a parameter that changed', () => {
  const make = () => parameter(tensor(new Float64Array([3, 4])), { name: 'layer.weight' });
  const change = (w: ReturnType<typeof make>) => w.update((elements) => elements.fill(0));
  const sentence =
    /^backward: 'layer\.weight' of '\w+' changed after the forward pass, but the backward pass needs its old value; call backward/;

  const uses: readonly [name: string, use: (w: Tensor<readonly [number]>, x: Tensor<readonly [number]>) => Tensor][] = [
    ['itself', (w, x) => w.mul(x)],
    ['twice', (w, x) => w.mul(w).mul(x)],
  ];

  test.each(uses)('%s', (_, use) => {
    const w = make();
    const x = vector(1, 2);
    const loss = use(w, x).sum();
    change(w);
    expect(() => loss.backward()).toThrow(TapeError);
    expect(() => loss.backward()).toThrow(sentence);
  });

  const views: typeof uses = [
    ['a view of it', (w, x) => w.flip(0).mul(x)],
    ['a view that was not recorded', (w, x) => noGrad(() => w.flip(0)).mul(x)],
    ['a view of a view', (w, x) => w.flip(0).reshape([2, 1]).transpose().mul(x)],
  ];

  test.each(views)('keeps its old value in %s', (_, use) => {
    const w = make();
    const x = vector(1, 2);
    const loss = use(w, x).sum();
    change(w);
    expect(
      loss
        .backward({ wanted: [x] })
        .of(x)
        .toArray(),
    ).toEqual([4, 3]);
  });

  test('is none of the business of a sweep that does not pass it', () => {
    const w = make();
    const x = vector(1, 2);
    const h = x.exp();
    const loss = h.add(w.mul(2)).sum();
    change(w);
    expectClose(loss.backward({ wanted: [x] }).of(x), [Math.E, Math.E ** 2]);
  });

  const unread: readonly [name: string, use: (w: Tensor<readonly [number]>, x: Tensor<readonly [number]>) => Tensor][] =
    [
      ['added', (w, x) => x.add(w)],
      ['subtracted', (w, x) => x.sub(w)],
      ['times a constant, on the right', (w, x) => x.detach().mul(w)],
      ['times a constant, on the left', (w, x) => w.mul(x.detach())],
      ['divided by a constant', (w, x) => w.div(x.detach())],
      [
        'in a product with data',
        (w, x) =>
          x
            .detach()
            .reshape([1, 2])
            .matmul(w.reshape([2, 1])),
      ],
      ['under a function whose rule takes its value alone', (w) => w.tanh()],
      ['in parts that are moved', (w) => concat([w.flip(0), w.reshape([2]), w.slice(0, 0, 1)], 0)],
      ['summed', (w) => w.cumsum(0).sum()],
    ];

  test.each(unread)('%s, is of no matter where its old value is not needed', (_, use) => {
    const [w, x] = [make(), vector(1, 2)];
    const before = use(w, x).sum().backward().of(w).toArray();
    const loss = use(w, x).sum();
    change(w);
    expect(loss.backward().of(w).toArray()).toEqual(before);
  });

  test('is of matter for one input and not for the other', () => {
    const [w, x] = [make(), vector(1, 2)];
    const loss = w.mul(x).sum();
    change(w);
    expect(
      loss
        .backward({ wanted: [w], retainGraph: true })
        .of(w)
        .toArray(),
    ).toEqual([1, 2]);
    expect(() => loss.backward({ wanted: [x] })).toThrow(sentence);
  });

  test('may be a buffer', () => {
    const running = buffer(tensor(new Float64Array([3, 4])), { name: 'running' });
    const x = vector(1, 2);
    const [needed, not] = [x.mul(running).sum(), x.add(running).sum()];
    running.assign(running.add(1));
    expect(() => needed.backward()).toThrow("'running' of 'mul' changed after the forward pass");
    expect(not.backward().of(x).toArray()).toEqual([1, 1]);
  });

  test('before the forward pass is no matter', () => {
    const w = make();
    const earlier = w.mul(w);
    change(w);
    expect(w.mul(w).sum().backward().of(w).toArray()).toEqual([0, 0]);
    expect(() => earlier.sum().backward()).toThrow(sentence);
  });

  test('and another that did not', () => {
    const [w, other] = [make(), make()];
    const loss = other.mul(other).sum();
    change(w);
    expect(loss.backward().of(other).toArray()).toEqual([6, 8]);
  });
});
