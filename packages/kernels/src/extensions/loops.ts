/** Interpreter extensions that are plain loops in every interpreter. */

import { orderingLoops } from '../plain/ordering.ts';
import { elementProductLoops } from '../plain/products.ts';
import type { KernelExtension } from '../wasm/extension.ts';

/** The extension with the products of many elements. */
export const elementProductExtension: KernelExtension = {
  results: {},
  loops: () => elementProductLoops,
  wasm: () => elementProductLoops,
};

/** The extension with the positions of elements by size. */
export const orderingExtension: KernelExtension = {
  results: {},
  loops: () => orderingLoops,
  wasm: () => orderingLoops,
};
