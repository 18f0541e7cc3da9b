/** The frameworks that take part. */

import { fileURLToPath } from 'node:url';
import { paths } from './paths.ts';
import type { Spec } from './spec.ts';

/** The input of a bundler for the smallest program that runs W1. */
export interface BundleRecipe {
  /** The modules of the program. */
  readonly modules: readonly string[];
  /** Packages that replace others, to minimize the size. */
  readonly alias?: Readonly<Record<string, string>>;
  /** Binaries that the program loads in addition to its code. */
  readonly binaries?: readonly string[];
}

export interface Framework {
  readonly name: string;
  readonly runtime: 'node' | 'python';
  /** The module for `worker.ts` to load, or a Python program that is itself a worker. */
  readonly module: URL;
  /** The first version of Node that can run it. Defaults to any. */
  readonly minNode?: number;
  /** tapegrad itself (`own`), another framework (`peer`), or a handwritten reference point (`mark`). */
  readonly role: 'own' | 'peer' | 'mark';
  /** Whether the number of threads can be chosen. */
  readonly threaded: boolean;
  /** Whether it supports a workload. Defaults to all. */
  readonly offers?: (spec: Spec) => boolean;
  /** Whether the plots include it. */
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

const handwritten = (name: string, file: string): Framework => ({
  name,
  runtime: 'node',
  module: ownModule(`handwritten/${file}`),
  role: 'mark',
  threaded: false,
  offers: (spec) => spec.family === 'matmul' && spec.transposed === 'none' && spec.batch === 1,
  scaling: false,
});

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
    name: 'tapegrad-wide',
    runtime: 'node',
    module: ownModule('tapegrad/wide.js'),
    minNode: 24,
    role: 'own',
    threaded: true,
    scaling: false,
  },
  {
    name: 'tapegrad-compiled',
    runtime: 'node',
    module: ownModule('tapegrad/compiled.js'),
    role: 'own',
    threaded: true,
    offers: ({ family }) => ['mlp', 'convnet', 'softmax', 'elementwise'].includes(family),
    scaling: false,
  },
  handwritten('handwritten', 'framework.js'),
  { ...handwritten('handwritten-wide', 'wide.js'), minNode: 24 },
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

/** A framework with a number of threads: a column of the table. */
export interface Contender {
  readonly framework: Framework;
  readonly threads: number;
  /** The framework's name, and the number of threads unless it is 1. */
  readonly label: string;
}

/** Returns every framework with each number of threads that it supports. */
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
