/** Writing event files in Node. */

import { closeSync, mkdirSync, openSync, writeSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import type { EventSink } from './events.ts';

/** An event file that is open for writing. */
export interface EventFile extends EventSink {
  readonly path: string;
  close(): void;
}

let count = 0;

/**
 * Makes a new event file in a folder, for an `EventWriter` of `@tapegrad/files/tensorboard`. Each event is written
 * immediately. TensorBoard shows all files of a folder as one run.
 *
 * @example
 * const train = async () => {
 *   const { EventWriter } = await import('@tapegrad/files/tensorboard');
 *   const log = new EventWriter(eventFile('runs/1'));
 *   for (let step = 0; step < 3; step++) log.scalar('loss', 1 / (step + 1), step);
 *   log.close();
 * };
 */
export function eventFile(folder: string): EventFile {
  mkdirSync(folder, { recursive: true });
  const seconds = Math.floor(Date.now() / 1000);
  const path = join(folder, `events.out.tfevents.${seconds}.${hostname()}.${process.pid}.${count++}`);
  const descriptor = openSync(path, 'ax');
  return {
    path,
    write(bytes) {
      let done = 0;
      while (done < bytes.length) done += writeSync(descriptor, bytes, done);
    },
    close: () => closeSync(descriptor),
  };
}
