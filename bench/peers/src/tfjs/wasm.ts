/** TensorFlow.js on its WebAssembly backend (XNNPACK): with SIMD where the engine has it, and single-threaded in Node. */

import { createRequire } from 'node:module';
import { sep } from 'node:path';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import type { Framework } from 'tapegrad-bench/protocol';
import { programs, select } from './framework.ts';

export const framework: Framework = {
  async start() {
    const binary = createRequire(import.meta.url).resolve(
      '@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm',
    );
    setWasmPaths(binary.slice(0, binary.lastIndexOf(sep) + 1));
    return select('wasm');
  },
  programs,
};
