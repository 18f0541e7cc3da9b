/** Random networks to try a formula on. */

import type { Random } from './random.ts';
import type { Tensor } from './tensor.ts';

/** The transition functions that a random network may have. */
export type Transition = 'identity' | 'relu' | 'tanh' | 'sigmoid' | 'softplus' | 'sin' | 'softmax';

/** How large a network is, and of what. */
export interface NetworkPlan {
  /** d_0, …, d_L: the width of the input, and of each layer. */
  readonly widths: readonly number[];
  /** n, the number of points. */
  readonly batch: number;
  /** s_1, …, s_L */
  readonly transitions: readonly Transition[];
}

/** A network that ran: its loss, with the tape behind it. */
export interface Network {
  readonly loss: Tensor;
  /** Z_0; the input of the first layer unless given. */
  readonly X?: Tensor;
  /** The targets. */
  readonly Y?: Tensor;
}

/** Builds a network by a plan, with random parameters and data, and runs it up to its loss, in float64. */
export type Subject = (plan: NetworkPlan, random: Random) => Network;

export interface MlpOptions {
  /**
   * `mse`, (1/n) sum_i |h(x_i) - y_i|^2 (L1), unless given; `crossEntropy`, -(1/n) sum_i log p_i[y_i] (L2), whose last
   * transition is softmax; or any function of the output and the targets.
   */
  readonly loss?: 'mse' | 'crossEntropy' | ((output: Tensor, Y: Tensor) => Tensor);
  /** `rows`, A = Z W with a point a row, unless given; or `columns`, A = W Z with a point a column. */
  readonly convention?: 'rows' | 'columns';
  /** Whether layers have biases; true unless given. */
  readonly bias?: boolean;
}
