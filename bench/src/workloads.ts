/** W1 to W7: the workloads of the comparison. */

import type { MatmulSpec, MlpSpec, Spec } from './spec.ts';

/** A row of the table. */
export interface Case {
  readonly id: string;
  readonly title: string;
  readonly spec: Spec;
  readonly unit: 'steps/s' | 'GFLOP/s' | '1/s';
}

/** The cases that one process measures in sequence. */
export interface Workload {
  readonly id: string;
  readonly cases: readonly Case[];
}

const classifier = {
  family: 'mlp',
  activation: 'relu',
  loss: 'crossEntropy',
  learningRate: 0.1,
  batches: 'kept',
} as const;

/** Returns W1 with `hidden` units in the first hidden layer, and half as many in the second. */
export function digitClassifier(hidden = 256, batch = 128): MlpSpec {
  return { ...classifier, widths: [784, hidden, hidden / 2, 10], batch };
}

export function product(size: number, transposed: MatmulSpec['transposed'] = 'none', batch = 1): MatmulSpec {
  return { family: 'matmul', size, transposed, batch };
}

const productTitles = { none: 'A B', left: 'AᵀB', right: 'A Bᵀ' } as const;

function productCase(size: number, transposed: MatmulSpec['transposed']): Case {
  return {
    id: `W4-${size}${{ none: '', left: '-left', right: '-right' }[transposed]}`,
    title: `${productTitles[transposed]} at ${size}`,
    spec: product(size, transposed),
    unit: 'GFLOP/s',
  };
}

/** Returns the work of one step, in units of the case. */
export function unitsPerStep({ spec, unit }: Case): number {
  return unit === 'GFLOP/s' && spec.family === 'matmul' ? (2 * spec.batch * spec.size ** 3) / 1e9 : 1;
}

const singleCases: readonly Case[] = [
  {
    id: 'W1',
    title: 'train MLP 784-256-128-10 relu, cross-entropy, batch 128',
    spec: digitClassifier(),
    unit: 'steps/s',
  },
  {
    id: 'W2',
    title: 'train MLP 2-16-16-1 tanh, mse, batch 32',
    spec: { ...classifier, widths: [2, 16, 16, 1], activation: 'tanh', loss: 'mse', batch: 32 },
    unit: 'steps/s',
  },
  {
    id: 'W3',
    title: 'train MLP 1024-1024-1024-1024-10 relu, cross-entropy, batch 256',
    spec: { ...classifier, widths: [1024, 1024, 1024, 1024, 10], batch: 256 },
    unit: 'steps/s',
  },
  {
    id: 'W6',
    title: 'softmax and cross-entropy [1024, 1000], forward and backward',
    spec: { family: 'softmax', rows: 1024, columns: 1000 },
    unit: '1/s',
  },
  {
    id: 'W7',
    title: 'train convnet on [64, 1, 28, 28], 3x3 x16, 3x3 x32, dense 10',
    spec: { family: 'convnet', batch: 64, side: 28, channels: [16, 32], classes: 10, learningRate: 0.1 },
    unit: 'steps/s',
  },
];

const elementwiseCases: readonly Case[] = [
  {
    id: 'W5',
    title: 'tanh(a b + c) sigmoid(d), 1e6 elements, forward',
    spec: { family: 'elementwise', size: 1e6, backward: false },
    unit: '1/s',
  },
  {
    id: 'W5-backward',
    title: 'the same, forward and backward to all four',
    spec: { family: 'elementwise', size: 1e6, backward: true },
    unit: '1/s',
  },
];

const productCases = [256, 512, 1024].flatMap((size) =>
  (['none', 'left', 'right'] as const).map((transposed) => productCase(size, transposed)),
);

export const workloads: readonly Workload[] = [
  ...singleCases.map((single) => ({ id: single.id, cases: [single] })),
  { id: 'W4', cases: productCases },
  { id: 'W5', cases: elementwiseCases },
].sort((one, other) => one.id.localeCompare(other.id));
