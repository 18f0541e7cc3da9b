/** Results stored by the scripts in test/data, and files that the tests write for those scripts. */

import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { NamedArray } from '@tapegrad/files';
import { expect } from 'vitest';

/** The elements of an array as stored by a script: numbers that JSON can't represent are text. */
export interface StoredArray {
  readonly dtype: string;
  readonly shape: readonly number[];
  readonly data: readonly (number | string)[];
}

export const pathOf = (file: string): string => fileURLToPath(new URL(`data/${file}`, import.meta.url));

export const storedBytes = (file: string): Uint8Array<ArrayBuffer> => new Uint8Array(readFileSync(pathOf(file)));

export const storedJson = <T>(file: string): T => JSON.parse(readFileSync(pathOf(file), 'utf8'));

/** Checks that we write the same bytes that the other program read. With `UPDATE_FILES`, writes them for it. */
export function checkOurs(file: string, bytes: Uint8Array): void {
  if (process.env['UPDATE_FILES']) writeFileSync(pathOf(file), bytes);
  expect(Buffer.compare(storedBytes(file), bytes)).toBe(0);
}

/** Checks that an array is bit-identical to the one that another program read. */
export function checkElements(array: NamedArray, { shape, data }: StoredArray): void {
  expect(array.shape).toEqual(shape);
  const numbers = data.map(Number);
  expect(array.data.length).toBe(numbers.length);
  const differing = numbers.findIndex((value, i) => !Object.is(value, array.data[i]));
  if (differing >= 0) expect(array.data[differing]).toBe(numbers[differing]);
}
