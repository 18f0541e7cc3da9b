/** The cross-entropy and its gradient on rows of logits in a program's memory, with the kernels of the interpreter. */

import { ArgumentError, bytesPerElement, type Data, isContiguous, type NdArray } from '@tapegrad/kernels';
import {
  defineCrossEntropy,
  features,
  laneTypes,
  type ModuleBuilder,
  Staging,
  settleVectors,
} from '@tapegrad/kernels/codegen';

/** The functions that `defineCrossEntropy` adds to a module. */
interface Exports {
  sums(to: number, x: number, scratch: number, rows: number, bytes: number): void;
  shares(to: number, x: number, scale: number, rows: number, bytes: number): void;
}

/** An array in memory, and its address. */
export interface Located {
  readonly view: NdArray;
  readonly address: number;
}

/** The bytes that a kernel may write past the end of an array. */
const SLACK_BYTES = 64;

export type CrossEntropyDType = 'float32' | 'float64';

const prefixOf = (dtype: CrossEntropyDType): string => `${dtype}_`;

/** Returns whether the kernels can compute a cross-entropy, or its gradient, from these operands. */
export function hasCrossEntropy(op: string, inputs: readonly NdArray[]): boolean {
  if (op !== 'crossEntropy' && op !== 'crossEntropyGrad') return false;
  const logits = inputs[op === 'crossEntropy' ? 0 : 1]!;
  return inputs.every((x) => x.size > 0 && isContiguous(x)) && logits.shape[1]! <= Staging.chunk;
}

/** Adds the kernels to a module. */
export const defineKernels = (module: ModuleBuilder, dtype: CrossEntropyDType): unknown =>
  defineCrossEntropy(module, laneTypes[dtype], features().relaxedSimd, prefixOf(dtype));

/** Returns the bytes of scratch memory for the sums of rows, which come first, and for their exponentials. */
export const sumsBytes = (logits: NdArray): number =>
  16 * logits.shape[0]! + logits.size * bytesPerElement(logits.dtype) + SLACK_BYTES;

function kernelsFrom(exports: Readonly<Record<string, unknown>>, dtype: CrossEntropyDType): Exports {
  const [sums, shares] = [exports[`${prefixOf(dtype)}sums`], exports[`${prefixOf(dtype)}shares`]];
  return { sums, shares } as Exports;
}

/** Throws unless all labels are indices of classes. */
function checkLabels(call: string, data: Data, offset: number, count: number, classes: number): void {
  for (let i = 0; i < count; i++) {
    const label = data[offset + i]!;
    if (label >= 0 && label < classes) continue;
    throw new ArgumentError(
      `${call}: index ${label} at position ${i} is out of range for an axis of length ${classes}`,
    );
  }
}

/** Returns a function that computes the losses; `sums` is scratch memory, with its address. */
export function lossesOf(
  exports: Readonly<Record<string, unknown>>,
  [logits, labels]: readonly [Located, Located],
  out: NdArray,
  sums: { readonly data: Float64Array; readonly address: number },
): () => void {
  const { view: x, address } = logits;
  const [rows, classes] = x.shape as [number, number];
  const kernels = kernelsFrom(exports, x.dtype as CrossEntropyDType);
  const bytes = classes * bytesPerElement(x.dtype);
  const { data: list, offset: first } = labels.view;
  return () => {
    checkLabels('crossEntropy', list, first, rows, classes);
    kernels.sums(sums.address, address, sums.address + 16 * rows, rows, bytes);
    settleVectors(rows * classes);
    for (let i = 0; i < rows; i++) {
      const label = x.data[x.offset + i * classes + list[first + i]!]!;
      out.data[out.offset + i] = Math.log(sums.data[2 * i + 1]!) + (sums.data[2 * i]! - label);
    }
  };
}

/** Returns a function that computes the gradient of the losses. `slowly` computes it where the kernel gives NaN. */
export function gradientOf(
  exports: Readonly<Record<string, unknown>>,
  [scale, logits, labels]: readonly [Located, Located, Located],
  { view: out, address: to }: Located,
  slowly: () => void,
): () => void {
  const { view: x, address } = logits;
  const [rows, classes] = x.shape as [number, number];
  const kernels = kernelsFrom(exports, x.dtype as CrossEntropyDType);
  const bytes = classes * bytesPerElement(x.dtype);
  const { data: list, offset: first } = labels.view;
  const { data: g, offset: start } = scale.view;
  return () => {
    checkLabels('crossEntropyGrad', list, first, rows, classes);
    kernels.shares(to, address, scale.address, rows, bytes);
    settleVectors(rows * classes);
    let areNumbers = true;
    for (let i = 0; i < rows; i++) {
      const at = out.offset + i * classes + list[first + i]!;
      const derivative = out.data[at]! - g[start + i]!;
      out.data[at] = derivative;
      areNumbers &&= !Number.isNaN(derivative);
    }
    if (!areNumbers) slowly();
  };
}
