import { createWasm, type Kernels, type NdArray, plain, primitives } from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';
import { casesOf, checkCase, checkErrorCase, errorCases } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';

const interpreters: { readonly [name: string]: Kernels<NdArray> } = {
  plain,
  wasm: createWasm(),
};

const complaints = (found: readonly (string | undefined)[]) => found.filter((complaint) => complaint !== undefined);

describe.each(Object.entries(interpreters))('%s', (_, kernels) => {
  test.each(primitives)('%s', (primitive) => {
    expect(complaints(casesOf(primitive).map((c) => checkCase(kernels, c)))).toEqual([]);
  });
});

describe.each(Object.entries({ reference, ...interpreters }))('%s', (_, kernels) => {
  test.each(errorCases.map((c) => [c.name, c] as const))('refuses %s', (_name, c) => {
    expect(checkErrorCase(kernels, c)).toBeUndefined();
  });
});
