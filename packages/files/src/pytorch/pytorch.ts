/** Reads checkpoints that `torch.save` of PyTorch 1.6 or later wrote. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue, sizeOf } from '@tapegrad/core/extend';
import { ELEMENT_TYPES, type ElementType, type IntegerOptions } from '../elements/element-types.ts';
import { FormatError } from '../format-error.ts';
import type { NamedArray, NamedArrays } from '../named-array.ts';
import type { ByteSource } from '../sources/byte-source.ts';
import {
  contentOffset,
  findDirectory,
  LOCAL_BYTES,
  openZip,
  parseDirectory,
  TAIL_BYTES,
  unpack,
  type ZipEntry,
} from '../zip/zip.ts';
import type { TensorView } from './globals.ts';
import { arrayOfView, plainTree, rangeOf, type StorageBytes, tensorsIn } from './materialize.ts';
import { unpickle } from './pickle.ts';

/** The contents of a PyTorch checkpoint. */
export interface PyTorchFile {
  /** The saved object as plain data: dicts are records, and tensors are arrays. */
  readonly value: unknown;
  /** All tensors in `value`, by path: for example `0.weight`, or `model.0.weight` if the state dict was in a dict. */
  readonly tensors: NamedArrays;
}

/** The options of reading a checkpoint of PyTorch. */
export interface PyTorchOptions extends IntegerOptions {
  /** The name of the file in messages. Defaults to `checkpoint.pt`. */
  readonly name?: string;
  /** The maximum size of the decompressed file in bytes. Defaults to 4 GiB. */
  readonly maxBytes?: number;
}

/**
 * Limits on tensors that repeat elements of a storage. All tensors together may have `REPEATED_BYTES` plus
 * `REPEATED_TIMES` times the size of the file.
 */
const REPEATED_BYTES = 2 ** 26;
const REPEATED_TIMES = 64;

/** The parts of a checkpoint. */
interface Parts {
  readonly pickle: ZipEntry;
  readonly byteOrder: ZipEntry | undefined;
  storage(key: string): ZipEntry | undefined;
}

function partsOf(entries: ReadonlyMap<string, ZipEntry>, file: string): Parts {
  const name = [...entries.keys()].find((entry) => /^[^/]+\/data\.pkl$/.test(entry));
  if (name === undefined) {
    throw new FormatError(file, 'expected a checkpoint of PyTorch, but the ZIP file has no data.pkl');
  }
  const folder = name.slice(0, -'data.pkl'.length);
  return {
    pickle: entries.get(name)!,
    byteOrder: entries.get(`${folder}byteorder`),
    storage: (key) => entries.get(`${folder}data/${key}`),
  };
}

/** Throws for a file that PyTorch before 1.6 wrote, and for one that is not a ZIP file. */
function checkZip(start: Uint8Array, file: string): void {
  if (start[0] === 0x50 && start[1] === 0x4b) return;
  const isOld = start[0] === 0x80 && start[1]! <= 5;
  const mend = 'save it again with a current version of torch.save';
  throw new FormatError(
    file,
    isOld ? `is in the format used before PyTorch 1.6; ${mend}` : 'expected a ZIP file, as torch.save writes it',
    0,
  );
}

/** Throws if tensors repeat elements so often that a small file would exhaust the memory. */
function checkTotal(tensors: ReadonlyMap<string, TensorView>, file: string, size: number): void {
  let total = 0;
  for (const view of new Set(tensors.values())) total += sizeOf(view.shape) * ELEMENT_TYPES[view.type].bytes;
  const most = REPEATED_BYTES + REPEATED_TIMES * size;
  if (total > most)
    throw new FormatError(file, `its tensors have ${total} bytes, expected at most ${most} for its size`);
}

/** Returns the range of bytes of a storage that a tensor uses, after checking that it is within the file. */
function bytesOf(
  view: TensorView,
  entry: ZipEntry | undefined,
  file: string,
): readonly [start: number, length: number] {
  const { key, size, type } = view.storage;
  if (entry === undefined) throw new FormatError(file, `storage ${key} is missing`);
  const wanted = size * (type === undefined ? 1 : ELEMENT_TYPES[type].bytes);
  if (entry.size !== wanted) {
    throw new FormatError(file, `storage ${key} has ${entry.size} bytes, expected ${wanted}`, entry.headerOffset);
  }
  const [start, end] = rangeOf(view);
  const unit = ELEMENT_TYPES[view.type].bytes;
  return [start * unit, (end - start) * unit];
}

const isBigEndian = (bytes: Uint8Array): boolean => new TextDecoder().decode(bytes) === 'big';

/**
 * Decodes the bytes of a checkpoint that `torch.save` wrote. It may contain a state dict, or dicts and lists of state
 * dicts and other plain data.
 *
 * No code from the file is executed. Its pickle may use only the names that state dicts need, such as `OrderedDict` and
 * `torch._utils._rebuild_tensor_v2`; any other name is an error.
 *
 * @throws FormatError for a file of another format, one that is truncated or has been altered, and one that uses other
 *   names.
 * @example
 * const read = (bytes: Uint8Array, model: Module) => loadState(model, decodePyTorch(bytes).tensors);
 */
export function decodePyTorch(bytes: Uint8Array, options: PyTorchOptions = {}): PyTorchFile {
  checkOptions('decodePyTorch', options, ['name', 'maxBytes', 'int64']);
  const { name: file = 'checkpoint.pt', maxBytes = 2 ** 32, int64 = 'int32' } = options;
  checkZip(bytes, file);
  const zip = openZip(bytes, file, maxBytes);
  const parts = partsOf(zip.entries, file);
  const base = parts.pickle.method === 0 ? zip.offsetOf(parts.pickle) : parts.pickle.headerOffset;
  const tree = unpickle(zip.read(parts.pickle), file, base);
  const views = tensorsIn(tree, file);
  checkTotal(views, file, bytes.length);
  const littleEndian = parts.byteOrder === undefined || !isBigEndian(zip.read(parts.byteOrder));
  const storages = new Map<string, StorageBytes>();
  const storageOf = (entry: ZipEntry): StorageBytes => {
    const known = storages.get(entry.name);
    if (known !== undefined) return known;
    const storage = { bytes: zip.read(entry), offset: zip.offsetOf(entry) };
    storages.set(entry.name, storage);
    return storage;
  };
  const arrays = new Map<TensorView, NamedArray>();
  const convert = (view: TensorView, name: string): NamedArray => {
    const known = arrays.get(view);
    if (known !== undefined) return known;
    const entry = parts.storage(view.storage.key);
    const [start, length] = bytesOf(view, entry, file);
    const { bytes: all, offset } = storageOf(entry!);
    const part = { bytes: all.subarray(start, start + length), offset: offset + start };
    const array = arrayOfView(view, part, file, name, { int64, littleEndian });
    arrays.set(view, array);
    return array;
  };
  const tensors = Object.fromEntries(Array.from(views, ([name, view]) => [name, convert(view, name)]));
  return { value: plainTree(tree, (view) => convert(view, 'tensor')), tensors };
}

/** An open PyTorch checkpoint whose tensors are read on demand. */
export interface PyTorchReader {
  /** The tensors, with their types and shapes. */
  readonly entries: ReadonlyMap<string, { readonly type: ElementType; readonly shape: readonly number[] }>;
  /** The saved object as plain data, with `undefined` in place of tensors. */
  readonly value: unknown;
  /** Reads one tensor, in one read of the file. */
  read(name: string, options?: IntegerOptions): Promise<NamedArray>;
}

/**
 * Opens a checkpoint that `torch.save` wrote, and reads everything except its tensors. Each tensor is read on demand.
 *
 * Checksums are checked for compressed entries, but not for uncompressed tensors, of which only a part may be read.
 *
 * @throws FormatError for the same reasons as `decodePyTorch`.
 * @example
 * const weight = async (blob: Blob) => (await openPyTorch(blobSource(blob))).read('0.weight');
 */
export async function openPyTorch(source: ByteSource): Promise<PyTorchReader> {
  const { name: file, size } = source;
  checkZip(await source.read(0, Math.min(size, 4)), file);
  const tail = await source.read(Math.max(size - TAIL_BYTES, 0), Math.min(size, TAIL_BYTES));
  const place = findDirectory(tail, file, size);
  const directory = parseDirectory(await source.read(place.offset, place.length), file, place);
  const offsetOf = async (entry: ZipEntry): Promise<number> =>
    contentOffset(await source.read(entry.headerOffset, LOCAL_BYTES), file, entry, place.offset);
  const readEntry = async (entry: ZipEntry): Promise<Uint8Array> =>
    unpack(await source.read(await offsetOf(entry), entry.packedSize), file, entry);
  const parts = partsOf(directory, file);
  const tree = unpickle(await readEntry(parts.pickle), file, await offsetOf(parts.pickle));
  const views = tensorsIn(tree, file);
  checkTotal(views, file, size);
  const littleEndian = parts.byteOrder === undefined || !isBigEndian(await readEntry(parts.byteOrder));
  return {
    entries: views,
    value: plainTree(tree, () => undefined),
    async read(name, { int64 = 'int32' } = {}) {
      const view = views.get(name);
      if (view === undefined) throw new ArgumentError(`read: there is no tensor ${describeValue(name)} in ${file}`);
      const entry = parts.storage(view.storage.key);
      const [start, length] = bytesOf(view, entry, file);
      const isStored = entry!.method === 0;
      const offset = (await offsetOf(entry!)) + (isStored ? start : 0);
      const bytes = isStored
        ? await source.read(offset, length)
        : (await readEntry(entry!)).subarray(start, start + length);
      return arrayOfView(view, { bytes, offset }, file, name, { int64, littleEndian });
    },
  };
}
