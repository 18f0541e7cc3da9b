/** A sample of the case table, for tests of storage and of replaced kernels, for which a few cases are enough. */

import type { Primitive } from '@tapegrad/kernels';
import { type Case, casesOf } from '@tapegrad/kernels/testing';

const step = process.env['CASES'] === 'all' ? 1 : 5;

/** Returns every fifth case of a primitive, or all cases if the environment variable `CASES` is `all`. */
export const sampledCases = (primitive: Primitive): readonly Case[] =>
  casesOf(primitive).filter((_, i) => i % step === 0);
