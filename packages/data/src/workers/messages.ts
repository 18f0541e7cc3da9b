/** The messages between a loader and its workers. */

import { type Data, type DType, Tensor } from '@tapegrad/core';
import { isPlain } from '@tapegrad/core/extend';
import type { BatchRequest } from '../loading/batch-reader.ts';
import { tensorOf } from '../loading/collate.ts';

/** A loader's request for a batch. */
export interface Wanted extends BatchRequest {
  readonly tapegrad: 'wanted';
  readonly id: number;
}

/** A worker's answer. */
export type Answer =
  | { readonly tapegrad: 'ready'; readonly length: number }
  | { readonly tapegrad: 'batch'; readonly id: number; readonly batch: unknown }
  | {
      readonly tapegrad: 'failed';
      readonly id: number;
      /** The index of the example that could not be read, if that is the reason for the error. */
      readonly index: number | undefined;
      readonly error: { readonly name: string; readonly message: string; readonly stack: string | undefined };
    };

/** A tensor as plain data that `structuredClone` accepts. */
interface SentTensor {
  readonly '@tapegrad/tensor': DType;
  readonly shape: readonly number[];
  readonly data: Data;
}

/** Returns a batch with its tensors replaced by plain data, and the buffers to transfer. */
export function encodeBatch(batch: unknown): { readonly encoded: unknown; readonly buffers: ArrayBuffer[] } {
  const buffers: ArrayBuffer[] = [];
  const encode = (value: unknown): unknown => {
    if (value instanceof Tensor) {
      // Copied, since the elements may be in shared memory, or still be needed by the dataset.
      const data = value.data.slice();
      buffers.push(data.buffer as ArrayBuffer);
      return { '@tapegrad/tensor': value.dtype, shape: value.shape, data } satisfies SentTensor;
    }
    return mapEntries(value, encode);
  };
  return { encoded: encode(batch), buffers };
}

/** Restores the tensors of an encoded batch. */
export function decodeBatch(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && '@tapegrad/tensor' in value) {
    const { '@tapegrad/tensor': dtype, shape, data } = value as SentTensor;
    return tensorOf(data, dtype, shape);
  }
  return mapEntries(value, decodeBatch);
}

/** Applies a function to the entries of a list or a plain object; returns any other value unchanged. */
function mapEntries(value: unknown, f: (entry: unknown) => unknown): unknown {
  if (Array.isArray(value)) return value.map((entry) => f(entry));
  if (typeof value !== 'object' || value === null || !isPlain(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([name, entry]) => [name, f(entry)]));
}
