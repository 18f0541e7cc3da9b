/** Interpreter extensions that every interpreter implements by plain loops. */

import { cumulativeResultOf } from '../abstract/cumulative.ts';
import { elementProductResultOf } from '../abstract/element-products.ts';
import { indexingResultOf } from '../abstract/indexing.ts';
import { orderingResultOf } from '../abstract/ordering.ts';
import { cumulativeLoops } from '../plain/cumulative.ts';
import { indexingLoops } from '../plain/indexing.ts';
import { orderingLoops } from '../plain/ordering.ts';
import { elementProductLoops } from '../plain/products.ts';
import type { KernelExtension } from '../wasm/extension.ts';

/** The extension with products of elements along axes. */
export const elementProductExtension: KernelExtension = {
  results: elementProductResultOf,
  loops: () => elementProductLoops,
  wasm: () => elementProductLoops,
};

/** The extension with `argmax`, `argmin` and `argsort`. */
export const orderingExtension: KernelExtension = {
  results: orderingResultOf,
  loops: () => orderingLoops,
  wasm: () => orderingLoops,
};

/** The extension with `take` and `scatterAdd`. */
export const indexingExtension: KernelExtension = {
  results: indexingResultOf,
  loops: () => indexingLoops,
  wasm: () => indexingLoops,
};

/** The extension with `cumsum`. */
export const cumulativeExtension: KernelExtension = {
  results: cumulativeResultOf,
  loops: () => cumulativeLoops,
  wasm: () => cumulativeLoops,
};
