/** The handwritten reference programs, with the interface of a framework: a matrix product, and a memory copy. */

import type { Build, Framework } from '../protocol.ts';
import { handwrittenProduct } from './product.ts';

const matmul: Build<'matmul'> = async ({ size }, { a, b }) => {
  const { run, c } = await handwrittenProduct(a, b, size);
  return { step: run, read: () => ({ product: c }) };
};

const copy: Build<'copy'> = ({ size }, { source }) => {
  const target = new Float32Array(size);
  return { step: () => target.set(source), read: () => ({ target }) };
};

export const framework: Framework = {
  start: () => 'a WebAssembly product by hand',
  programs: { matmul: async () => matmul, copy: async () => copy },
};
