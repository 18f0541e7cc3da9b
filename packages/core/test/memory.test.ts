/** Memory is garbage-collected: unreferenced tensors must be collected, and training must not grow the heap. */

import { setImmediate } from 'node:timers/promises';
import {
  type Gradients,
  noGrad,
  ones,
  type Parameter,
  parameter,
  Random,
  type Tensor,
  withGradients,
  zeros,
} from '@tapegrad/core';
import { describe, expect, test } from 'vitest';
import { describeEach } from '../../../test/interpreters.ts';

/** Collects garbage. It waits first, since a WeakRef keeps its target alive until the job that created it has ended. */
async function collectGarbage(): Promise<void> {
  for (let i = 0; i < 3; i++) {
    await setImmediate();
    globalThis.gc!();
  }
}

/** Runs a forward pass elsewhere, so that no variable of the caller holds its results. */
const weakly = (run: () => readonly object[]): WeakRef<object>[] => run().map((x) => new WeakRef(x));

const alive = (list: readonly WeakRef<object>[]): number =>
  list.filter((reference) => reference.deref() !== undefined).length;

test('a forward pass whose result is dropped leaves nothing behind', async () => {
  const w = parameter(ones([100, 100]));
  const results = weakly(() => {
    const h = w.matmul(w).tanh();
    const loss = h.mul(h).sum();
    return [h, h.entry!, loss, loss.entry!, h.array.data];
  });
  await collectGarbage();
  expect(alive(results)).toBe(0);
  expect(w.size).toBe(10_000);
});

test('a swept tape holds nothing, though its loss is kept', async () => {
  const w = parameter(ones([100, 100]));
  let loss: Tensor | undefined;
  let gradients: Gradients | undefined;
  const results = weakly(() => {
    const h = w.matmul(w).tanh();
    loss = h.mul(h).sum();
    gradients = loss.backward();
    return [h, h.entry!, h.array.data];
  });
  await collectGarbage();
  expect(alive(results)).toBe(0);
  expect(loss!.size).toBe(1);
  expect(gradients!.of(w).size).toBe(10_000);
});

test('a retained tape is held by its loss alone', async () => {
  const w = parameter(ones([100, 100]));
  let loss: Tensor | undefined;
  const results = weakly(() => {
    const h = w.matmul(w).tanh();
    loss = h.mul(h).sum();
    loss.backward({ createGraph: true });
    return [h, h.entry!];
  });
  await collectGarbage();
  expect(alive(results)).toBe(2);
  expect(loss!.size).toBe(1);
  loss = undefined;
  await collectGarbage();
  expect(alive(results)).toBe(0);
});

test('without a gradient to come, an operand is not held by the result', async () => {
  let y: Tensor | undefined;
  const operands = weakly(() => {
    const x = ones([100]);
    y = noGrad(() => parameter(x).exp());
    return [x];
  });
  await collectGarbage();
  expect(alive(operands)).toBe(0);
  expect(y!.size).toBe(100);
});

/** Returns the bytes used on the heap and in array buffers after garbage collection. */
async function bytesInUse(): Promise<number> {
  await collectGarbage();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
}

test('5,000 training steps leave the heap flat', async () => {
  const random = new Random(7);
  const first = parameter(random.normal([8, 16]).mul(0.3));
  const second = parameter(random.normal([16, 1]).mul(0.3));
  const momenta = new Map<Parameter, Tensor>([first, second].map((w) => [w, zeros(w.shape)]));
  const step = (): void => {
    const x = random.normal([4, 8]);
    const error = x
      .matmul(first)
      .tanh()
      .matmul(second)
      .sub(x.sum(1, { keepDims: true }));
    const gradients = error.mul(error).mean().backward();
    for (const [w, previous] of momenta) {
      const momentum = previous.mul(0.9).add(gradients.of(w));
      momenta.set(w, momentum);
      w.assign(w.detach().sub(momentum.mul(0.01)));
    }
  };
  // The engine compiles code that runs often, and keeps the result.
  for (let i = 0; i < 2500; i++) step();
  const before = await bytesInUse();
  for (let i = 0; i < 5000; i++) step();
  const grown = (await bytesInUse()) - before;
  // One leaked tensor or entry per step would amount to a megabyte at least.
  expect(grown).toBeLessThan(500_000);
});

describe('what is kept after a step holds little more than itself', () => {
  const random = new Random(3);
  const w = parameter(random.normal([20, 32]));
  const b = parameter(zeros([10]));
  const x = random.normal([16, 20]);
  const outputs = (): Tensor => x.matmul(w).tanh().slice(1, 0, 10).add(b);
  const lossOf = (y: Tensor): Tensor => y.mul(y).mean();

  /** Each allocates something in hundreds of small arrays. */
  const kept: { readonly [what: string]: () => unknown } = {
    'a loss that was swept': () => {
      const loss = lossOf(outputs());
      loss.backward();
      return loss;
    },
    'a loss, detached': () => lossOf(outputs()).detach(),
    'the data of a loss': () => lossOf(outputs()).data,
    'the loss of a step in scoped memory': () => {
      let loss: Tensor | undefined;
      withGradients(
        () => {
          loss = lossOf(outputs());
          return loss;
        },
        () => {},
      );
      return loss;
    },
    'a metric': () => noGrad(() => outputs().greater(0).cast('float32').mean()),
    'a metric of each class': () => noGrad(() => outputs().mean(0)),
    'a gradient of few elements': () => lossOf(outputs()).backward().of(b),
    'a row of a large result, as data': () => noGrad(() => x.matmul(w).index(0).data),
  };

  describeEach(() => {
    test.each(Object.entries(kept))('%s', async (_, make) => {
      const list: unknown[] = [];
      for (let i = 0; i < 200; i++) make();
      const before = await bytesInUse();
      for (let i = 0; i < 500; i++) list.push(make());
      const each = ((await bytesInUse()) - before) / list.length;
      expect(list).toHaveLength(500);
      expect(each).toBeLessThan(2048);
    });
  });
});
