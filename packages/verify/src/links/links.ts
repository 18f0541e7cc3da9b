/** Reads the links of backpropagation, delta_l = dL/dA_l, and the layers they belong to, from the tape. */

import { TapeError, Tensor, zeros } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { applyVjp, backwardAlong, checkUnchanged, expanded, onArrays, tapeOf } from '@tapegrad/core/tape';
import { type Layer, layersOf, type Origin, sourceOf } from './layers.ts';
import type { TransitionPart } from './transitions.ts';

/** A layer of a network with its link: A_l = Z_(l-1) W_l + b_l, W_l Z_(l-1) + b_l or a convolution, and Z_l = s_l(A_l). */
export interface Link {
  /**
   * The path of the layer: the weight's name without a final `.weight`, or `layer 1`, … if the weight has no name of its
   * own. The second use of a weight is named `path (2)`.
   */
  readonly name: string;
  /** Z_(l-1), as the product receives it. */
  readonly input: Tensor;
  /**
   * W_l as the program defined it, not the transpose or other full view that the product may receive. If the weight is
   * computed from a parameter, this is the computed tensor.
   */
  readonly weight: Tensor;
  /** b_l: either added to the product, or absorbed as a row or column of ones in Z. */
  readonly bias: Tensor | undefined;
  /** A_l, including the bias. */
  readonly preActivation: Tensor;
  /** The side of the product W_l is on: `right` for Z W, with one point per row, and for convolutions; `left` for W Z. */
  readonly weightSide: 'left' | 'right';
  /**
   * The transition s_l, named by its operations: `relu`, `softmax`, or `identity` if there are none. Several operations form
   * a chain such as `mul → tanh`. If the pre-activation is split into parts with separate transitions, such as gates, they
   * are listed as `sigmoid | tanh`. It is `unknown` if it can't be determined, for the reason given by `untold`.
   */
  readonly transition: string;
  /** The reason why the transition can't be determined, if it is unknown. */
  readonly untold: string | undefined;
  /** Z_l, as the next layer or the loss receives it; undefined if it isn't a single tensor of the program. */
  readonly output: Tensor | undefined;
  /** The parts of the pre-activation along an axis, in order, if each has its own transition. */
  readonly parts: { readonly axis: number; readonly list: readonly TransitionPart[] } | undefined;
  /** delta_l = dL/dA_l (B4, B7). */
  readonly delta: Tensor;
  /**
   * dL/dW_l through this layer alone (B5, B6), with the shape of W. The gradient of a weight that several layers share
   * is the sum of theirs.
   */
  readonly weightGradient: Tensor;
  /** dL/db_l through this layer alone, with the shape of b. */
  readonly biasGradient: Tensor | undefined;
}

/** Propagates the cotangent `delta` of the layer's pre-activation back to an origin. */
function gradientAt({ route }: Origin, delta: Tensor): Tensor {
  const calculus = onArrays();
  return new Tensor(
    route.reduce((g, { entry, input }) => {
      checkUnchanged(entry);
      return applyVjp(calculus, entry, input, g);
    }, delta.array),
  );
}

/** Returns the path of the layer that a weight belongs to; undefined if the weight has no name of its own. */
function pathOf({ name }: Tensor): string | undefined {
  if (name === undefined || name === 'parameter' || name === 'weight') return undefined;
  return name.replace(/\.weight$/, '');
}

/** Returns a distinct name for each layer. */
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
 * Returns the layers of the network that computed a loss, in forward order, each with its link delta_l = dL/dA_l.
 *
 * A layer is a convolution, or a matrix product with the weight on either side. The weight is an input of the program that
 * requires a gradient or a view of one. It may also be computed elementwise from a `Parameter`, such as a normalized weight.
 * If both factors qualify, a `Parameter` is the weight; if both are equally eligible, it is the one on the right.
 *
 * The pre-activation is the product plus all biases and other layers' products added to it. The transition is everything
 * computed on the way from there to the tensor that the next layer receives. In the last layer, it ends at the predictions:
 * typical loss operations, such as a logarithm, a square, or anything that takes targets, don't count. Each gate of an LSTM
 * has its own transition. Some transitions can't be determined, such as those of queries, keys and values; the link then
 * says why.
 *
 * This takes one backward sweep and retains the tape. Layers inside a `checkpoint` are read from its recomputation.
 *
 * @throws TapeError if the loss doesn't depend on a tensor that requires a gradient, or its tape has already been consumed.
 * @example
 * const x = tensor([[1, 2]]);
 * const w = parameter(tensor([[0.5], [-1]]), { name: 'w' });
 * const [link] = links(x.matmul(w).tanh().sum());
 * [link?.name, link?.transition]; // ['w', 'tanh']
 */
export function links(loss: Tensor, ...more: []): Link[] {
  if (!checkTensor('links', loss, more).requiresGrad) {
    throw new TapeError('links: the loss does not depend on a tensor that requires a gradient');
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
