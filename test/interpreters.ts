import { type Kernels, type NdArray, setInterpreter } from '@tapegrad/core/extend';
import { createDefault, plain } from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';
import { afterAll, beforeAll, describe } from 'vitest';

export const interpreters: { readonly [name: string]: Kernels<NdArray> } = {
  default: createDefault(),
  plain,
  reference,
};

/** Restores the default interpreter. */
export const restoreInterpreter = (): void => setInterpreter(interpreters.default!);

/** Runs a suite on each interpreter, or on some of them. */
export const describeEach = (suite: () => void, names = Object.keys(interpreters)): void =>
  describe.each(names)('%s', (name) => {
    beforeAll(() => setInterpreter(interpreters[name]!));
    afterAll(restoreInterpreter);
    suite();
  });
