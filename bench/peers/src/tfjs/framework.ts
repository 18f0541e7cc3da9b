/** TensorFlow.js; `cpu.ts` and `wasm.ts` choose the backend. */

import * as tf from '@tensorflow/tfjs';
import type { Framework } from 'tapegrad-bench/protocol';

/** Selects a registered backend, and returns its description. */
export async function select(backend: 'cpu' | 'wasm'): Promise<string> {
  if (!(await tf.setBackend(backend))) throw new Error(`tfjs has no ${backend} backend here`);
  return `tfjs ${tf.version.tfjs}, ${backend}`;
}

export const programs: Framework['programs'] = {
  mlp: async () => (await import('./mlp.ts')).mlp,
  matmul: async () => (await import('./matmul.ts')).matmul,
  elementwise: async () => (await import('./elementwise.ts')).elementwise,
  softmax: async () => (await import('./softmax.ts')).softmax,
  convnet: async () => (await import('./convnet.ts')).convnet,
};
