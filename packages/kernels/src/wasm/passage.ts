/** How arrays pass through linear memory in blocks: of images, of planes, of elements. */

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
