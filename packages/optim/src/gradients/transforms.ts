/** The transforms that a `GradientChain` can contain. */

import { Gradients, noGrad, type Tensor } from '@tapegrad/core/lean';
import { checkFlag, checkNames, checkNotNegative, checkShare, checkWhole } from '../options.ts';
import type { GradientTransform } from './chain.ts';
import { type ClipNormOptions, checkClipNormOptions, checkLimit, clipGradNorm, clipGradValue } from './clip.ts';

/** Returns a transform that clips the norm of all gradients; see `clipGradNorm`. */
export function clipByNorm(maxNorm: number, options: ClipNormOptions = {}): GradientTransform {
  checkLimit('clipByNorm', 'maxNorm', maxNorm);
  checkClipNormOptions('clipByNorm', options);
  return {
    name: 'clipByNorm',
    remembers: [],
    apply: (gradients) => clipGradNorm(gradients, maxNorm, options).gradients,
  };
}

/** Returns a transform that clamps each element of the gradients; see `clipGradValue`. */
export function clipByValue(limit: number): GradientTransform {
  checkLimit('clipByValue', 'the limit', limit);
  return {
    name: 'clipByValue',
    remembers: [],
    apply: (gradients) => clipGradValue(gradients, limit),
  };
}

/**
 * Returns a transform that adds c w to the gradient of each parameter w. This is the gradient of a penalty c/2 |w|² on
 * the loss.
 */
export function weightDecay(c: number): GradientTransform {
  checkNotNegative('weightDecay', 'the decay', c);
  return {
    name: 'weightDecay',
    remembers: [],
    apply: (gradients) => noGrad(() => gradients.map((gradient, w) => gradient.add(w.mul(c)))),
  };
}

/**
 * Returns a transform that replaces each gradient g by the velocity v ← m v + g. With Nesterov's momentum, it replaces
 * g by g + m v.
 *
 * @param m The decay factor of the velocity, in [0, 1).
 */
export function momentum(
  m: number,
  options: { readonly nesterov?: boolean } = {},
): GradientTransform<Gradients, 'velocity'> {
  checkNames('momentum', options, [], ['nesterov']);
  const { nesterov = false } = options;
  checkFlag('momentum', 'nesterov', nesterov);
  checkShare('momentum', 'the share that stays', m);
  return {
    name: 'momentum',
    remembers: ['velocity'],
    apply: (gradients, { slots }) =>
      gradients.map((gradient, w) => {
        const { tensors } = slots.get(w)!;
        tensors.velocity = tensors.velocity.mul(m).add(gradient);
        return nesterov ? gradient.add(tensors.velocity.mul(m)) : tensors.velocity;
      }),
  };
}

/**
 * Returns a transform that replaces each gradient g by the running mean e ← d e + (1 - d) g. After t gradients, the
 * mean is divided by 1 - d^t, unless `debias` is false.
 *
 * @param d The decay factor of the mean, in [0, 1).
 */
export function ema(d: number, options: { readonly debias?: boolean } = {}): GradientTransform<Gradients, 'mean'> {
  checkNames('ema', options, [], ['debias']);
  const { debias = true } = options;
  checkFlag('ema', 'debias', debias);
  checkShare('ema', 'the share that stays', d);
  return {
    name: 'ema',
    remembers: ['mean'],
    apply: (gradients, { slots }) =>
      gradients.map((gradient, w) => {
        const { tensors, step } = slots.get(w)!;
        tensors.mean = tensors.mean.mul(d).add(gradient.mul(1 - d));
        return debias ? tensors.mean.div(1 - d ** step) : tensors.mean;
      }),
  };
}

/**
 * Returns a transform that holds gradients back until it has received them `count` times, and then passes on their
 * mean. Use it if a batch must be split into `count` parts because of limited memory. If a parameter has no gradient
 * for some of the parts, its gradient counts as 0 there.
 *
 * @example
 * const w = parameter(tensor([1]));
 * const chain = new GradientChain([w], [accumulate(2)]);
 * chain.apply(w.mul(2).sum().backward()) === undefined; // true
 * chain.apply(w.mul(4).sum().backward())?.of(w).toArray(); // [3]
 */
export function accumulate(count: number): GradientTransform<Gradients | undefined, 'sum'> {
  checkWhole('accumulate', 'the count', count, 1);
  return {
    name: 'accumulate',
    remembers: ['sum'],
    apply: (gradients, { step, slots }) => {
      for (const [w, gradient] of gradients) {
        const { tensors } = slots.get(w)!;
        tensors.sum = tensors.sum.add(gradient);
      }
      if (step % count !== 0) return undefined;
      const means = new Map<Tensor, Tensor>();
      for (const [w, slot] of slots) {
        if (slot.step === 0) continue;
        means.set(w, slot.tensors.sum.mul(1 / count));
        slot.tensors.sum = slot.tensors.sum.mul(0);
        slot.step = 0;
      }
      return new Gradients(means);
    },
  };
}
