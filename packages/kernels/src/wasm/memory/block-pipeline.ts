/** Passes arrays through linear memory in blocks of items such as images, planes or elements. */

import type { NdArray } from '../../arrays/array.ts';
import type { Heap } from './heap.ts';

/** An array's items in a heap: either in place, if the array is already there, or in a staging buffer. */
export interface StagedItems {
  /** Returns the pointer to an item that was copied in or will be copied out. */
  pointer(first: number): number;
  /** Copies items into the heap, unless the array is already there. */
  copyIn(first: number, count: number): void;
  /** Copies items out of the heap, unless the array is already there. */
  copyOut(first: number, count: number): void;
}

const nothing = (): void => {};

/**
 * Stages an array whose items, of `item` elements each, are contiguous. A staging buffer, if needed, holds `atOnce` items.
 */
export function stage(
  heap: Heap,
  { data, offset }: Pick<NdArray, 'data' | 'offset'>,
  item: number,
  atOnce: number,
): StagedItems {
  const { BYTES_PER_ELEMENT: bytes } = data;
  const start = heap.locate(data);
  if (start !== undefined) {
    return { pointer: (first) => start + (offset + first * item) * bytes, copyIn: nothing, copyOut: nothing };
  }
  const pointer = heap.reserve(atOnce * item * bytes);
  const from = pointer / bytes;
  return {
    pointer: () => pointer,
    copyIn(first, count) {
      heap.view(bytes).set(data.subarray(offset + first * item, offset + (first + count) * item), from);
    },
    copyOut(first, count) {
      data.set(heap.view(bytes).subarray(from, from + count * item), offset + first * item);
    },
  };
}

/** Items processed together: the index of the first, and their number. */
type Block = readonly [first: number, count: number];

/**
 * A staging buffer for a block. `compute` calls `overlap` whenever workers have started a job; only the first call has an
 * effect.
 */
export interface BlockStage {
  copyIn(...block: Block): void;
  compute(first: number, count: number, overlap: () => void): void;
  copyOut(...block: Block): void;
}

/**
 * The minimum number of blocks with several threads. The first copy in and the last copy out can't overlap with computation.
 */
const MIN_BLOCKS = 4;

/** Returns the number of items in a block, at most `capacity`. */
export const blockSize = (items: number, capacity: number, threads: number): number =>
  Math.max(1, Math.min(threads === 1 ? items : Math.ceil(items / MIN_BLOCKS), Math.floor(capacity)));

/**
 * Passes items through memory in blocks of `size`. With workers, two staging buffers alternate: while one block is computed,
 * the previous one is copied out and the next one in.
 */
export function runPipelined(items: number, size: number, threads: number, makeStage: () => BlockStage): void {
  const count = Math.ceil(items / size);
  const stages = Array.from({ length: threads === 1 ? 1 : Math.min(2, count) }, makeStage);
  const steps = Array.from({ length: count }, (_, i) => {
    const block: Block = [i * size, Math.min(size, items - i * size)];
    return { block, stage: stages[i % stages.length]! };
  });
  if (threads === 1) runInTurn(steps);
  else runOverlapped(steps);
}

interface BlockStep {
  readonly block: Block;
  readonly stage: BlockStage;
}

const copyIn = (step?: BlockStep): void => step?.stage.copyIn(...step.block);
const copyOut = (step?: BlockStep): void => step?.stage.copyOut(...step.block);

function runInTurn(steps: readonly BlockStep[]): void {
  for (const step of steps) {
    copyIn(step);
    step.stage.compute(...step.block, () => {});
    copyOut(step);
  }
}

function runOverlapped(steps: readonly BlockStep[]): void {
  copyIn(steps[0]);
  for (const [i, { block, stage }] of steps.entries()) {
    let isDone = false;
    const copyOthers = (): void => {
      if (isDone) return;
      isDone = true;
      copyOut(steps[i - 1]);
      copyIn(steps[i + 1]);
    };
    stage.compute(...block, copyOthers);
    copyOthers(); // Has an effect only if no job has called it.
  }
  copyOut(steps.at(-1));
}
