/** Interpreter extensions that every interpreter implements by plain loops. */

import { orderingLoops } from '../plain/ordering.ts';
import { elementProductLoops } from '../plain/products.ts';
import type { KernelExtension } from '../wasm/extension.ts';

/** The extension with products of elements along axes. */
export const elementProductExtension: KernelExtension = {
  results: {},
  loops: () => elementProductLoops,
  wasm: () => elementProductLoops,
};

/** The extension with `argmax`, `argmin` and `argsort`. */
export const orderingExtension: KernelExtension = {
  results: {},
  loops: () => orderingLoops,
  wasm: () => orderingLoops,
};
