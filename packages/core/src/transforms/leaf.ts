/** Creates fresh leaf tensors for transforms. */

import { noteView } from '../tape/changes.ts';
import { Entry } from '../tape/entry.ts';
import { Tensor } from '../tensor.ts';
import { Batched } from './batched.ts';

/**
 * Returns a leaf: a tensor with the elements of `x` that requires a gradient. If `connected`, gradients flow through
 * the leaf to `x`. Otherwise they stop at the leaf, so that a backward pass from outside doesn't treat the leaf as an
 * input of the program.
 */
export function freshLeaf(x: Tensor, connected: boolean): Tensor {
  if (x instanceof Batched) return new Batched(x.level, freshLeaf(x.value, connected));
  const entry = connected ? new Entry('reshape', [x], x.shape) : new Entry('stopGradient', [x], undefined);
  noteView(x.array.data);
  const leaf = new Tensor(x.array, entry, true);
  entry.bind(leaf);
  return leaf;
}
