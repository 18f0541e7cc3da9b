import { configDefaults, defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

// Tests import the packages by name; this condition of their exports leads to the sources, so that no build is needed.
const conditions = ['@tapegrad/source', 'module', 'node', 'development|production'];

/** Files that take half a minute or more. They start first, so that no core is idle while the last of them runs. */
const longestFiles = [
  'packages/kernels/test/used-memory.test.ts',
  'packages/core/test/operators/differences.test.ts',
  'packages/kernels/test/interpreters.test.ts',
  'packages/kernels/test/wasm/refusals.test.ts',
  'packages/core/test/memory.test.ts',
  'packages/kernels/test/wasm/shared-arrays.test.ts',
  'playground/test/playground.test.ts',
];

/**
 * Tests that need a process and modules of their own: they measure memory, write to the console, change the host or the
 * engine, or test what is loaded first. All others share both, because loading tapegrad takes a quarter of their time.
 */
const ownProcess = [
  'packages/kernels/test/**/*.test.ts',
  'packages/*/test/**/lean.test.ts',
  'packages/*/test/**/kills.test.ts',
  'packages/*/test/**/memory.test.ts',
  'packages/*/test/hostile/*.test.ts',
  'packages/*/test/{worker,workers,plot}/*.test.ts',
  'packages/compile/test/compile.test.ts',
  'packages/core/test/autograd/{checkpoint,hooks}.test.ts',
  'packages/core/test/engine.test.ts',
  'packages/data/test/loading/loader.test.ts',
  'packages/nn/test/scoped-training.test.ts',
  'packages/formulas/test/robustness.test.ts',
  'packages/verify/test/links/sweep.test.ts',
  'hosts/test/*.test.ts',
  'playground/test/*.test.ts',
];

class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const rank = ({ moduleId }: TestSpecification) => Number(!longestFiles.some((file) => moduleId.endsWith(file)));
    return (await super.sort(files)).toSorted((a, b) => rank(a) - rank(b));
  }
}

export default defineConfig({
  resolve: { conditions },
  ssr: { resolve: { conditions } },
  test: {
    projects: [
      { extends: true, test: { name: 'own', include: ownProcess } },
      {
        extends: true,
        test: {
          name: 'shared',
          include: ['test/**/*.test.ts', 'packages/*/test/**/*.test.ts', 'examples/*/test/**/*.test.ts'],
          exclude: [...configDefaults.exclude, ...ownProcess],
          isolate: false,
        },
      },
    ],
    globalSetup: 'test/temporary-folder.ts',
    setupFiles: ['test/no-output.ts', 'test/properties.ts'],
    pool: 'forks',
    // Memory tests call gc() themselves, or the heap they measure is the collector's mood.
    execArgv: ['--expose-gc'],
    maxWorkers: '100%',
    sequence: { sequencer: LongestFirst },
    // Long enough for a busy machine: a test that times out there says nothing.
    testTimeout: 90_000,
    hookTimeout: 90_000,
  },
});
