/** The tensors of a network by layer, and what happens where a formula asks for one that there is not. */

import type { Tensor } from '@tapegrad/core';

/**
 * Tensors by layer, as the theory counts: Z from 0, all else from 1, up to L. A formula that uses another index, or the
 * bias of a layer that has none, does not apply to the network, or the layer. Lists can be unpacked, `[, delta1, delta2]`,
 * spread and mapped; methods skip the indices that have no tensor.
 */
export type Layered = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

/** Thrown where a formula uses what a network does not have. */
export class Inapplicable extends Error {}

/** Which missing tensor a formula came upon when it unpacked a list: there it gets `undefined`, where an index throws. */
export interface Unpacking {
  missing: string | undefined;
}

/** The tensors of each layer, held constant, from an index on. */
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
      // On the array itself, whose holes they skip.
      if (typeof found === 'function') return found.bind(target);
      if (found === undefined && typeof key === 'string' && /^-?\d+$/.test(key)) throw new Inapplicable(lacks(key));
      return found;
    },
  }) as unknown as Layered;
}
