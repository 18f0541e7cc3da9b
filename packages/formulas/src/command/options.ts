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
  readonly version: boolean;
  readonly budget: number | undefined;
}

export const help = `tapegrad-verify [options] FILE...

Judges every formula of pages in Markdown, LaTeX or plain text: whether it holds, where it is wrong, the smallest data
that refute it, and the smallest change that mends it. '-' is the standard input; after '--', all arguments are files.

  --json         results as JSON
  --html         the documents as a web page, with each formula marked and its mend below it
  --html=FILE    the same, written to a file, in addition to the printed report
  --watch        judge files again when they change, until interrupted
  --reading      show how the letters were interpreted
  --no-mend      do not look for mends
  --budget=MS    time limit for a formula and its mend, in milliseconds; 2000 by default
  --version      show the version
  --help         show this

The web page is one file without scripts, for any browser.

Exit codes:
  0  all formulas hold
  1  a formula is wrong, or holds only on a condition
  2  none is wrong, but one was not understood or takes too long, or a file could not be read or written
`;

const names = ['json', 'html', 'watch', 'reading', 'no-mend', 'budget', 'version', 'help'];

/** Returns the number of letters that must be inserted, removed or replaced to turn one word into another. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++)
      next.push(Math.min(row[j]! + 1, next[j - 1]! + 1, row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)));
    row = next;
  }
  return row[b.length]!;
}

/** Returns the message for an unknown option, with the option that it may be a misspelling of. */
function unknownOption(arg: string): string {
  const name = arg.replace(/^-+/, '').replace(/=.*/, '');
  const [nearest] = names.toSorted((a, b) => distance(name, a) - distance(name, b));
  const meant =
    names.find((other) => name !== '' && other.startsWith(name)) ??
    (distance(name, nearest!) <= 2 ? nearest : undefined);
  return `unknown option ${arg}; ${meant === undefined ? '--help lists the options' : `did you mean --${meant}?`}`;
}

/** Parses the arguments. Returns an error message for an unknown one. */
export function readOptions(args: readonly string[]): CommandOptions | { readonly error: string } {
  const files: string[] = [];
  let [isJson, reading, mend, isHelp, isVersion] = [false, false, true, false, false];
  let budget: number | undefined;
  let html: boolean | string = false;
  let watch = false;
  const separator = args.includes('--') ? args.indexOf('--') : args.length;
  const own = args.slice(0, separator);
  for (let i = 0; i < own.length; i++) {
    const arg = own[i]!;
    if (arg === '--json') isJson = true;
    else if (arg === '--html') html = true;
    else if (arg.startsWith('--html=')) {
      html = arg.slice('--html='.length);
      if (html === '') return { error: '--html= expects a file name' };
    } else if (arg === '--watch') watch = true;
    else if (arg === '--reading') reading = true;
    else if (arg === '--no-mend') mend = false;
    else if (arg === '--help' || arg === '-h') isHelp = true;
    else if (arg === '--version' || arg === '-v') isVersion = true;
    else if (arg === '--budget' || arg.startsWith('--budget=')) {
      const text = arg === '--budget' ? (own[++i] ?? '') : arg.slice('--budget='.length);
      budget = text === '' ? Number.NaN : Number(text);
      if (!(budget > 0)) return { error: `--budget expects a number of milliseconds, got '${text}'` };
    } else if (arg.startsWith('-') && arg !== '-') return { error: unknownOption(arg) };
    else files.push(arg);
  }
  files.push(...args.slice(separator + 1));
  if (files.length === 0 && !isHelp && !isVersion) return { error: 'no file given; see --help' };
  if (isJson && html === true) return { error: '--json and --html both print; --html=FILE writes a file' };
  const page = html === true ? files.find((file) => /\.html?$/i.test(file)) : undefined;
  if (page !== undefined) return { error: `--html prints the page; --html=${page} writes it to a file` };
  if (watch && files.includes('-')) return { error: "--watch expects files, but '-' is standard input" };
  return { files, json: isJson, html, watch, reading, mend, help: isHelp, version: isVersion, budget };
}
