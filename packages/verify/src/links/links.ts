/** The links of backpropagation, delta_l = dL/dA_l, read off the tape together with the layers that they belong to. */

import { TapeError, Tensor, zeros } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { applyVjp, backwardAlong, checkUnchanged, expanded, onArrays, tapeOf } from '@tapegrad/core/tape';
import { type Layer, layersOf, type Origin, sourceOf } from './layers.ts';
import type { TransitionPart } from './transitions.ts';

/** A layer of a network, A_l = Z_(l-1) W_l + b_l or W_l Z_(l-1) + b_l, or the convolution of the two, and Z_l = s_l(A_l), with its link. */
export interface Link {
  /**
   * The path of the layer: the weight's name without its last part where that is `weight`, else the weight's name, else
   * `layer 1`, … A weight's second use is called `path (2)`.
   */
  readonly name: string;
  /** Z_(l-1), as the product takes it. */
  readonly input: Tensor;
  /**
   * W_l as the program has it: not as a transpose or another view of all its elements that the product may take. A weight
   * that is computed of a parameter is the computed one.
   */
  readonly weight: Tensor;
  /** b_l: added to the product, or absorbed as a row or column of ones in Z. */
  readonly bias: Tensor | undefined;
  /** A_l, the bias included. */
  readonly preActivation: Tensor;
  /** The side of the product on which W_l stands: `right` for Z W, a point a row, and for convolutions; `left` for W Z. */
  readonly weightSide: 'left' | 'right';
  /**
   * The transition s_l by its operations: `relu`, `softmax`, `identity` where there is none, a chain such as `mul → tanh`
   * where there are several, `sigmoid | tanh` where the pre-activation is cut into parts with a transition each, such as
   * gates. It is `unknown` where it can't be told: `untold` says why.
   */
  readonly transition: string;
  /** Why the transition can't be told, where it is unknown. */
  readonly untold: string | undefined;
  /** Z_l, as the next layer takes it, or the loss; undefined where it is no one tensor of the program. */
  readonly output: Tensor | undefined;
  /** The parts of the pre-activation along an axis, in order, where each has a transition of its own. */
  readonly parts: { readonly axis: number; readonly list: readonly TransitionPart[] } | undefined;
  /** delta_l = dL/dA_l (B4, B7). */
  readonly delta: Tensor;
  /** dL/dW_l by this layer alone (B5, B6), of W's shape: where layers share a weight, its gradient is the sum of theirs. */
  readonly weightGradient: Tensor;
  /** dL/db_l by this layer alone, of b's shape. */
  readonly biasGradient: Tensor | undefined;
}

/** What arrives at an origin of the cotangent `delta` of the layer's pre-activation. */
function gradientAt({ route }: Origin, delta: Tensor): Tensor {
  const calculus = onArrays();
  return new Tensor(
    route.reduce((g, { entry, input }) => {
      checkUnchanged(entry);
      return applyVjp(calculus, entry, input, g);
    }, delta.array),
  );
}

/** The path of the layer that a weight belongs to: none where the weight has no name of its own. */
function pathOf({ name }: Tensor): string | undefined {
  if (name === undefined || name === 'parameter' || name === 'weight') return undefined;
  return name.replace(/\.weight$/, '');
}

/** A name for each layer, all different. */
function namesOf(layers: readonly Layer[]): string[] {
  const uses = new Map<string, number>();
  return layers.map(({ weight }, i) => {
    const path = pathOf(sourceOf(weight.tensor)) ?? `layer ${i + 1}`;
    const use = (uses.get(path) ?? 0) + 1;
    uses.set(path, use);
    return use === 1 ? path : `${path} (${use})`;
  });
}

/**
 * The layers of the network that a loss was computed by, in forward order, each with its link delta_l = dL/dA_l.
 *
 * A layer is a matrix product, on either side, or a convolution, with an input of the program that requires a gradient,
 * or a view of one, or with what is computed of a `Parameter` entry by entry, such as a normalised weight; where both factors
 * are such, a `Parameter` is the weight, and of two alike the one on the right. Its
 * pre-activation is the product with all biases and other layers' products that are added to it. Its transition is what
 * happens on all ways from there to the tensor that the next layer takes; before the loss, up to the predictions: what a
 * loss is usually made of, such as a logarithm, a square or whatever takes targets, does not count. Each gate of an LSTM has
 * a transition of its own. Some can't be told, such as those of queries, keys and values: the link then says why.
 *
 * This takes one sweep, and the tape can be swept again. A layer within a `checkpoint` is read off its recomputation.
 *
 * @throws TapeError where the loss was computed from nothing that requires a gradient, or its tape is used up.
 * @example
 * const x = tensor([[1, 2]]);
 * const w = parameter(tensor([[0.5], [-1]]), { name: 'w' });
 * const [link] = links(x.matmul(w).tanh().sum());
 * [link?.name, link?.transition]; // ['w', 'tanh']
 */
export function links(loss: Tensor, ...more: []): Link[] {
  if (!checkTensor('links', loss, more).requiresGrad) {
    throw new TapeError('links: the loss was computed from nothing that requires a gradient');
  }
  const tape = expanded(tapeOf<Tensor>(loss));
  const layers = layersOf(tape);
  const names = namesOf(layers);
  const wanted = layers.map(({ preActivation }) => preActivation);
  const gradients = backwardAlong(loss, { wanted, retainGraph: true }, tape);
  return layers.map(({ input, weight, bias, weightSide, preActivation, transition }, i) => {
    const { shape, dtype } = preActivation;
    const delta = gradients.has(preActivation) ? gradients.of(preActivation) : zeros(shape, { dtype });
    return {
      name: names[i]!,
      input,
      weight: weight.tensor,
      bias: bias?.tensor,
      preActivation,
      weightSide,
      transition: transition.name,
      untold: transition.untold,
      output: transition.output,
      parts: transition.parts,
      delta,
      weightGradient: gradientAt(weight, delta),
      biasGradient: bias && gradientAt(bias, delta),
    };
  });
}
