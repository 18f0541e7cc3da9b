/** How arrays pass through linear memory in blocks: of images, of planes, of elements. */

import type { NdArray } from '../../arrays/array.ts';
import type { Heap } from './heap.ts';

/** Items of an array in a heap: where they lie, if that is there, or in room for some of them. */
export interface StagedItems {
  /** The pointer to an item that was brought, or will be fetched. */
  pointer(first: number): number;
  /** Copies items in, where they have to be. */
  copyIn(first: number, count: number): void;
  /** Copies items out, where they have to be. */
  copyOut(first: number, count: number): void;
}

const nothing = (): void => {};

/** For an array whose items, of so many elements, lie one after the other; of which some pass at once. */
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

/** Items that pass together: the first one, and how many. */
type Block = readonly [first: number, count: number];

/** Room for a block. `compute` calls `overlap` whenever workers have begun with a job: the first call counts. */
export interface BlockStage {
  copyIn(...block: Block): void;
  compute(first: number, count: number, overlap: () => void): void;
  copyOut(...block: Block): void;
}

/** Blocks that several threads make, at least: the first copy in, and the last out, have no company. */
const MIN_BLOCKS = 4;

/** How many items pass at a time, at most as many as there is room for. */
export const blockSize = (items: number, room: number, threads: number): number =>
  Math.max(1, Math.min(threads === 1 ? items : Math.ceil(items / MIN_BLOCKS), Math.floor(room)));

/**
 * Passes items in blocks of `size`. Where there are workers, two stages take turns: while one block is worked on, the one
 * before is copied out and the next one in.
 */
export function runPipelined(items: number, size: number, threads: number, makeRoom: () => BlockStage): void {
  const count = Math.ceil(items / size);
  const stages = Array.from({ length: threads === 1 ? 1 : Math.min(2, count) }, makeRoom);
  const steps = Array.from({ length: count }, (_, i) => {
    const block: Block = [i * size, Math.min(size, items - i * size)];
    return { block, room: stages[i % stages.length]! };
  });
  if (threads === 1) runInTurn(steps);
  else runOverlapped(steps);
}

interface BlockStep {
  readonly block: Block;
  readonly room: BlockStage;
}

const copyIn = (step?: BlockStep): void => step?.room.copyIn(...step.block);
const copyOut = (step?: BlockStep): void => step?.room.copyOut(...step.block);

function runInTurn(steps: readonly BlockStep[]): void {
  for (const step of steps) {
    copyIn(step);
    step.room.compute(...step.block, () => {});
    copyOut(step);
  }
}

function runOverlapped(steps: readonly BlockStep[]): void {
  copyIn(steps[0]);
  for (const [i, { block, room }] of steps.entries()) {
    let isDone = false;
    const copyOthers = (): void => {
      if (isDone) return;
      isDone = true;
      copyOut(steps[i - 1]);
      copyIn(steps[i + 1]);
    };
    room.compute(...block, copyOthers);
    copyOthers(); // Where work came to no job, nothing has called it.
  }
  copyOut(steps.at(-1));
}
