/** Models trained in scoped memory, on one thread and on several: bit-identical to training with their own gradients. */

import { setTimeout as pause } from 'node:timers/promises';
import { ones, Random, setThreads, type Tensor, tensor, withGradients } from '@tapegrad/core';
import {
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Dense,
  Dropout,
  Embedding,
  Flatten,
  LSTM,
  MaxPool2d,
  type Module,
  ReLU,
  Sequential,
  TransformerEncoderLayer,
} from '@tapegrad/nn';
import { afterEach, describe, expect, test } from 'vitest';

interface Training {
  readonly modules: readonly Module[];
  loss(): Tensor;
}

const labelsOf = (count: number, classes: number): Tensor<readonly [number]> =>
  tensor(Int32Array.from({ length: count }, (_, i) => (i * 7919) % classes));

const trainings: { readonly [name: string]: (random: Random) => Training } = {
  'dense layers with dropout': (random) => {
    const layers = [new Dense(100, 80, { random }), new ReLU(), new Dropout(0.3, { random })] as const;
    const model = new Sequential(...layers, new Dense(80, 10, { random }));
    const [x, y] = [random.normal([64, 100]), labelsOf(64, 10)];
    return { modules: [model], loss: () => crossEntropy(model.forward(x), y) };
  },
  'convolutions, normalised and pooled': (random) => {
    const first = [new Conv2d(3, 8, 3, { padding: 'same', random }), new BatchNorm2d(8), new ReLU()] as const;
    const second = [new Conv2d(8, 12, 3, { stride: 2, padding: 1, random }), new ReLU(), new MaxPool2d(2)] as const;
    const model = new Sequential(...first, new MaxPool2d(2), ...second, new Flatten(), new Dense(192, 10, { random }));
    const [x, y] = [random.normal([16, 3, 32, 32]), labelsOf(16, 10)];
    return { modules: [model], loss: () => crossEntropy(model.forward(x) as Tensor, y) };
  },
  'an LSTM': (random) => {
    const embedding = new Embedding(20, 16, { random });
    const lstm = new LSTM(16, 48, { random });
    const head = new Dense(48, 20, { random });
    const x = labelsOf(8 * 12, 20).reshape([8, 12]);
    const loss = () =>
      crossEntropy(head.forward(lstm.forward(embedding.forward(x)).output).reshape([96, 20]), labelsOf(96, 20));
    return { modules: [embedding, lstm, head], loss };
  },
  'a transformer': (random) => {
    const embedding = new Embedding(20, 32, { random });
    const layer = new TransformerEncoderLayer(32, 4, { feedForward: 64, dropout: 0.1, random });
    const head = new Dense(32, 20, { random });
    const x = labelsOf(8 * 12, 20).reshape([8, 12]);
    const loss = () =>
      crossEntropy(
        head.forward(layer.forward(embedding.forward(x), { causal: true })).reshape([96, 20]),
        labelsOf(96, 20),
      );
    return { modules: [embedding, layer, head], loss };
  },
};

/** Returns the losses of some steps, and all parameters and buffers afterwards. */
function trained(make: (random: Random) => Training, isScoped: boolean): readonly (readonly number[])[] {
  const { modules, loss } = make(new Random(5));
  const losses: number[] = [];
  for (let step = 0; step < 4; step++) {
    let value: Tensor | undefined;
    const evaluate = () => {
      value = loss();
      return value;
    };
    withGradients(isScoped ? evaluate : evaluate(), (gradients) => {
      for (const module of modules) {
        for (const parameter of module.parameters()) {
          parameter.assign(parameter.sub(gradients.of(parameter).mul(0.1)));
        }
      }
    });
    losses.push(value!.item());
  }
  return [losses, ...modules.flatMap((module) => Object.values(module.state()).map(({ data }) => Array.from(data)))];
}

/** Computes until helper threads have been requested, and waits for them to start. */
async function helped(threads: number): Promise<void> {
  setThreads(threads);
  const x = ones([640, 640]);
  for (let i = 0; i < 3; i++) x.matmul(x);
  await pause(200);
}

afterEach(() => setThreads(1));

describe.each(Object.entries(trainings))('%s', (_, make) => {
  test('train alike with gradients of their own, and in scoped memory', async () => {
    const expected = trained(make, false);
    expect(trained(make, true)).toEqual(expected);
    await helped(3);
    expect(trained(make, true)).toEqual(expected);
    expect(trained(make, false)).toEqual(expected);
  });
});
