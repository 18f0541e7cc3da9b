import { interpreter, setInterpreter } from '@tapegrad/core/extend';
import { createWasm, type Kernels, type NdArray } from '@tapegrad/kernels';
import { afterAll, beforeAll } from 'vitest';

/** Lets the tests of a file use an interpreter with one thread, which it returns. */
export function useOneThread(): Kernels<NdArray> {
  const kernels = createWasm({ threads: 1 });
  let previous: Kernels<NdArray>;
  beforeAll(() => {
    previous = interpreter();
    setInterpreter(kernels);
  });
  afterAll(() => setInterpreter(previous));
  return kernels;
}
