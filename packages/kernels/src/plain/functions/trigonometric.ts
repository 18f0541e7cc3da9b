/** The plain loops of trigonometric functions. */

import { resultOf } from '../../abstract/shape-inference.ts';
import type { NdArray } from '../../arrays/array.ts';
import { emptyOf } from '../../arrays/movement.ts';
import type { TrigonometricKernels, Unary } from '../../primitives.ts';
import { mapBlockPairs, type OnBlock, unaryLoops } from '../elementwise.ts';

// One loop per function, as in elementwise.ts.
const unary: { readonly [P in Unary & keyof TrigonometricKernels<NdArray>]: OnBlock } = {
  sin(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.sin(x[i]!);
  },
  cos(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.cos(x[i]!);
  },
  tan(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.tan(x[i]!);
  },
  asin(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.asin(x[i]!);
  },
  acos(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.acos(x[i]!);
  },
  atan(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.atan(x[i]!);
  },
  sinh(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.sinh(x[i]!);
  },
  cosh(x, n) {
    for (let i = 0; i < n; i++) x[i] = Math.cosh(x[i]!);
  },
};

export const trigonometricLoops: TrigonometricKernels<NdArray> = {
  ...unaryLoops(unary),
  atan2: (y, x) =>
    mapBlockPairs(
      (left, right, n) => {
        for (let i = 0; i < n; i++) left[i] = Math.atan2(left[i]!, right[i]!);
      },
      y,
      x,
      emptyOf(resultOf.atan2(y, x)),
    ),
};
