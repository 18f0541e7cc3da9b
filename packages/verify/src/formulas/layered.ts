/** Provides a network's tensors by layer, and handles formulas that ask for a missing one. */

import type { Tensor } from '@tapegrad/core';

/**
 * A list of tensors by layer. Layers are numbered as in the theory: Z from 0, all other quantities from 1, up to L. A
 * formula that uses another index, or the bias of a layer without bias, doesn't apply to that network or layer. Lists
 * can be unpacked (`[, delta1, delta2]`), spread and mapped; array methods skip indices that have no tensor.
 */
export type Layered = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

/** An error for a formula that uses a quantity that the network doesn't have. */
export class Inapplicable extends Error {}

/**
 * Records that a formula unpacked a list and got a missing tensor. Unpacking yields `undefined` for a missing tensor,
 * whereas indexing throws.
 */
export interface Unpacking {
  missing: string | undefined;
}

/** Returns a list of the detached tensors of all layers. The first one has index `from`. */
export function layered(
  name: string,
  from: number,
  list: readonly (Tensor | undefined)[],
  unpacking: Unpacking,
): Layered {
  const byIndex: (Tensor | undefined)[] = [];
  for (const [i, x] of list.entries()) if (x !== undefined) byIndex[from + i] = x.detach();
  byIndex.length = from + list.length;
  const lacks = (index: number | string): string => `the network has no ${name}[${index}]`;

  function* unpack(): Generator<Tensor | undefined> {
    for (let i = 0; i < byIndex.length; i++) {
      if (byIndex[i] === undefined && i >= from) unpacking.missing = lacks(i);
      yield byIndex[i];
    }
    unpacking.missing = lacks(byIndex.length);
  }

  return new Proxy(byIndex, {
    get(target, key) {
      if (key === Symbol.iterator) return unpack;
      const found: unknown = Reflect.get(target, key);
      // Binds array methods to the array itself, so that they skip its holes.
      if (typeof found === 'function') return found.bind(target);
      if (found === undefined && typeof key === 'string' && /^-?\d+$/.test(key)) throw new Inapplicable(lacks(key));
      return found;
    },
  }) as unknown as Layered;
}
