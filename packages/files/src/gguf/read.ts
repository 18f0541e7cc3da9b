/** Reading GGUF files in Node. */

import type { IntegerOptions } from '../elements/element-types.ts';
import { fileSource } from '../sources/file-source.ts';
import type { Gguf } from './gguf.ts';

/**
 * Reads a GGUF file with all of its tensors. To read single tensors of a large file, use `openGguf` with
 * `fileSource(path)`.
 *
 * @throws FormatError for a file that is missing or broken, and for a quantisation that can't be read.
 * @example
 * const read = async () => (await readGguf('models/small.gguf')).metadata.get('general.name');
 */
export async function readGguf(path: string, options: IntegerOptions = {}): Promise<Gguf> {
  const { readAll } = await import('./gguf.ts');
  const source = await fileSource(path);
  try {
    return await readAll(source, options);
  } finally {
    await source.close();
  }
}
