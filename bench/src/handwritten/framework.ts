/** The handwritten product in the dress of a framework: it multiplies A by B, and does nothing else. */

import type { Build, Framework } from '../protocol.ts';
import { handwrittenProduct } from './product.ts';

const matmul: Build<'matmul'> = async ({ size }, { a, b }) => {
  const { run, c } = await handwrittenProduct(a, b, size);
  return { step: run, read: () => ({ product: c }) };
};

export const framework: Framework = {
  start: () => 'a WebAssembly product by hand',
  programs: { matmul: async () => matmul },
};
