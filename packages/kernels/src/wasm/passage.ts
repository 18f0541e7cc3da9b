/** How arrays pass through linear memory in blocks: of images, of planes, of elements. */

import type { NdArray } from '../array.ts';
import type { Heap } from './heap.ts';

/** Items of an array in a heap: where they lie, if that is there, or in room for some of them. */
export interface Berth {
  /** The pointer to an item that was brought, or will be fetched. */
  at(first: number): number;
  /** Copies items in, where they have to be. */
  bring(first: number, count: number): void;
  /** Copies items out, where they have to be. */
  fetch(first: number, count: number): void;
}

const nothing = (): void => {};

/** For an array whose items, of so many elements, lie one after the other; of which some pass at once. */
export function berth(
  heap: Heap,
  { data, offset }: Pick<NdArray, 'data' | 'offset'>,
  item: number,
  atOnce: number,
): Berth {
  const { BYTES_PER_ELEMENT: bytes } = data;
  const start = heap.locate(data);
  if (start !== undefined) {
    return { at: (first) => start + (offset + first * item) * bytes, bring: nothing, fetch: nothing };
  }
  const pointer = heap.reserve(atOnce * item * bytes);
  const from = pointer / bytes;
  return {
    at: () => pointer,
    bring(first, count) {
      heap.view(bytes).set(data.subarray(offset + first * item, offset + (first + count) * item), from);
    },
    fetch(first, count) {
      data.set(heap.view(bytes).subarray(from, from + count * item), offset + first * item);
    },
  };
}

/** Items that pass together: the first one, and how many. */
type Block = readonly [first: number, count: number];

/** Room for a block. `work` calls `meanwhile` whenever helpers have begun with a job: the first call counts. */
export interface Passage {
  bring(...block: Block): void;
  work(first: number, count: number, meanwhile: () => void): void;
  fetch(...block: Block): void;
}

/** Blocks that several threads make, at least: the first copy in, and the last out, have no company. */
const BLOCKS = 4;

/** How many items pass at a time, at most as many as there is room for. */
export const blockSize = (items: number, room: number, threads: number): number =>
  Math.max(1, Math.min(threads === 1 ? items : Math.ceil(items / BLOCKS), Math.floor(room)));

/**
 * Passes items in blocks of `size`. Where there are helpers, two rooms take turns: while one block is worked on, the one
 * before is copied out and the next one in.
 */
export function passInBlocks(items: number, size: number, threads: number, makeRoom: () => Passage): void {
  const count = Math.ceil(items / size);
  const rooms = Array.from({ length: threads === 1 ? 1 : Math.min(2, count) }, makeRoom);
  const steps = Array.from({ length: count }, (_, i) => {
    const block: Block = [i * size, Math.min(size, items - i * size)];
    return { block, room: rooms[i % rooms.length]! };
  });
  if (threads === 1) passAlone(steps);
  else passTogether(steps);
}

interface Step {
  readonly block: Block;
  readonly room: Passage;
}

const bring = (step?: Step): void => step?.room.bring(...step.block);
const fetch = (step?: Step): void => step?.room.fetch(...step.block);

function passAlone(steps: readonly Step[]): void {
  for (const step of steps) {
    bring(step);
    step.room.work(...step.block, () => {});
    fetch(step);
  }
}

function passTogether(steps: readonly Step[]): void {
  bring(steps[0]);
  for (const [i, { block, room }] of steps.entries()) {
    let isDone = false;
    const copyOthers = (): void => {
      if (isDone) return;
      isDone = true;
      fetch(steps[i - 1]);
      bring(steps[i + 1]);
    };
    room.work(...block, copyOthers);
    copyOthers(); // Where work came to no job, nothing has called it.
  }
  fetch(steps.at(-1));
}
