import { blockUntilReady, jit, numpy as np } from '@jax-js/jax';
import type { Build } from 'tapegrad-bench/protocol';
import { latest } from './latest.ts';

export const matmul: Build<'matmul'> = ({ size, batch, transposed }, inputs) => {
  const shape = batch === 1 ? [size, size] : [batch, size, size];
  const a = np.array(inputs.a).reshape(shape);
  const b = np.array(inputs.b).reshape(shape);
  const product = jit((left: np.Array, right: np.Array) =>
    np.matmul(
      transposed === 'left' ? np.matrixTranspose(left) : left,
      transposed === 'right' ? np.matrixTranspose(right) : right,
    ),
  );
  return latest(['product'], async () => [await blockUntilReady(product(a.ref, b.ref))]);
};
