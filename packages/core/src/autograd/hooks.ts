/** Hooks: functions that every backward pass calls with a tensor's cotangent. */

import { ArgumentError, checkSynchronous, type Shape } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkTensor } from '../checks/operands.ts';
import { checkFunction } from '../checks/untyped-callers.ts';
import { addHook } from '../tape/observers.ts';
import { Tensor } from '../tensor.ts';
import { Batched } from '../transforms/batched.ts';

/**
 * Registers a function that every backward pass calls with the cotangent of a tensor, once the cotangent is complete.
 * If the function returns a tensor, this tensor replaces the cotangent, both further back along the tape and in
 * `gradients.of(x)`. In a backward pass with `createGraph`, the function's operations are recorded.
 *
 * Any tensor that requires a gradient can have hooks: a parameter, an intermediate result, or the pre-activation of a
 * layer (`registerHook(link.preActivation, …)`). Hooks are called in the order of registration, and live as long as the
 * tensor. Tensors without hooks have no extra cost.
 *
 * @returns A function that removes the hook.
 * @throws TapeError if the tensor does not require a gradient. Also in the backward pass, if the returned tensor does
 * not have the cotangent's shape and dtype.
 * @example
 * const x = tensor([3, -4], { requiresGrad: true });
 * const remove = registerHook(x, (g) => g.maximum(-5).minimum(5));
 * x.mul(x).sum().backward().of(x).toArray(); // [5, -5]
 * remove();
 * x.mul(x).sum().backward().of(x).toArray(); // [6, -8]
 */
export function registerHook<S extends Shape>(
  x: Tensor<S>,
  hook: (cotangent: Tensor<S>) => Tensor | undefined,
  ...more: []
): () => void {
  if (!checkTensor('registerHook', x, more).requiresGrad) {
    throw new TapeError('registerHook: the tensor requires no gradient, so no backward pass reaches it');
  }
  if (x instanceof Batched) throw new ArgumentError('registerHook: a tensor inside vmap has no cotangent of its own');
  checkFunction('registerHook', hook);
  return addHook<Tensor>(x, (cotangent) => {
    const made: unknown = checkSynchronous('registerHook', hook(cotangent as Tensor<S>), 'a hook');
    if (made === undefined || made instanceof Tensor) return made;
    throw new ArgumentError(`registerHook: the hook gave ${describeValue(made)}, expected a tensor or nothing`);
  });
}
