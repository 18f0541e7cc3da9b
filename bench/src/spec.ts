/** What is computed: the kinds of workload, and the sizes that make one of them a case. */

import type { Primitive } from '@tapegrad/kernels';

/** Training steps of a multilayer perceptron with plain SGD; the activation stands after every layer but the last. */
export interface MlpSpec {
  readonly family: 'mlp';
  /** Features of the input, of each hidden layer and of the output. */
  readonly widths: readonly number[];
  readonly activation: 'relu' | 'tanh';
  /** Cross-entropy takes int32 labels, the mean squared error float32 targets. */
  readonly loss: 'crossEntropy' | 'mse';
  readonly batch: number;
  readonly learningRate: number;
  /** Whether one batch is made before the first step, or every step makes its batch from host memory and drops it. */
  readonly batches: 'kept' | 'streamed';
}

/** Products of two stacks of square matrices, or of one transposed with the other. */
export interface MatmulSpec {
  readonly family: 'matmul';
  readonly size: number;
  readonly transposed: 'none' | 'left' | 'right';
  readonly batch: number;
}

/** y = tanh(a b + c) sigmoid(d), and with `backward` the gradients of sum(y) by a, b, c and d. */
export interface ElementwiseSpec {
  readonly family: 'elementwise';
  readonly size: number;
  readonly backward: boolean;
}

/** Softmax with cross-entropy of int32 labels, averaged over the rows, and its gradient by the logits. */
export interface SoftmaxSpec {
  readonly family: 'softmax';
  readonly rows: number;
  readonly columns: number;
}

/**
 * Training steps of a small convolutional network: per entry of `channels` a 3x3 convolution with zero padding, ReLU and
 * 2x2 max pooling; then a dense layer and cross-entropy.
 */
export interface ConvnetSpec {
  readonly family: 'convnet';
  readonly batch: number;
  /** Height and width of the input of one channel. */
  readonly side: number;
  readonly channels: readonly number[];
  readonly classes: number;
  readonly learningRate: number;
}

/** One call of one of tapegrad's primitives on matrices [side, side]. */
export interface PrimitiveSpec {
  readonly family: 'primitive';
  readonly primitive: Primitive;
  readonly side: number;
}

/** A copy of as many float32 from one array to another: the least that touching memory costs. */
export interface CopySpec {
  readonly family: 'copy';
  readonly size: number;
}

export type Spec = MlpSpec | MatmulSpec | ElementwiseSpec | SoftmaxSpec | ConvnetSpec | PrimitiveSpec | CopySpec;
export type Family = Spec['family'];
export type SpecOf<F extends Family> = Extract<Spec, { family: F }>;
