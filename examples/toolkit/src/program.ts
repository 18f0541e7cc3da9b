/** Running an example from the command line. */

import { FormatError } from './untrusted-file.ts';

/** Runs a program. A file that is at fault is named in a sentence, with exit code 1; other errors keep their stack. */
export async function runProgram(program: () => Promise<void>): Promise<void> {
  try {
    await program();
  } catch (error) {
    if (!(error instanceof FormatError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = 1;
  }
}
