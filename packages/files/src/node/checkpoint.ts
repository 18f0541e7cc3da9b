/** Saving and loading checkpoints in Node. */

import { checkOptions } from '@tapegrad/core/extend';
import { replaceFile } from '../atomic/atomic.ts';
import { type CheckpointOptions, checkpointParts, decodeFrom } from '../checkpoint/checkpoint.ts';
import { restoreState } from '../checkpoint/stateful.ts';
import type { Checksum } from '../checksum/xxh64.ts';
import { uninitialized, withFile } from '../sources/file-source.ts';

const BLOCK_BYTES = 2 ** 18;

/** The options of `load` and `restore`. */
export type LoadOptions = Pick<CheckpointOptions, 'warn'>;

/**
 * Saves a checkpoint atomically: if the program is killed, the file has either the old content or the new one. See
 * `encodeCheckpoint` for what a checkpoint may contain.
 *
 * @throws ArgumentError for the same reasons as `encodeCheckpoint`.
 * @example
 * const model = new Dense(3, 2);
 * const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
 * const random = new Random(1);
 * save('/tmp/run.checkpoint', { model, optimizer, random, epoch: 4 });
 * restore('/tmp/run.checkpoint', { model, optimizer, random }); // { epoch: 4 }
 */
export function save(path: string, value: unknown): void {
  const { parts, sum } = checkpointParts(value);
  // The checksum is computed while the disk writes, and written into the header at the end.
  replaceFile(path, parts, () => {
    const { digits, offset } = sum();
    return [digits, offset];
  });
}

/**
 * Loads a checkpoint as plain data and arrays.
 *
 * @throws FormatError for a file that is missing, is not a checkpoint, or has been altered.
 * @example
 * save('/tmp/best.checkpoint', { accuracy: 0.98, classes: ['cat', 'dog'] });
 * load<{ classes: string[] }>('/tmp/best.checkpoint').classes; // ['cat', 'dog']
 */
export function load<Value = unknown>(path: string, options: LoadOptions = {}): Value {
  checkOptions('load', options, ['warn']);
  const { warn = (message) => process.emitWarning(message) } = options;
  return withFile(path, ({ size, readInto }) => {
    const read = (offset: number, length: number, sum?: Checksum): Uint8Array => {
      const bytes = uninitialized(length);
      // Reads in blocks, which are still in the processor's cache when the checksum is computed.
      for (let done = 0; done < length; done += BLOCK_BYTES) {
        const block = bytes.subarray(done, done + BLOCK_BYTES);
        readInto(block, offset + done);
        sum?.update(block);
      }
      return bytes;
    };
    return decodeFrom({ name: path, size, owned: true, read }, warn) as Value;
  });
}

/**
 * Loads a checkpoint and puts its states back into objects like those that were saved, all of them or none. A run then
 * continues with bit-identical results.
 *
 * @param into The objects, under the names that they were saved with. Saved objects may be left out.
 * @returns the part of the checkpoint that belongs to none of the objects.
 * @throws FormatError for the same reasons as `load`, and for a state that is missing or doesn't fit; then all objects
 *   are unchanged.
 * @example
 * const model = new Dense(3, 2);
 * save('/tmp/model.checkpoint', { model, epoch: 4 });
 * const { epoch } = restore<{ epoch: number }>('/tmp/model.checkpoint', { model });
 */
export function restore<Rest = unknown>(path: string, into: unknown, options: LoadOptions = {}): Rest {
  return restoreState(load(path, options), into, path) as Rest;
}
