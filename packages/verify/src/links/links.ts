/** Reads from the tape the links of backpropagation, delta_l = dL/dA_l, and the layers that they belong to. */

import { TapeError, Tensor, zeros } from '@tapegrad/core';
import { checkTensor } from '@tapegrad/core/extend';
import { applyVjp, backwardAlong, checkUnchanged, expanded, onArrays, tapeOf } from '@tapegrad/core/tape';
import { type Layer, layersOf, type Origin, sourceOf } from './layers.ts';
import type { TransitionPart } from './transitions.ts';

/**
 * A layer of a network, with its link. The layer computes Z_l = s_l(A_l), where A_l is Z_(l-1) W_l + b_l, or W_l
 * Z_(l-1) + b_l, or a convolution.
 */
export interface Link {
  /**
   * The path of the layer: the weight's name without a final `.weight`. If the weight has only a default name, the path
   * is `layer 1`, `layer 2` and so on. The second use of a weight is named `path (2)`.
   */
  readonly name: string;
  /** The input Z_(l-1), in the form that the product receives. */
  readonly input: Tensor;
  /**
   * The weight W_l as the program defined it. The product may receive a transpose or another full view of this tensor.
   * If the weight is computed from a parameter, this is the computed tensor.
   */
  readonly weight: Tensor;
  /**
   * The bias b_l. It is either added to the product, or part of a weight whose input has an additional row or column of
   * ones.
   */
  readonly bias: Tensor | undefined;
  /** The pre-activation A_l, including the bias. */
  readonly preActivation: Tensor;
  /**
   * The side of the weight in the product: `right` for Z W, with one point per row, and for convolutions; `left` for W
   * Z.
   */
  readonly weightSide: 'left' | 'right';
  /**
   * The transition s_l, named by its operations: `relu`, `softmax`, or `identity` if there are none. Several operations
   * form a chain such as `mul → tanh`. If the pre-activation is split into parts with separate transitions, such as
   * gates, they are listed as `sigmoid | tanh`. If the transition can't be determined, the name is `unknown`, and
   * `untold` gives the reason.
   */
  readonly transition: string;
  /** The reason why the transition can't be determined; undefined if it can. */
  readonly untold: string | undefined;
  /**
   * The output Z_l, in the form that the next layer or the loss receives. Undefined if it isn't a single tensor of the
   * program.
   */
  readonly output: Tensor | undefined;
  /** The parts of the pre-activation along an axis, in order, if each has a separate transition. */
  readonly parts: { readonly axis: number; readonly list: readonly TransitionPart[] } | undefined;
  /** The link delta_l = dL/dA_l (B4, B7). */
  readonly delta: Tensor;
  /**
   * The gradient dL/dW_l through this layer alone (B5, B6), with the shape of W_l. If several layers share a weight,
   * its total gradient is the sum over these layers.
   */
  readonly weightGradient: Tensor;
  /** The gradient dL/db_l through this layer alone, with the shape of b_l. Undefined without a bias. */
  readonly biasGradient: Tensor | undefined;
}

/** Propagates `delta`, the cotangent of a layer's pre-activation, back to an origin such as the weight or bias. */
function gradientAt({ route }: Origin, delta: Tensor): Tensor {
  const calculus = onArrays();
  return new Tensor(
    route.reduce((g, { entry, input }) => {
      checkUnchanged(entry);
      return applyVjp(calculus, entry, input, g);
    }, delta.array),
  );
}

/** Returns the path of the layer that a weight belongs to; undefined if the weight has only a default name. */
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
 * A layer is a convolution, or a matrix product with the weight on either side. The weight is an input of the program
 * that requires a gradient, or a view of such an input. The weight may also be computed elementwise from a `Parameter`,
 * as normalized weights are. If both factors qualify, a `Parameter` is preferred. If that doesn't decide, the factor on
 * the right is the weight.
 *
 * The pre-activation is the product plus everything added to it: biases, and products of other layers. The transition
 * is the computation from there to the tensor that the next layer receives. In the last layer, the transition ends at
 * the predictions. It excludes typical loss operations: a logarithm, a square, or any operation with targets. Each gate
 * of an LSTM has a separate transition. Some transitions can't be determined, such as those of queries, keys and
 * values; the link then gives the reason.
 *
 * Reading the links takes one backward sweep, which keeps the tape. Layers inside a `checkpoint` are read by running
 * the checkpoint again.
 *
 * @throws TapeError if the loss doesn't depend on a tensor that requires a gradient, or its tape has already been
 * consumed.
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
