/** Correct formulas for the networks that `verify` draws, and helpers for tests of reports. */

import type { Tensor } from '@tapegrad/core';
import {
  type FormulaReport,
  type Formulas,
  mlp,
  type Network,
  type Subject,
  type VerifyOptions,
  type VerifyReport,
  verify,
} from '@tapegrad/verify';
import { expect } from 'vitest';

export const t = (x: Tensor): Tensor => x.transpose();
export const rows = mlp();
export const columns = mlp({ convention: 'columns' });

/** Returns the report on a single formula. */
export function reportOn(subject: Subject | Network, formulas: Formulas, options: VerifyOptions = {}): FormulaReport {
  const { formulas: reports } = verify(subject, formulas, options);
  expect(reports).toHaveLength(1);
  return reports[0]!;
}

export function expectHolds({ formulas, passed }: VerifyReport): void {
  const failed = formulas.filter((report) => !report.passed).map(({ message }) => message);
  expect(failed).toEqual([]);
  expect(passed).toBe(true);
}

/** The procedure for a batch with one point per row (F3, B6, B7, B8). */
export const byRows: Formulas = {
  Z0: ({ X }) => X,
  A_l: ({ Z, W, b }, l) => Z[l - 1]!.matmul(W[l]!).add(b[l]!),
  dZ_L: ({ Z, Y, n, L }) => Z[L]!.sub(Y).mul(2 / n),
  delta_L: ({ dZ, slope, L }) => dZ[L]!.mul(slope(L)),
  delta_l: ({ delta, W, slope }, l) => delta[l + 1]!.matmul(t(W[l + 1]!)).mul(slope(l)),
  'delta_L-1': ({ delta, W, slope, L }) => delta[L]!.matmul(t(W[L]!)).mul(slope(L - 1)),
  dZ_l: ({ delta, W }, l) => delta[l + 1]!.matmul(t(W[l + 1]!)),
  dW_l: ({ Z, delta }, l) => t(Z[l - 1]!).matmul(delta[l]!),
  dW1: ({ Z, delta }) => t(Z[0]).matmul(delta[1]),
  db_l: ({ delta }, l) => delta[l]!.sum(0),
};

/** The same for points in columns (B3, B4, B5). */
export const byColumns: Formulas = {
  A_l: ({ Z, W, b }, l) => W[l]!.matmul(Z[l - 1]!).add(b[l]!),
  delta_l: ({ delta, W, slope }, l) =>
    t(W[l + 1]!)
      .matmul(delta[l + 1]!)
      .mul(slope(l)),
  dW_l: ({ Z, delta }, l) => delta[l]!.matmul(t(Z[l - 1]!)),
  db_l: ({ delta }, l) => delta[l]!.sum(1, { keepDims: true }),
};
