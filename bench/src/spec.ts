/** The families of workloads, and the sizes that define a case. */

import type { Primitive } from '@tapegrad/kernels';

/** Training steps of a multilayer perceptron with plain SGD. The activation follows every layer except the last. */
export interface MlpSpec {
  readonly family: 'mlp';
  /** The number of features of the input, of each hidden layer, and of the output. */
  readonly widths: readonly number[];
  readonly activation: 'relu' | 'tanh';
  /** The loss: cross-entropy takes int32 labels, mean squared error takes float32 targets. */
  readonly loss: 'crossEntropy' | 'mse';
  readonly batch: number;
  readonly learningRate: number;
  /**
   * Whether one batch is created before the first step (`kept`), or every step creates a batch from host memory and
   * drops it (`streamed`).
   */
  readonly batches: 'kept' | 'streamed';
}

/** Products of two stacks of square matrices, possibly with one transposed. */
export interface MatmulSpec {
  readonly family: 'matmul';
  readonly size: number;
  readonly transposed: 'none' | 'left' | 'right';
  readonly batch: number;
}

/** y = tanh(a b + c) sigmoid(d) and, with `backward`, the gradients of sum(y) with respect to a, b, c and d. */
export interface ElementwiseSpec {
  readonly family: 'elementwise';
  readonly size: number;
  readonly backward: boolean;
}

/** Softmax and cross-entropy with int32 labels, averaged over the rows, and its gradient with respect to the logits. */
export interface SoftmaxSpec {
  readonly family: 'softmax';
  readonly rows: number;
  readonly columns: number;
}

/**
 * Training steps of a small convolutional network. For each entry of `channels` it has a 3 x 3 convolution with zero
 * padding, ReLU and 2 x 2 max pooling; then a dense layer and cross-entropy.
 */
export interface ConvnetSpec {
  readonly family: 'convnet';
  readonly batch: number;
  /** The height and width of the input, which has one channel. */
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

/** A copy of the same number of float32 elements: the minimum cost of memory access. */
export interface CopySpec {
  readonly family: 'copy';
  readonly size: number;
}

export type Spec = MlpSpec | MatmulSpec | ElementwiseSpec | SoftmaxSpec | ConvnetSpec | PrimitiveSpec | CopySpec;
export type Family = Spec['family'];
export type SpecOf<F extends Family> = Extract<Spec, { family: F }>;
