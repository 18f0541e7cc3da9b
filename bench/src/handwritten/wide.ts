/** The handwritten product with vectors of 256 bits, which V8 makes of neighbouring ones on Node 24 or later. */

import { setFlagsFromString } from 'node:v8';
import type { Framework } from '../protocol.ts';
import { matmulOf } from './framework.ts';

export const framework: Framework = {
  start() {
    // Applies to modules that are compiled from now on.
    setFlagsFromString('--experimental-wasm-revectorize');
    return 'a WebAssembly product by hand, 256-bit vectors';
  },
  programs: { matmul: async () => matmulOf(true) },
};
