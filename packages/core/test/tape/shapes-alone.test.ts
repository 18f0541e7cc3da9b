/** The tape is generic in its arrays: this sweep uses only shapes, without elements. */

import { Entry, type Recorded, sweep } from '@tapegrad/core/tape';
import { type ArrayLike, abstract, type Shape } from '@tapegrad/kernels';
import { expect, test } from 'vitest';

type OfShape = Recorded<ArrayLike>;

function recorded(shape: Shape, entry?: Entry<OfShape>): OfShape {
  const array: ArrayLike = { shape, dtype: 'float32' };
  const x: OfShape = { array, shape, requiresGrad: true, entry, name: undefined };
  entry?.bind(x);
  return x;
}

test('a sweep over shapes gives the shapes of gradients', () => {
  const [x, w] = [recorded([8, 3]), recorded([3])];
  const product = recorded([8, 3], new Entry<OfShape>('mul', [x, w], undefined));
  const domain = {
    kernels: abstract,
    value: ({ array }: OfShape) => array,
    tensor: ({ shape }: ArrayLike) => recorded(shape),
  };
  const found = sweep<OfShape, ArrayLike>(new Map([[product, product.array]]), domain, {
    wanted: undefined,
    retain: true,
  });
  expect(found.get(x)?.shape).toEqual([8, 3]);
  expect(found.get(w)?.shape).toEqual([3]);
});
