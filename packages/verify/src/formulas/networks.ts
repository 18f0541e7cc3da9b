/** Generates random networks on which formulas are tried. */

import { eye, parameter, type Random, type Tensor, tensor } from '@tapegrad/core';
import { ArgumentError, type Shape } from '@tapegrad/kernels';

/** The transition functions that a random network may have. */
export type Transition = 'identity' | 'relu' | 'tanh' | 'sigmoid' | 'softplus' | 'sin' | 'softmax';

/** The dimensions and the transitions of a network. */
export interface NetworkPlan {
  /** The width of the input and the widths of all layers: d_0, …, d_L. */
  readonly widths: readonly number[];
  /** The number of points n. */
  readonly batch: number;
  /** The transitions s_1, …, s_L. */
  readonly transitions: readonly Transition[];
  /** Additional lengths, drawn from the `sizes` option of `verify`: time steps, heads, or the sides of a kernel. */
  readonly sizes?: Readonly<Record<string, number>> | undefined;
}

/**
 * A network after its forward pass: the loss, with its tape, and other values. Formulas receive every additional tensor
 * or number by name. If there is a tensor `gamma`, for example, its gradient is `dgamma`.
 */
export interface Network {
  readonly loss: Tensor;
  /** The data Z_0. Defaults to the input of the first layer. The gradient dX exists if X has `requiresGrad`. */
  readonly X?: Tensor | undefined;
  /** The targets. */
  readonly Y?: Tensor | undefined;
  /**
   * The number of points. If the first weight multiplies X from the right, defaults to the length of X's first axis. If
   * it multiplies from the left, defaults to the length of X's last axis. If X is a vector, defaults to 1.
   */
  readonly n?: number | undefined;
}

/** Builds a network from a plan, with random float64 parameters and data, and computes its loss. */
export type Subject = (plan: NetworkPlan, random: Random) => Network;

type Loss = (output: Tensor, Y: Tensor, n: number) => Tensor;

/** The options of `mlp`, which creates random multilayer perceptrons for `verify`. */
export interface MlpOptions {
  /**
   * The loss: `mse`, (1/n) sum_i |h(x_i) - y_i|^2 (L1); `crossEntropy`, -(1/n) sum_i log p_i[y_i] (L2); or a function of the
   * output and the targets. `crossEntropy` requires softmax in the last layer, and a one-hot Y. Defaults to `mse`.
   */
  readonly loss?: 'mse' | 'crossEntropy' | Loss;
  /**
   * The layout: `rows`, A = Z W with one point per row, or `columns`, A = W Z with one point per column. Defaults to `rows`.
   */
  readonly convention?: 'rows' | 'columns';
  /** Whether layers have biases. Defaults to true. */
  readonly bias?: boolean;
}

const transitionFunctions: { readonly [T in Transition]: (a: Tensor, axis: number) => Tensor } = {
  identity: (a) => a,
  relu: (a) => a.relu(),
  tanh: (a) => a.tanh(),
  sigmoid: (a) => a.sigmoid(),
  softplus: (a) => a.softplus(),
  sin: (a) => a.sin(),
  softmax: (a, axis) => a.softmax(axis),
};

const losses: { readonly [L in 'mse' | 'crossEntropy']: Loss } = {
  mse: (output, Y, n) => {
    const error = output.sub(Y);
    return error.mul(error).sum().div(n);
  },
  crossEntropy: (output, Y, n) => output.log().mul(Y).sum().neg().div(n),
};

/** Draws a random class for each point. Returns the classes as one-hot rows. */
const oneHot = (n: number, classes: number, random: Random): Tensor =>
  eye(classes, { dtype: 'float64' }).take(random.integers([n], 0, classes));

/**
 * Creates random multilayer perceptrons on which `verify` tries formulas: A_l = Z_(l-1) W_l + b_l, Z_l = s_l(A_l).
 * Parameters and data are drawn from the normal distribution. With `crossEntropy`, the targets are random one-hot rows.
 *
 * @example
 * const plan = { widths: [3, 4, 2], batch: 5, transitions: ['tanh', 'identity'] } as const;
 * const { loss } = mlp({ bias: false })(plan, new Random(0));
 * links(loss).map((link) => link.transition); // ['tanh', 'identity']
 */
export function mlp({ loss = 'mse', convention = 'rows', bias = true }: MlpOptions = {}): Subject {
  const lossFunction = typeof loss === 'string' ? losses[loss] : loss;
  if (lossFunction === undefined) {
    throw new ArgumentError(`mlp: unknown loss '${loss}', expected 'mse', 'crossEntropy' or a function`);
  }
  if (convention !== 'rows' && convention !== 'columns') {
    throw new ArgumentError(`mlp: unknown convention '${convention}', expected 'rows' or 'columns'`);
  }
  const byRows = convention === 'rows';
  const oriented = (rows: number, columns: number): Shape => (byRows ? [rows, columns] : [columns, rows]);

  return ({ widths, batch, transitions }, random) => {
    if (loss === 'crossEntropy' && transitions.at(-1) !== 'softmax') {
      throw new ArgumentError("mlp: crossEntropy needs softmax last; pass { lastTransitions: ['softmax'] } to verify");
    }
    const normal = (shape: Shape): Tensor => random.normal(shape, { dtype: 'float64' });
    const shape = oriented(batch, widths[0]!);
    const X: Tensor = tensor(normal(shape).data, { shape, requiresGrad: true });
    let output = X;
    for (let l = 1; l < widths.length; l++) {
      const W = parameter(normal(oriented(widths[l - 1]!, widths[l]!)), { name: `W${l}` });
      const product = byRows ? output.matmul(W) : W.matmul(output);
      const b = bias ? parameter(normal(byRows ? [widths[l]!] : [widths[l]!, 1]), { name: `b${l}` }) : undefined;
      const A = b === undefined ? product : product.add(b);
      output = transitionFunctions[transitions[l - 1]!](A, byRows ? 1 : 0);
    }
    const classes = widths.at(-1)!;
    const labels = loss === 'crossEntropy' ? oneHot(batch, classes, random) : undefined;
    const Y = labels === undefined ? normal(output.shape) : byRows ? labels : labels.transpose();
    return { loss: lossFunction(output, Y, batch), X, Y, n: batch };
  };
}

/** The ranges from which plans are drawn. Depth and batch are drawn from 1 up to the numbers here, and widths from 2 up. */
export interface PlanRanges {
  readonly depth: number;
  readonly width: number;
  readonly batch: number;
  readonly transitions: readonly Transition[];
  readonly lastTransitions: readonly Transition[];
  /** The inclusive range of each length. */
  readonly sizes: Readonly<Record<string, readonly [from: number, to: number]>>;
}

/** Returns whether all widths are the same. */
export const hasEqualWidths = ({ widths }: Pick<NetworkPlan, 'widths'>): boolean =>
  widths.every((width) => width === widths[0]);

/** Draws a random plan. Either all widths are equal, or at least two differ. */
export function drawPlan(ranges: PlanRanges, equalWidths: boolean, random: Random): NetworkPlan {
  const whole = (low: number, high: number): number => low + Math.floor(random.next() * (high - low + 1));
  const oneOf = <T>(list: readonly T[]): T => list[whole(0, list.length - 1)]!;
  const depth = whole(1, ranges.depth);
  const widths = Array.from({ length: depth + 1 }, () => whole(2, ranges.width));
  const [first] = widths as [number];
  if (equalWidths) widths.fill(first);
  else if (widths.every((width) => width === first)) widths[depth] = first < ranges.width ? first + 1 : first - 1;
  return {
    widths,
    batch: whole(1, ranges.batch),
    transitions: widths.slice(1).map((_, i) => oneOf(i === depth - 1 ? ranges.lastTransitions : ranges.transitions)),
    sizes: Object.fromEntries(Object.entries(ranges.sizes).map(([name, [from, to]]) => [name, whole(from, to)])),
  };
}

/**
 * Returns slightly smaller plans with the same last transition. They have one layer fewer, fewer points, smaller
 * widths, or smaller sizes. `least` gives the minimum sizes.
 */
export function smallerPlans(plan: NetworkPlan, least: Readonly<Record<string, number>>): NetworkPlan[] {
  const { widths, batch, transitions, sizes = {} } = plan;
  const depth = transitions.length;
  const smaller: NetworkPlan[] = [];
  const drop = (width: number, transition: number) =>
    smaller.push({ ...plan, widths: widths.toSpliced(width, 1), transitions: transitions.toSpliced(transition, 1) });
  for (let l = 0; l < depth - 1; l++) drop(l, l);
  if (depth > 1) drop(depth, depth - 2);
  if (batch > 1) smaller.push({ ...plan, batch: 1 }, { ...plan, batch: batch - 1 });
  for (const [name, size] of Object.entries(sizes)) {
    if (size > least[name]!) smaller.push({ ...plan, sizes: { ...sizes, [name]: size - 1 } });
  }
  if (widths.every((width) => width > 1)) smaller.push({ ...plan, widths: widths.map((width) => width - 1) });
  for (const [l, width] of widths.entries()) {
    if (width > 1) smaller.push({ ...plan, widths: widths.with(l, width - 1) });
  }
  return smaller;
}
