/** jax-js on its WebAssembly backend, which in Node runs on one thread. */

import { createRequire } from 'node:module';
import { defaultDevice, init } from '@jax-js/jax';
import type { Framework } from 'tapegrad-bench/protocol';

export const framework: Framework = {
  async start() {
    await init('wasm');
    defaultDevice('wasm');
    const { version } = createRequire(import.meta.url)('../../node_modules/@jax-js/jax/package.json') as {
      version: string;
    };
    return `jax-js ${version}, wasm, jit`;
  },
  programs: {
    mlp: async () => (await import('./mlp.ts')).mlp,
    matmul: async () => (await import('./matmul.ts')).matmul,
    elementwise: async () => (await import('./elementwise.ts')).elementwise,
    softmax: async () => (await import('./softmax.ts')).softmax,
    convnet: async () => (await import('./convnet.ts')).convnet,
  },
};
