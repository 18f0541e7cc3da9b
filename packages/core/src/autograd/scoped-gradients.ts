/** Gradients that are used only inside a function, so that their memory can be reused. */

import { Arena, checkSynchronous, RefCounted } from '@tapegrad/kernels';
import { checkTensor } from '../checks/operands.ts';
import { checkFunction, checkNoMore } from '../checks/untyped-callers.ts';
import { MemoryScope } from '../tensor/memory-scope.ts';
import type { Tensor } from '../tensor.ts';
import { isTracing } from '../tracing.ts';
import { type BackwardOptions, backwardAlong } from './backward.ts';
import type { Gradients } from './gradients.ts';

/**
 * Calls `use` with the gradients of a loss, and reclaims their memory when `use` returns. Use it instead of `backward`
 * in loops, where fresh memory for each step's gradients would have to be zeroed page by page. If the loss is given as
 * a tensor and `use` throws, no memory is reclaimed.
 *
 * If the loss is given as a function, everything that this function computes is scoped, too, except single numbers such
 * as the loss. The memory of the whole step is then reused. With several threads, this memory is shared, so that
 * nothing must be copied to the threads.
 *
 * Reading a scoped tensor, or a view of it, after `use` has returned is an error. The `data` of a scoped tensor is a
 * copy, which may be kept; its `array` is not a copy. Tensors that `use` computes are not scoped. Parameters and
 * buffers are never scoped. If the loss is given as a tensor, neither gradients below 8 KiB nor tensors passed to hooks
 * are scoped.
 *
 * @returns What `use` returns.
 * @throws the same errors as `backward`.
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
  const find: Find = (memory) => {
    const loss = typeof y === 'function' ? checkSynchronous('withGradients', y(), 'a loss function') : y;
    return backwardAlong(checkTensor('withGradients', loss), options, undefined, memory);
  };
  const apply = (gradients: Gradients): R => checkSynchronous('withGradients', use(gradients));
  // In a trace, there is no memory to reclaim.
  if (isTracing()) return apply(find());
  return typeof y === 'function' ? withArena(find, apply) : withCounts(find, apply);
}

/** Finds the gradients, in the given memory if there is one. */
type Find = (memory?: RefCounted) => Gradients;

/** Reclaims the gradients alone. */
function withCounts<R>(find: Find, apply: (gradients: Gradients) => R): R {
  const memory = new RefCounted();
  const scope = new MemoryScope(memory);
  const gradients = scope.watch(() => find(memory));
  const arrays = [...gradients].map(([, { array }]) => array);
  const result = scope.watch(() => apply(gradients));
  scope.end();
  for (const array of arrays) memory.release(array);
  return result;
}

/** Reclaims everything that is computed to find the gradients. */
function withArena<R>(find: Find, apply: (gradients: Gradients) => R): R {
  const memory = new Arena();
  const scope = new MemoryScope(memory);
  try {
    const gradients = scope.watch(() => memory.run(find));
    return scope.watch(() => apply(gradients));
  } finally {
    scope.end();
    memory.end();
  }
}
