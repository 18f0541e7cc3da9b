/**
 * The input numbers of all frameworks: seeded, and the same in each. `peers/pytorch/inputs.py` generates the same
 * numbers.
 *
 * Number i of a stream is a hash of i and the stream (the finalizer of MurmurHash3), so that NumPy can compute a whole
 * stream at once with the same bits.
 */

import type {
  ConvnetSpec,
  CopySpec,
  ElementwiseSpec,
  Family,
  MatmulSpec,
  MlpSpec,
  PrimitiveSpec,
  SoftmaxSpec,
  SpecOf,
} from './spec.ts';

/** An array in unshared memory, since some frameworks accept no other. */
export type Floats = Float32Array<ArrayBuffer>;
export type Labels = Int32Array<ArrayBuffer>;

/** The weight and bias of a layer, row-major. */
export interface LayerInputs {
  /** [in, out] for a dense layer, [out, in, height, width] for a convolution. */
  readonly weight: Floats;
  readonly weightShape: readonly number[];
  /** [out]. */
  readonly bias: Floats;
}

export interface MlpInputs {
  readonly layers: readonly LayerInputs[];
  /** [batch, in]. */
  readonly x: Floats;
  /** Labels [batch] for cross-entropy, or targets [batch, out] for the mean squared error. */
  readonly y: Labels | Floats;
}

/** Two stacks of matrices, [batch, size, size]. */
export interface MatmulInputs {
  readonly a: Floats;
  readonly b: Floats;
}

/** Four vectors of `size`. */
export interface ElementwiseInputs {
  readonly a: Floats;
  readonly b: Floats;
  readonly c: Floats;
  readonly d: Floats;
}

export interface SoftmaxInputs {
  /** [rows, columns]. */
  readonly logits: Floats;
  /** [rows]. */
  readonly labels: Labels;
}

export interface ConvnetInputs {
  readonly convolutions: readonly LayerInputs[];
  readonly dense: LayerInputs;
  /** [batch, 1, side, side]. */
  readonly x: Floats;
  /** [batch]. */
  readonly labels: Labels;
}

export interface PrimitiveInputs {
  /** [side, side], positive and negative. */
  readonly x: Floats;
  readonly y: Floats;
  /** [side, side], positive. */
  readonly positive: Floats;
  /** [side], integers below `side`. */
  readonly indices: Labels;
}

export interface CopyInputs {
  readonly source: Floats;
}

export interface Inputs {
  readonly mlp: MlpInputs;
  readonly matmul: MatmulInputs;
  readonly elementwise: ElementwiseInputs;
  readonly softmax: SoftmaxInputs;
  readonly convnet: ConvnetInputs;
  readonly primitive: PrimitiveInputs;
  readonly copy: CopyInputs;
}

const STREAM_OF_X = 1000;
const STREAM_OF_Y = 1001;

function hash(stream: number, index: number): number {
  let h = (index + Math.imul(stream, 0x9e3779b9)) | 0;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** Returns `length` numbers, uniform in [-bound, bound). */
function uniform(stream: number, length: number, bound: number): Floats {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = ((hash(stream, i) >>> 8) * 2 ** -23 - 1) * bound;
  return values;
}

function labels(stream: number, length: number, classes: number): Labels {
  const values = new Int32Array(length);
  for (let i = 0; i < length; i++) values[i] = hash(stream, i) % classes;
  return values;
}

/** Returns a layer's parameters, uniform within 1 / sqrt(fan-in), from the streams 2 n and 2 n + 1. */
function layer(n: number, fanIn: number, out: number, weightShape: readonly number[]): LayerInputs {
  const bound = 1 / Math.sqrt(fanIn);
  return {
    weight: uniform(2 * n, fanIn * out, bound),
    weightShape,
    bias: uniform(2 * n + 1, out, bound),
  };
}

function mlp({ widths, loss, batch }: MlpSpec): MlpInputs {
  const features = widths[0]!;
  const out = widths.at(-1)!;
  return {
    layers: widths.slice(1).map((width, n) => layer(n, widths[n]!, width, [widths[n]!, width])),
    x: uniform(STREAM_OF_X, batch * features, 1),
    y: loss === 'crossEntropy' ? labels(STREAM_OF_Y, batch, out) : uniform(STREAM_OF_Y, batch * out, 1),
  };
}

function matmul({ size, batch }: MatmulSpec): MatmulInputs {
  return { a: uniform(0, batch * size * size, 1), b: uniform(1, batch * size * size, 1) };
}

function elementwise({ size }: ElementwiseSpec): ElementwiseInputs {
  return { a: uniform(0, size, 2), b: uniform(1, size, 2), c: uniform(2, size, 2), d: uniform(3, size, 2) };
}

function softmax({ rows, columns }: SoftmaxSpec): SoftmaxInputs {
  return { logits: uniform(STREAM_OF_X, rows * columns, 4), labels: labels(STREAM_OF_Y, rows, columns) };
}

function convnet({ batch, side, channels, classes }: ConvnetSpec): ConvnetInputs {
  const convolutions = channels.map((out, n) => {
    const channelsIn = channels[n - 1] ?? 1;
    return layer(n, channelsIn * 9, out, [out, channelsIn, 3, 3]);
  });
  const pooledSide = side / 2 ** channels.length;
  const features = channels.at(-1)! * pooledSide ** 2;
  return {
    convolutions,
    dense: layer(channels.length, features, classes, [features, classes]),
    x: uniform(STREAM_OF_X, batch * side * side, 1),
    labels: labels(STREAM_OF_Y, batch, classes),
  };
}

function primitive({ side }: PrimitiveSpec): PrimitiveInputs {
  const x = uniform(0, side * side, 2);
  return {
    x,
    y: uniform(1, side * side, 2),
    positive: x.map((value) => Math.abs(value) + 0.1),
    indices: labels(STREAM_OF_Y, side, side),
  };
}

function copy({ size }: CopySpec): CopyInputs {
  return { source: uniform(0, size, 1) };
}

/** For each family, the function from sizes to input numbers. */
export const inputsOf: { readonly [F in Family]: (spec: SpecOf<F>) => Inputs[F] } = {
  mlp,
  matmul,
  elementwise,
  softmax,
  convnet,
  primitive,
  copy,
};
