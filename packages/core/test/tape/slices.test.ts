/** Gradients of tensors that are split: the cotangents of slices are joined, not added one by one. */

import { concat, Random, slice, type Tensor, tensor } from '@tapegrad/core';
import { tapeOf } from '@tapegrad/core/tape';
import { gradcheck } from '@tapegrad/verify';
import { expect, test } from 'vitest';

const leaf = (): Tensor => {
  const { data } = new Random(4).normal([5, 6], { dtype: 'float64' });
  return tensor(data, { shape: [5, 6], requiresGrad: true });
};

/** Different for each slice, so that none can be mistaken for another. */
const weighted = (parts: readonly Tensor[]): Tensor =>
  parts
    .map((part, i) =>
      part
        .mul(part)
        .mul(i + 1)
        .sum(),
    )
    .reduce((sum, part) => sum.add(part)) as Tensor;

const programs: { readonly [name: string]: (x: Tensor) => readonly Tensor[] } = {
  'all steps': (x) => Array.from({ length: 5 }, (_, i) => x.index(i)),
  'all steps, from the last': (x) => Array.from({ length: 5 }, (_, i) => x.index(4 - i)),
  'some steps': (x) => [x.index(3), x.index(1)],
  'steps more than once': (x) => [x.index(3), x.index(1), x.index(3), x.index(4)],
  'ranges that overlap': (x) => [x.slice(1, 0, 4), x.slice(1, 2, 5), x.slice(1, 3), x.slice(1, 4)],
  'ranges of several axes': (x) => [
    x.slice(0, 0, 2),
    x.slice(1, 0, 3),
    x.slice(0, 2),
    x.index(slice(1, 3), slice(2, 5)),
  ],
  'every other step, and backwards': (x) => [x.slice(0, 0, 5, 2), x.flip(0), x.slice(0, 1, 5, 2), x.slice(1, 0, 2)],
  'nothing, all and one element': (x) => [x.slice(0, 2, 2), x.slice(0), x.index(2, 3), x.slice(1, 0, 1)],
  'slices of slices': (x) => [x.slice(0, 1, 4).slice(1, 2, 4), x.slice(0, 1, 4).slice(1, 0, 2)],
  'slices beside the whole': (x) => [x.slice(0, 0, 2), x, x.slice(0, 2)],
};

test.each(Object.entries(programs))('%s', (_, program) => {
  expect(gradcheck((x) => weighted(program(x)), [leaf()], { order: 2 }).passed).toBe(true);
  const x = leaf();
  const inner = x.mul(2);
  const [whole, wanted] = [undefined, [x, inner]].map((list) =>
    weighted(program(inner)).backward({ retainGraph: true, ...(list && { wanted: list }) }),
  );
  expect(wanted!.of(x).data).toEqual(whole!.of(x).data);
  expect(wanted!.of(inner).mul(2).data).toEqual(whole!.of(x).data);
});

test('parts that make up the whole are joined in one operation', () => {
  const x = leaf();
  const gradient = weighted(programs['all steps']!(x)).backward({ createGraph: true }).of(x);
  const ops = tapeOf(gradient).map(({ op }) => op);
  expect(ops.filter((op) => op === 'concat')).toHaveLength(1);
  expect(ops).not.toContain('scatterSlice');
  expect(gradient.data).toEqual(
    concat(
      [1, 2, 3, 4, 5].map((i) =>
        x
          .detach()
          .slice(0, i - 1, i)
          .mul(2 * i),
      ),
      0,
    ).data,
  );
});

test('overlapping ranges take as many operations as lie over each other, not as there are', () => {
  const x = leaf();
  const windows = Array.from({ length: 5 }, (_, i) => x.slice(1, i, i + 2));
  const ops = tapeOf(weighted(windows).backward({ createGraph: true }).of(x)).map(({ op }) => op);
  expect(ops.filter((op) => op === 'concat')).toHaveLength(2);
});
