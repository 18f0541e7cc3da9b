/** How blocks of images pass through linear memory. */

/** Images that pass together: the first one, and how many. */
export type Block = readonly [first: number, count: number];

/** The way of some images through the memory; `work` calls `meanwhile` when helpers have begun with its largest job. */
export interface Passage {
  bring(...block: Block): void;
  work(first: number, count: number, meanwhile: () => void): void;
  fetch(...block: Block): void;
}

/** In one room, block after block. */
export function passAlone(room: Passage, blocks: readonly Block[]): void {
  for (const block of blocks) {
    room.bring(...block);
    room.work(...block, () => {});
    room.fetch(...block);
  }
}

/** Two rooms take turns: while one block is worked on, the one before is copied out and the next one in. */
export function passTogether(rooms: readonly Passage[], blocks: readonly Block[]): void {
  const steps = blocks.map((block, i) => ({ block, room: rooms[i % rooms.length]! }));
  const bring = (step?: (typeof steps)[number]): void => step?.room.bring(...step.block);
  const fetch = (step?: (typeof steps)[number]): void => step?.room.fetch(...step.block);
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
    copyOthers(); // Work that came to nothing has not called it.
  }
  fetch(steps.at(-1));
}
