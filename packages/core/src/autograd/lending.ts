/** Gradients that are used once, and whose memory serves again. */

import { Recycler } from '@tapegrad/kernels';
import { Lease } from '../lease.ts';
import { type BackwardOptions, backwardAlong, checkTensor, type Gradients, type Tensor } from '../tensor.ts';

/**
 * Lends a function the gradients of a loss, and takes their memory back when it returns: `backward` for a loop, in which new
 * memory for each step's gradients would be cleared and paid for page by page.
 *
 * The function may read and update what it likes, but keep neither the gradients nor views of them: their elements become
 * others. What it computes from them is its own, and so is what a hook was given. Where it throws, nothing is taken back.
 *
 * Where the loss is given as a function, all that this computes is lent, too: the memory of the whole step serves again. With
 * several threads it lies where all of them see it, so that nothing has to be copied to them. To read a tensor later whose
 * memory was lent is an error; `data` is a copy that may be kept, `array` is not. Elements of parameters and buffers are not
 * lent, nor is what has less than 8 KiB, as the loss.
 *
 * @returns what the function returns.
 * @throws as `backward` does.
 * @example
 * const w = tensor([3, 4], { requiresGrad: true });
 * withGradients(w.mul(w).sum(), (gradients) => gradients.of(w).norm().item()); // 10
 * withGradients(() => w.mul(w).sum(), (gradients) => gradients.of(w).norm().item()); // 10
 */
export function withGradients<R>(
  y: Tensor | (() => Tensor),
  use: (gradients: Gradients) => R,
  options: BackwardOptions = {},
): R {
  if (typeof y === 'function') return withAllLent(y, use, options);
  const memory = new Recycler();
  const gradients = backwardAlong(checkTensor('withGradients', y), options, undefined, memory);
  const result = use(gradients);
  for (const [, { array }] of gradients) memory.release(array);
  return result;
}

function withAllLent<R>(compute: () => Tensor, use: (gradients: Gradients) => R, options: BackwardOptions): R {
  const lease = new Lease();
  try {
    const gradients = lease.run(() => backwardAlong(checkTensor('withGradients', compute()), options));
    return lease.watch(() => use(gradients));
  } finally {
    lease.end();
  }
}
