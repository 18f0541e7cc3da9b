/**
 * Fashion-MNIST: 60,000 training and 10,000 test images of clothes (Xiao, Rasul and Vollgraf 2017), in the format of
 * MNIST. No npm package contains it, so it is downloaded once, unless it is found on disk.
 */

import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { print } from '@tapegrad/example-toolkit/program';
import { FormatError } from '@tapegrad/files';
import { writeFileAtomic } from '@tapegrad/files/node';

/** The names of the classes. */
export const CLASSES = [
  ...['T-shirt', 'trousers', 'pullover', 'dress', 'coat'],
  ...['sandal', 'shirt', 'sneaker', 'bag', 'ankle boot'],
] as const;

/** The files, with the SHA-256 of each unpacked file. */
export const FILES: Readonly<Record<string, string>> = {
  'train-images-idx3-ubyte': 'c59f468a2f672dc815687fe0f83887768d799fd8a3f3276145d20f83aa44d888',
  'train-labels-idx1-ubyte': 'bad3541b69d912435c50bb6ba87bec294ff4f6a2e1246121d8633921760443d9',
  't10k-images-idx3-ubyte': '5b4141f0afbad91edebe8549f8fcffe087ea10ca49f1dbef5c9a5cd8815ce37b',
  't10k-labels-idx1-ubyte': '0402a96d92fd2663957122ceb108a494c5af83dab82d92729df917d7dec38c34',
};

/** The addresses at which its authors publish it. */
const SOURCES = [
  'https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion',
  'http://fashion-mnist.s3-website.eu-central-1.amazonaws.com',
] as const;

/** The folder of Debian's package dataset-fashion-mnist. */
const DEBIAN = '/usr/share/datasets/fashion-mnist';

/** A size limit for each file. The largest has 26 MB, and 47 MB when unpacked. */
const MAX_BYTES = 2 ** 26;

/** Returns whether a folder has a file, packed or not. */
const hasFile = (folder: string, name: string): boolean =>
  [name, `${name}.gz`].some((file) => existsSync(join(folder, file)));

const isComplete = (folder: string): boolean => Object.keys(FILES).every((name) => hasFile(folder, name));

export interface FashionOptions {
  /** The folder for downloads. */
  readonly cache: string;
  /** Folders to search first. */
  readonly folders?: readonly string[];
  readonly sources?: readonly string[];
}

/**
 * Returns a folder with the data set: an existing one or the cache, into which it downloads the files.
 *
 * @throws FormatError if no source can be reached, or the downloaded files are not the data set.
 */
export async function fashionFolder({ cache, folders = [DEBIAN], sources = SOURCES }: FashionOptions): Promise<string> {
  const found = [cache, ...folders].find(isComplete);
  if (found !== undefined) return found;
  for (const [name, sum] of Object.entries(FILES)) {
    if (hasFile(cache, name)) continue;
    print(`Downloading ${name} …`);
    writeFileAtomic(join(cache, `${name}.gz`), await download(`${name}.gz`, sum, sources));
  }
  return cache;
}

/** Downloads a packed file from the first source whose contents have this SHA-256. */
async function download(file: string, sum: string, sources: readonly string[]): Promise<Uint8Array> {
  const faults: string[] = [];
  for (const source of sources) {
    try {
      const bytes = await fetched(`${source}/${file}`);
      const actual = createHash('sha256')
        .update(gunzipSync(bytes, { maxOutputLength: MAX_BYTES }))
        .digest('hex');
      if (actual === sum) return bytes;
      faults.push(`${source}: its SHA-256 is ${actual}, expected ${sum}`);
    } catch (error) {
      faults.push(`${source}: ${error instanceof Error ? error.message : error}`);
    }
  }
  const mend = 'put the four files of Fashion-MNIST into a folder and name it by --data';
  throw new FormatError(file, `could not be downloaded; ${mend} (${faults.join('; ')})`);
}

/** Downloads an address, up to a maximum size. */
async function fetched(url: string): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(120_000) });
  if (!response.ok || response.body === null) throw new Error(`status ${response.status}`);
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    length += piece.length;
    if (length > MAX_BYTES) throw new Error(`more than ${MAX_BYTES} bytes`);
    pieces.push(piece);
  }
  return Buffer.concat(pieces);
}
