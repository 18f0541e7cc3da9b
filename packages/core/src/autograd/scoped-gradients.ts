/** Gradients that are used once, and whose memory serves again. */

import { Arena, checkSynchronous, RefCounted } from '@tapegrad/kernels';
import { checkFunction, checkNoMore } from '../checks/untyped-callers.ts';
import { MemoryScope } from '../memory-scope.ts';
import { type BackwardOptions, backwardAlong, checkTensor, type Gradients, type Tensor } from '../tensor.ts';

/**
 * Lends a function the gradients of a loss, and takes their memory back when it returns: `backward` for a loop, in which new
 * memory for each step's gradients would be cleared and paid for page by page. Where it throws, nothing is taken back.
 *
 * Where the loss is given as a function, all that this computes is lent, too, but for single numbers such as the loss: the
 * memory of the whole step serves again. With several threads it lies where all of them see it, so that nothing has to be
 * copied to them.
 *
 * To read a tensor later whose memory was lent, or a view of it, is an error; its `data` is a copy that may be kept, its `array`
 * is not. What `use` computes is its own, and parameters and buffers have memory of their own. Where the loss is given as a
 * tensor, gradients of less than 8 KiB are not lent, nor is what a hook was given.
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
  ...more: []
): R {
  checkNoMore('withGradients', more);
  checkFunction('withGradients', use);
  if (typeof y === 'function') return withAllLent(y, use, options);
  const memory = new RefCounted();
  const scope = new MemoryScope(memory);
  const gradients = scope.watch(() => backwardAlong(checkTensor('withGradients', y), options, undefined, memory));
  const arrays = [...gradients].map(([, { array }]) => array);
  const result = checkSynchronous(
    'withGradients',
    scope.watch(() => use(gradients)),
  );
  scope.end();
  for (const array of arrays) memory.release(array);
  return result;
}

function withAllLent<R>(compute: () => Tensor, use: (gradients: Gradients) => R, options: BackwardOptions): R {
  const memory = new Arena();
  const scope = new MemoryScope(memory);
  const evaluate = () => {
    const y = checkSynchronous('withGradients', compute(), 'a loss function');
    return backwardAlong(checkTensor('withGradients', y), options);
  };
  try {
    const gradients = scope.watch(() => memory.run(evaluate));
    return checkSynchronous(
      'withGradients',
      scope.watch(() => use(gradients)),
    );
  } finally {
    scope.end();
    memory.end();
  }
}
