/** Forward-Pass and BackwardProp by hand, line by line as in the pseudocode. */

import type { Tensor } from '@tapegrad/core';
import type { Quantities } from '@tapegrad/verify';

/** The transitions s, by name. */
const transitions: Readonly<Record<string, (a: Tensor) => Tensor>> = {
  identity: (a) => a,
  relu: (a) => a.relu(),
  tanh: (a) => a.tanh(),
  sigmoid: (a) => a.sigmoid(),
  softplus: (a) => a.softplus(),
  sin: (a) => a.sin(),
};

/** The slopes s'(a), by the name of s, given a and z = s(a) (B9). */
const slopes: Readonly<Record<string, (a: Tensor, z: Tensor) => Tensor>> = {
  identity: (a) => a.mul(0).add(1),
  relu: (a) => a.greater(0).cast('float64'),
  tanh: (_, z) => z.mul(z).neg().add(1),
  sigmoid: (_, z) => z.mul(z.neg().add(1)),
  softplus: (a) => a.sigmoid(),
  sin: (a) => a.cos(),
};

/** Returns s_1, …, s_L of a network: `s[l](a)`. */
export const transitionsOf = ({ links }: Quantities): readonly ((a: Tensor) => Tensor)[] => [
  transitions.identity,
  ...links.map(({ transition }) => transitions[transition]),
];

/** Returns s_1', …, s_L' of a network: `ds[l](a, z)`. */
const slopesOf = ({ links }: Quantities): readonly ((a: Tensor, z: Tensor) => Tensor)[] => [
  slopes.identity,
  ...links.map(({ transition }) => slopes[transition]),
];

export interface Pass {
  /** Z_0, …, Z_L */
  readonly Z: readonly Tensor[];
  /** A_1, …, A_L, from index 1. */
  readonly A: readonly Tensor[];
}

/**
 * Forward-Pass: Z_0 <- X; for l = 1..L: A_l <- Z_(l-1) W_l, Z_l <- s_l(A_l). For a batch with one point per row,
 * without biases.
 */
export function forwardPass(quantities: Quantities): Pass {
  const { X, W, L } = quantities;
  const s = transitionsOf(quantities);
  const Z = [X];
  const A = [X];
  for (let l = 1; l <= L; l++) {
    A[l] = Z[l - 1].matmul(W[l]);
    Z[l] = s[l](A[l]);
  }
  return { Z, A };
}

/**
 * BackwardProp, after Forward-Pass: delta_L; then for l = L-1..1 dL/dW_(l+1) and delta_l; then dL/dW_1 = Z_0^T delta_1.
 *
 * @param weightFor returns the index of W in delta_l: l + 1, or l as in the printed procedure.
 * @returns dL/dW_1, …, dL/dW_L, from index 1.
 */
export function backwardProp(quantities: Quantities, weightFor: (l: number) => number): readonly Tensor[] {
  const { Y, W, L, n } = quantities;
  const ds = slopesOf(quantities);
  const { Z, A } = forwardPass(quantities);
  const delta: Tensor[] = [];
  const dW: Tensor[] = [];
  delta[L] = Z[L].sub(Y).mul(2).div(n).mul(ds[L](A[L], Z[L]));
  for (let l = L - 1; l >= 1; l--) {
    dW[l + 1] = Z[l].transpose().matmul(delta[l + 1]);
    delta[l] = delta[l + 1].matmul(W[weightFor(l)].transpose()).mul(ds[l](A[l], Z[l]));
  }
  dW[1] = Z[0].transpose().matmul(delta[1]);
  return dW;
}
