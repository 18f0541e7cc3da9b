import { engineInfo, setThreads } from '@tapegrad/core';
import type { Framework } from '../protocol.ts';

export const framework: Framework = {
  start(threads) {
    setThreads(threads);
    const { interpreter, relaxedSimd } = engineInfo();
    return `tapegrad, ${interpreter}${relaxedSimd ? ' with relaxed SIMD' : ''}`;
  },
  programs: {
    mlp: async () => (await import('./mlp.ts')).mlp,
    matmul: async () => (await import('./matmul.ts')).matmul,
    elementwise: async () => (await import('./elementwise.ts')).elementwise,
    softmax: async () => (await import('./softmax.ts')).softmax,
    primitive: async () => (await import('./primitive.ts')).primitive,
    convnet: async () => (await import('./convnet.ts')).convnet,
  },
};
