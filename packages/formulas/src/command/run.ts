/** The command `tapegrad-verify`, without its input and output. */

import { htmlPage, type JudgedPage } from '../html/page.ts';
import { exitCode } from '../report/exit-code.ts';
import { json, type Unread } from '../report/json.ts';
import { verifyPage } from '../report/result.ts';
import { summary, table } from '../report/table.ts';
import { help, readOptions } from './options.ts';
import { reasonFor } from './text-of.ts';

/** The input and output functions of a command. */
export interface Terminal {
  /** Returns the text of a file, or of standard input for '-'. Throws if it can't be read. */
  readonly read: (file: string) => string;
  readonly write: (text: string) => void;
  readonly complain: (text: string) => void;
  /** Writes a file. Throws if it can't be written. */
  readonly save: (file: string, text: string) => void;
  /** The version of the command. */
  readonly version: string;
  readonly color: boolean;
  readonly width: number | undefined;
}

/** Runs the command and returns its exit code. */
export function runCommand(
  args: readonly string[],
  { read, write, complain, save, version, color, width }: Terminal,
): 0 | 1 | 2 {
  const options = readOptions(args);
  if ('error' in options) {
    complain(`tapegrad-verify: ${options.error}\n`);
    return 2;
  }
  if (options.help || options.version) {
    write(options.help ? help : `${version}\n`);
    return 0;
  }
  const pages: JudgedPage[] = [];
  const unread: Unread[] = [];
  let isUnwritten = false;
  for (const file of options.files) {
    let text: string;
    try {
      text = read(file);
    } catch (error) {
      const reason = reasonFor(error);
      complain(`tapegrad-verify: ${file} can't be read: ${reason}\n`);
      unread.push({ file, error: reason });
      continue;
    }
    const name = file === '-' ? 'standard input' : file;
    const result = verifyPage(text, {
      name,
      mend: options.mend,
      ...(options.budget === undefined ? {} : { budget: options.budget }),
    });
    pages.push({ result, text });
    if (!options.json && options.html !== true)
      write(table(result, text, { color, reading: options.reading, ...(width === undefined ? {} : { width }) }));
  }
  const results = pages.map(({ result }) => result);
  if (options.html === true) write(htmlPage(pages));
  else if (options.json) write(json(results, unread));
  else if (results.length > 1) write(`\n${results.map((result) => `${summary(result)}\n`).join('')}`);
  if (typeof options.html === 'string') {
    try {
      save(options.html, htmlPage(pages));
    } catch (error) {
      complain(`tapegrad-verify: ${options.html} can't be written: ${reasonFor(error)}\n`);
      isUnwritten = true;
    }
  }
  const code = exitCode(results);
  return (unread.length > 0 || isUnwritten) && code === 0 ? 2 : code;
}
