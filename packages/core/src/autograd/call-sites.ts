/** The line of a program from which a call came, read off a stack. */

// As V8 prints a frame, `at f (file:1:2)` or `at file:1:2`, and as other engines do, `f@file:1:2`.
const frame = /(?:\(|@|\bat (?:async )?)([^(@]+):(\d+):(\d+)\)?$/;
const packages = '(?:kernels|core|nn|optim|inspect)/(?:src|dist)/';
const installed = new RegExp(`/@tapegrad/${packages}`);
const beside = new RegExp(`^(.*/)${packages}`);

/** Deep enough for models of modules of modules. */
const deepest = 100;

/** Notes where the program is, cheaply: the text of a stack is made when it is asked for. */
export function noteStack(): Error {
  const engine = Error as { stackTraceLimit?: number };
  const before = engine.stackTraceLimit;
  engine.stackTraceLimit = deepest;
  try {
    return new Error();
  } finally {
    if (before === undefined) delete engine.stackTraceLimit;
    else engine.stackTraceLimit = before;
  }
}

/**
 * The innermost call of a stack that was made outside of these packages, `file:line:column`; `undefined` where it can't be
 * told, as in a bundle.
 */
export function callSiteOf({ stack = '' }: { readonly stack?: string }): string | undefined {
  const frames = stack.split('\n').flatMap((line) => {
    const [, file, row, column] = frame.exec(line.trim()) ?? [];
    return file === undefined ? [] : [{ file, site: `${file}:${row}:${column}` }];
  });
  // The innermost frame is in this file, wherever that is.
  const home = beside.exec(frames[0]?.file ?? '')?.[1];
  if (home === undefined) return undefined;
  const isOurs = (file: string): boolean =>
    installed.test(file) || (file.startsWith(home) && beside.exec(file)?.[1] === home);
  return frames.find(({ file }) => !isOurs(file))?.site;
}
