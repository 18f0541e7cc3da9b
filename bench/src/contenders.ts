/** Who takes part. */

import { fileURLToPath } from 'node:url';
import { paths } from './paths.ts';
import type { Spec } from './spec.ts';

/** What a bundler is given to make the smallest program that runs W1. */
export interface BundleRecipe {
  /** Modules that the program consists of. */
  readonly modules: readonly string[];
  /** Packages put in another's place, as a user who minds the size does. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Binaries that the program loads beside its code. */
  readonly binaries?: readonly string[];
}

export interface Framework {
  readonly name: string;
  readonly runtime: 'node' | 'python';
  /** The module for `worker.ts` to load, or the Python program that is a worker itself. */
  readonly module: URL;
  /** tapegrad itself, somebody to compare it with, or a mark of what can be reached. */
  readonly role: 'own' | 'peer' | 'mark';
  /** Whether the number of threads can be chosen. */
  readonly threaded: boolean;
  /** What it is asked for; everything where nothing is said. */
  readonly offers?: (spec: Spec) => boolean;
  /** Whether the plots show it. */
  readonly scaling: boolean;
  readonly bundle?: BundleRecipe;
}

const ownModule = (path: string) => new URL(path, paths.frameworks);
const peerModule = (path: string) => new URL(path, paths.peerFrameworks);

function tfjs(backend: 'cpu' | 'wasm', scaling: boolean, binaries: readonly string[]): Framework {
  return {
    name: `tfjs-${backend}`,
    runtime: 'node',
    module: peerModule(`tfjs/${backend}.js`),
    role: 'peer',
    threaded: false,
    scaling,
    bundle: {
      modules: [
        fileURLToPath(peerModule('tfjs/mlp.js')),
        '@tensorflow/tfjs-core/dist/register_all_gradients.js',
        `@tensorflow/tfjs-backend-${backend}`,
      ],
      alias: { '@tensorflow/tfjs': '@tensorflow/tfjs-core' },
      binaries,
    },
  };
}

export const frameworks: readonly Framework[] = [
  {
    name: 'tapegrad',
    runtime: 'node',
    module: ownModule('tapegrad/framework.js'),
    role: 'own',
    threaded: true,
    scaling: true,
    bundle: { modules: [fileURLToPath(ownModule('tapegrad/mlp.js'))] },
  },
  {
    name: 'handwritten',
    runtime: 'node',
    module: ownModule('handwritten/framework.js'),
    role: 'mark',
    threaded: false,
    offers: (spec) => spec.family === 'matmul' && spec.transposed === 'none' && spec.batch === 1,
    scaling: false,
  },
  {
    name: 'jax-js',
    runtime: 'node',
    module: peerModule('jax-js/framework.js'),
    role: 'peer',
    threaded: false,
    scaling: true,
    bundle: { modules: [fileURLToPath(peerModule('jax-js/mlp.js'))] },
  },
  tfjs('wasm', true, ['@tensorflow/tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm']),
  tfjs('cpu', false, []),
  {
    name: 'pytorch',
    runtime: 'python',
    module: paths.pytorchWorker,
    role: 'peer',
    threaded: true,
    scaling: true,
  },
];

/** A framework with a number of threads: one column of the table. */
export interface Contender {
  readonly framework: Framework;
  readonly threads: number;
  /** The framework's name, and the number of threads where it isn't one. */
  readonly label: string;
}

/** Every framework with every number of threads that it can be given. */
export function contendersOf(chosen: readonly Framework[], threads: readonly number[]): Contender[] {
  return chosen.flatMap((framework) =>
    (framework.threaded ? threads : [1]).map((count) => ({
      framework,
      threads: count,
      label: count === 1 ? framework.name : `${framework.name}, ${count} threads`,
    })),
  );
}

export function offers({ framework }: Contender, spec: Spec): boolean {
  return framework.offers?.(spec) ?? true;
}
