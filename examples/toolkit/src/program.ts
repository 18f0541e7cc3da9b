/** Running an example from the command line. */

import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FormatError } from './untrusted-file.ts';

/**
 * Runs a program. What is wrong with a file, or what the system refuses, is said in a sentence, with exit code 1; other
 * errors keep their stack.
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

/** Whether an operation of the system failed: a folder that can't be written to, a full disk. */
const isSystemError = (error: unknown): error is NodeJS.ErrnoException => error instanceof Error && 'syscall' in error;

/** The folder `out` beside the folder of a program's main file, seen from where the program was started. */
export const outFolder = (main: string): string => relative('', fileURLToPath(new URL('../out', main)));

/** Writes a line to standard output. */
export function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Says that a file was written. */
export function printFile(path: string): void {
  print(`wrote ${relative('', path)}`);
}
