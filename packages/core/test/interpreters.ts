import { type Kernels, type NdArray, setInterpreter } from '@tapegrad/core';
import { createDefault, plain } from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';
import { afterAll, beforeAll, describe } from 'vitest';

export const interpreters: { readonly [name: string]: Kernels<NdArray> } = {
  default: createDefault(),
  plain,
  reference,
};

/** Back to the interpreter that programs get. */
export const restoreInterpreter = (): void => setInterpreter(interpreters.default!);

/** A suite once for each interpreter. */
export const describeEach = (suite: () => void): void =>
  describe.each(Object.entries(interpreters))('%s', (_, kernels) => {
    beforeAll(() => setInterpreter(kernels));
    afterAll(restoreInterpreter);
    suite();
  });
