/** Runs an example from the command line. */

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FormatError } from '@tapegrad/files';

/**
 * Runs a program. For an invalid file or an error of the operating system, prints a sentence and exits with code 1.
 * Other errors keep their stack trace.
 */
export async function runProgram(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    if (!(error instanceof FormatError || isSystemError(error))) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}

/** Returns whether an error came from the operating system, such as a full disk. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

/** Returns the folder `out` next to the folder of a program's main file, relative to the working directory. */
export const outFolder = (main: string): string => relative('', fileURLToPath(new URL('../out', main)));

/** Writes a line to standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Prints that a file was written. */
export function printFile(path: string): void {
  print(`wrote ${relative('', path)}`);
}

/** Formats a share as per cent. */
export const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
