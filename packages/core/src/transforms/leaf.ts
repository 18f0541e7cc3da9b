/** Tensors under an identity of their own. */

import { noteView } from '../tape/changes.ts';
import { Entry } from '../tape/entry.ts';
import { Tensor } from '../tensor.ts';
import { Batched } from './batched.ts';

/**
 * A tensor with the same elements that requires a gradient of its own. Gradients flow on through it where `connected`, and
 * else stop, so that it is no input of the program to whoever sweeps from outside.
 */
export function freshLeaf(x: Tensor, connected: boolean): Tensor {
  if (x instanceof Batched) return new Batched(x.level, freshLeaf(x.value, connected));
  const entry = connected ? new Entry('reshape', [x], x.shape) : new Entry('stopGradient', [x], undefined);
  noteView(x.array.data);
  const leaf = new Tensor(x.array, entry, true);
  entry.bind(leaf);
  return leaf;
}
