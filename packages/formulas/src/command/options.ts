/** Parses the command line of `tapegrad-verify`. */

export interface CommandOptions {
  readonly files: readonly string[];
  readonly json: boolean;
  /** Whether to print a web page, or the file to write it to. */
  readonly html: boolean | string;
  /** Whether to judge files again when they change. */
  readonly watch: boolean;
  readonly reading: boolean;
  readonly mend: boolean;
  readonly help: boolean;
  readonly budget: number | undefined;
}

export const help = `tapegrad-verify [options] FILE...

Judges every formula of pages in Markdown, LaTeX or plain text: whether it holds, where it is wrong, the smallest data
that refute it, and the smallest change that mends it. '-' is the standard input.

  --json         results as JSON
  --html         the documents as a web page, with each formula marked and its mend below it it
  --html=FILE    the same, written to a file, in addition to the printed report
  --watch        judge files again when they change, until interrupted
  --reading      show how the letters were interpreted
  --no-mend      do not look for mends
  --budget=MS    time limit for a formula and its mend, in milliseconds; 2000 by default
  --help         show this

A page of --html is one file without scripts, for any browser. Ends with 0 where all formulas hold, 1 where one is wrong or holds on a condition, 2 where one was not understood or a
file could not be read.
`;

/** Parses the arguments. Returns an error message for an unknown one. */
export function readOptions(args: readonly string[]): CommandOptions | { readonly error: string } {
  const files: string[] = [];
  let [isJson, reading, mend, isHelp] = [false, false, true, false];
  let budget: number | undefined;
  let html: boolean | string = false;
  let watch = false;
  for (const arg of args) {
    if (arg === '--json') isJson = true;
    else if (arg === '--html') html = true;
    else if (arg.startsWith('--html=')) {
      html = arg.slice('--html='.length);
      if (html === '') return { error: '--html= expects a file name' };
    } else if (arg === '--watch') watch = true;
    else if (arg === '--reading') reading = true;
    else if (arg === '--no-mend') mend = false;
    else if (arg === '--help' || arg === '-h') isHelp = true;
    else if (arg.startsWith('--budget=')) {
      budget = Number(arg.slice('--budget='.length));
      if (!(budget > 0))
        return { error: `--budget expects a number of milliseconds, got '${arg.slice('--budget='.length)}'` };
    } else if (arg.startsWith('-') && arg !== '-') return { error: `unknown option ${arg}; --help lists the options` };
    else files.push(arg);
  }
  if (files.length === 0 && !isHelp) return { error: 'no file given; see --help' };
  if (isJson && html === true) return { error: '--json and --html both print; --html=FILE writes a file' };
  if (watch && files.includes('-')) return { error: "--watch expects files, but '-' is standard input" };
  return { files, json: isJson, html, watch, reading, mend, help: isHelp, budget };
}
