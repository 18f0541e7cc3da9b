/** Functions that see a tensor's cotangent in every sweep. */

import { ArgumentError, checkSynchronous, type Shape } from '@tapegrad/kernels';
import { describeValue } from '../checks/describe-value.ts';
import { TapeError } from '../checks/errors.ts';
import { checkFunction } from '../checks/untyped-callers.ts';
import { addHook } from '../tape/observers.ts';
import { checkTensor, Tensor } from '../tensor.ts';
import { Batched } from '../transforms/batched.ts';

/**
 * Lets a function see the cotangent of a tensor in every sweep that gets to it, when all has arrived there; what it returns,
 * if anything, takes the cotangent's place, on the way further back as in `gradients.of(x)`. In a sweep with `createGraph`
 * what it computes is recorded.
 *
 * A hook is for any tensor that requires a gradient: a parameter, a result on the way, the delta of a layer
 * (`registerHook(link.preActivation, …)`). Several are called in the order in which they came. They live with the tensor;
 * a sweep pays for them only where there are any.
 *
 * @returns a function that removes the hook.
 * @throws TapeError for a tensor that requires no gradient, and in the sweep where what comes back has not the cotangent's
 * shape and dtype.
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
    throw new TapeError('registerHook: the tensor requires no gradient, so that no sweep gets to it');
  }
  if (x instanceof Batched) throw new ArgumentError('registerHook: a tensor inside vmap has no cotangent of its own');
  checkFunction('registerHook', hook);
  return addHook<Tensor>(x, (cotangent) => {
    const made: unknown = checkSynchronous('registerHook', hook(cotangent as Tensor<S>), 'a hook');
    if (made === undefined || made instanceof Tensor) return made;
    throw new ArgumentError(`registerHook: the hook gave ${describeValue(made)}, expected a tensor or nothing`);
  });
}
