/** Finds the line of the program that made a call, from a stack trace. */

// V8 prints a frame as `at f (file:1:2)` or `at file:1:2`, and other engines as `f@file:1:2`.
const frame = /(?:\(|@|\bat (?:async )?)([^(@]+):(\d+):(\d+)\)?$/;
const packages = '(?:kernels|core|nn|optim|compile|inspect)/(?:src|dist)/';
const installed = new RegExp(`/@tapegrad/${packages}`);
const beside = new RegExp(`^(.*/)${packages}`);

/** The stack depth to record: enough for deeply nested modules. */
const deepest = 100;

/** Cheaply records the current call site; the stack trace is formatted only on demand. */
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
 * Returns the innermost call outside these packages as `file:line:column`; `undefined` if it can't be determined, as in a
 * bundle.
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
