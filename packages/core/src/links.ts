/** The links of backpropagation, delta_l = dL/dA_l, read off the tape together with the layers that they belong to. */

import type { Tensor } from './tensor.ts';

/**
 * A layer of a network: A = Z W + b, or W Z + b, and Z' = s(A), with what one sweep gives for it.
 */
export interface Link {
  /**
   * The path of the layer: the weight's name without its last part where that is `weight`, else the weight's name, else
   * `layer 1`, … A weight's second use is called `path (2)`.
   */
  readonly name: string;
  /** Z_(l-1), as the product takes it. */
  readonly input: Tensor;
  /** W_l: the input of the program that it is, or is a view of. */
  readonly weight: Tensor;
  /** b_l: added to the product, or absorbed as a row or column of ones in Z. */
  readonly bias: Tensor | undefined;
  /** A_l, the bias included. */
  readonly preActivation: Tensor;
  /**
   * The transition s_l by its operations: `relu`, `softmax`, `identity` where there is none, a chain such as `mul → tanh`
   * where there are several.
   */
  readonly transition: string;
  /** Z_l, as the next layer takes it, or the loss. */
  readonly output: Tensor;
  /** delta_l = dL/dA_l (B4, B7). */
  readonly delta: Tensor;
  /** dL/dW_l by this layer alone (B5, B6), of W's shape: where layers share a weight, its gradient is the sum of theirs. */
  readonly weightGradient: Tensor;
  /** dL/db_l by this layer alone, of b's shape. */
  readonly biasGradient: Tensor | undefined;
}
