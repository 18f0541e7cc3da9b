import type { Framework } from '../protocol.ts';

export const framework: Framework = {
  start: () => 'tapegrad',
  programs: {
    matmul: async () => (await import('./matmul.ts')).matmul,
    elementwise: async () => (await import('./elementwise.ts')).elementwise,
  },
};
