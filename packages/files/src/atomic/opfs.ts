/** Files in the origin private file system, the storage that a browser gives to each site. */

import { type CheckpointOptions, decodeCheckpoint, encodeCheckpoint } from '../checkpoint/checkpoint.ts';
import { restoreState } from '../checkpoint/stateful.ts';
import { FormatError } from '../format-error.ts';
import { type BlobLike, type ByteSource, blobSource } from '../sources/byte-source.ts';

interface FileHandle {
  getFile(): Promise<BlobLike>;
  createWritable(): Promise<{
    write(content: string | Uint8Array): Promise<void>;
    close(): Promise<void>;
    abort(): Promise<void>;
  }>;
}

interface FolderHandle {
  getDirectoryHandle(name: string, options: { readonly create: boolean }): Promise<FolderHandle>;
  getFileHandle(name: string, options?: { readonly create: boolean }): Promise<FileHandle>;
}

/** The part of the DOM used here, declared because the compiler's DOM library is not loaded. */
interface Page {
  readonly navigator?: { readonly storage?: { getDirectory?(): Promise<FolderHandle> } };
}

/** Splits a path, such as `runs/1/model.safetensors`, into the handle of its folder and the name of the file. */
async function placeOf(path: string, create: boolean): Promise<readonly [FolderHandle, string]> {
  const storage = (globalThis as unknown as Page).navigator?.storage;
  if (storage?.getDirectory === undefined) {
    throw new FormatError(path, 'this host has no origin private file system; it needs a page or worker from https');
  }
  const names = path.split('/').filter((name) => name !== '');
  const name = names.pop();
  if (name === undefined) throw new FormatError(path, "expected a path such as 'runs/model.safetensors', got none");
  let folder = await storage.getDirectory();
  for (const part of names) folder = await folder.getDirectoryHandle(part, { create });
  return [folder, name];
}

/**
 * Makes a byte source that reads a file in the origin private file system.
 *
 * @throws FormatError if there is no such file, or no such file system.
 * @example
 * const open = () => opfsSource('runs/model.safetensors');
 */
export async function opfsSource(path: string): Promise<ByteSource> {
  let file: BlobLike;
  try {
    const [folder, name] = await placeOf(path, false);
    file = await (await folder.getFileHandle(name)).getFile();
  } catch (error) {
    if (error instanceof FormatError) throw error;
    throw new FormatError(path, `there is no such file (${path}): ${(error as Error).message}`);
  }
  return { ...blobSource(file), name: path };
}

/**
 * Writes a file in the origin private file system atomically, and makes its folders if necessary: the browser writes a
 * copy, and replaces the file with it at the end.
 *
 * @example
 * const keep = () => writeOpfs('runs/config.json', '{}');
 */
export async function writeOpfs(path: string, content: string | Uint8Array): Promise<void> {
  const [folder, name] = await placeOf(path, true);
  const stream = await (await folder.getFileHandle(name, { create: true })).createWritable();
  try {
    await stream.write(content);
  } catch (error) {
    await stream.abort();
    throw error;
  }
  await stream.close();
}

/**
 * Saves a checkpoint in the origin private file system, atomically; see `encodeCheckpoint`.
 *
 * @example
 * const keep = (model: Dense) => saveOpfs('runs/best.checkpoint', { model, accuracy: 0.98 });
 */
export const saveOpfs = (path: string, value: unknown): Promise<void> => writeOpfs(path, encodeCheckpoint(value));

/**
 * Loads a checkpoint from the origin private file system as plain data and arrays.
 *
 * @throws FormatError for a file that is missing, is not a checkpoint, or has been altered.
 * @example
 * const loaded = () => loadOpfs('runs/best.checkpoint');
 */
export async function loadOpfs(path: string, options: Pick<CheckpointOptions, 'warn'> = {}): Promise<unknown> {
  const source = await opfsSource(path);
  return decodeCheckpoint(await source.read(0, source.size), { ...options, name: path });
}

/**
 * Loads a checkpoint from the origin private file system and puts its states back into objects, all of them or none;
 * see `restoreState`.
 *
 * @returns the part of the checkpoint that belongs to none of the objects.
 * @example
 * const resume = (model: Dense) => restoreOpfs('runs/best.checkpoint', { model });
 */
export async function restoreOpfs(
  path: string,
  into: unknown,
  options: Pick<CheckpointOptions, 'warn'> = {},
): Promise<unknown> {
  return restoreState(await loadOpfs(path, options), into, path);
}
