import { defineConfig } from 'vitest/config';

// Tests import the packages by name; this condition of their exports leads to the sources, so that no build is needed.
const conditions = ['@tapegrad/source', 'module', 'node', 'development|production'];

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    include: [
      'test/**/*.test.ts',
      'packages/*/test/**/*.test.ts',
      'examples/*/test/**/*.test.ts',
      'hosts/test/*.test.ts',
      'playground/test/*.test.ts',
    ],
    setupFiles: ['test/no-output.ts', 'test/properties.ts'],
    pool: 'forks',
    // Memory tests call gc() themselves, or the heap they measure is the collector's mood.
    execArgv: ['--expose-gc'],
    maxWorkers: '100%',
    testTimeout: 20_000,
    hookTimeout: 60_000,
  },
});
