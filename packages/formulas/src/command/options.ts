/** The command line of `tapegrad-verify`, read. */

export interface CommandOptions {
  readonly files: readonly string[];
  readonly json: boolean;
  readonly reading: boolean;
  readonly mend: boolean;
  readonly help: boolean;
  readonly budget: number | undefined;
}

export const help = `tapegrad-verify [options] FILE...

Judges every formula of pages in Markdown, LaTeX or plain text: whether it holds, where it is wrong, the smallest data
that refute it, and the smallest change that mends it. '-' is the standard input.

  --json         results as JSON
  --reading      show what letters were read as
  --no-mend      do not look for mends
  --budget=MS    milliseconds that a formula may take, with its mend; 2000 by default
  --help         show this

Ends with 0 where all formulas hold, 1 where one is wrong or holds on a condition, 2 where one was not understood or a
file could not be read.
`;

/** Reads arguments. An unknown one is an error, told as text. */
export function readOptions(args: readonly string[]): CommandOptions | { readonly error: string } {
  const files: string[] = [];
  let [isJson, reading, mend, isHelp] = [false, false, true, false];
  let budget: number | undefined;
  for (const arg of args) {
    if (arg === '--json') isJson = true;
    else if (arg === '--reading') reading = true;
    else if (arg === '--no-mend') mend = false;
    else if (arg === '--help' || arg === '-h') isHelp = true;
    else if (arg.startsWith('--budget=')) {
      budget = Number(arg.slice('--budget='.length));
      if (!(budget > 0))
        return { error: `--budget wants a number of milliseconds, got '${arg.slice('--budget='.length)}'` };
    } else if (arg.startsWith('-') && arg !== '-') return { error: `there is no option ${arg}; --help lists them` };
    else files.push(arg);
  }
  if (files.length === 0 && !isHelp) return { error: 'no file was named; --help tells how' };
  return { files, json: isJson, reading, mend, help: isHelp, budget };
}
