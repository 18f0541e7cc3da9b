import { tensor } from '@tapegrad/core';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const matmul: Build<'matmul'> = ({ size, batch, transposed }, inputs) => {
  const shape: readonly number[] = batch === 1 ? [size, size] : [batch, size, size];
  const a = tensor(inputs.a, { shape });
  const b = tensor(inputs.b, { shape });
  const left = transposed === 'left' ? a.transpose() : a;
  const right = transposed === 'right' ? b.transpose() : b;
  return latest(() => ({ product: left.matmul(right) }));
};
