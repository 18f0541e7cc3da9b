/** Compares a compiled function with the function itself. */

import { expect } from 'vitest';
import { compile } from '../src/index.ts';

type Any = (...args: never[]) => unknown;

/** Wraps a function, or returns it as it is. */
export type Wrap = <F extends Any>(f: F) => F;

/** Runs a program with its function as it is, and compiled. Expects the same bits, and returns what it gives. */
export function expectSame<R>(run: (wrap: Wrap) => R): R {
  const eager = run((f) => f);
  expect(run(compile)).toEqual(eager);
  return eager;
}
