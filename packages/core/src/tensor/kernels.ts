/** The primitives on tensors, and the two value domains in which gradients are computed. */

import type { Kernels, NdArray } from '@tapegrad/kernels';
import { interpreter } from '../engine.ts';
import type { Entry } from '../tape/entry.ts';
import type { ValueDomain } from '../tape/pullback.ts';
import { recorded } from '../tape/recorded.ts';
import { Tensor } from './class.ts';

/** Creates the tensor of an operation's result. */
export const wrap = (array: NdArray, entry: Entry | undefined): Tensor => new Tensor(array, entry);

/** The primitives on tensors. They are recorded if a gradient can flow through them. */
export const kernels: Kernels<Tensor> = recorded<Tensor>(wrap);

/** Returns the value domain for gradients that won't be differentiated again: plain arrays. */
export const onArrays = (): ValueDomain<Tensor, NdArray> => ({
  kernels: interpreter(),
  value: (x) => x.array,
  tensor: (array) => new Tensor(array),
});

/** The value domain for gradients that can be differentiated again: recorded tensors. */
export const onTensors: ValueDomain<Tensor, Tensor> = { kernels, value: (x) => x, tensor: (x) => x };
