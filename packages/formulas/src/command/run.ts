/** The command `tapegrad-verify`, apart from where it reads and writes. */

import { exitCode } from '../report/exit-code.ts';
import { json } from '../report/json.ts';
import { type PageResult, verifyPage } from '../report/result.ts';
import { summary, table } from '../report/table.ts';
import { help, readOptions } from './options.ts';

/** What a command is given to read and write with. */
export interface Terminal {
  /** The text of a file, or of the standard input for '-'. Throws where there is none. */
  readonly read: (file: string) => string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  readonly color: boolean;
  readonly width: number | undefined;
}

/** Runs the command, and gives the code to end with. */
export function runCommand(args: readonly string[], { read, write, complain, color, width }: Terminal): 0 | 1 | 2 {
  const options = readOptions(args);
  if ('error' in options) {
    complain(`tapegrad-verify: ${options.error}\n`);
    return 2;
  }
  if (options.help) {
    write(help);
    return 0;
  }
  const results: PageResult[] = [];
  let isUnreadable = false;
  for (const file of options.files) {
    let text: string;
    try {
      text = read(file);
    } catch (error) {
      complain(`tapegrad-verify: ${file} can't be read: ${error instanceof Error ? error.message : String(error)}\n`);
      isUnreadable = true;
      continue;
    }
    const name = file === '-' ? 'standard input' : file;
    const result = verifyPage(text, {
      name,
      mend: options.mend,
      ...(options.budget === undefined ? {} : { budget: options.budget }),
    });
    results.push(result);
    if (!options.json)
      write(table(result, text, { color, reading: options.reading, ...(width === undefined ? {} : { width }) }));
  }
  if (options.json) write(json(results));
  else if (results.length > 1) write(`\n${results.map((result) => `${summary(result)}\n`).join('')}`);
  const code = exitCode(results);
  return isUnreadable && code === 0 ? 2 : code;
}
