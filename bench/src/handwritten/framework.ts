/** The handwritten reference programs, with the interface of a framework: a matrix product, and a memory copy. */

import type { Build, Framework } from '../protocol.ts';
import { handwrittenProduct } from './product.ts';

/** Makes a build of the product. `isWide` says whether V8 joins neighbouring vectors. */
export const matmulOf =
  (isWide: boolean): Build<'matmul'> =>
  async ({ size }, { a, b }) => {
    const { run, c } = await handwrittenProduct(a, b, size, isWide);
    return { step: run, read: () => ({ product: c }) };
  };

const copy: Build<'copy'> = ({ size }, { source }) => {
  const target = new Float32Array(size);
  return { step: () => target.set(source), read: () => ({ target }) };
};

export const framework: Framework = {
  start: () => 'a WebAssembly product by hand',
  programs: { matmul: async () => matmulOf(false), copy: async () => copy },
};
