/** Every optimizer takes the same steps compiled as eagerly, bit for bit. */

import { type Gradients, parameter, Random, type Tensor } from '@tapegrad/core';
import {
  Adadelta,
  Adagrad,
  Adam,
  Adamax,
  AdamW,
  accumulate,
  clipByNorm,
  clipByValue,
  clipGradNorm,
  ema,
  GradientChain,
  Lion,
  momentum,
  NAdam,
  RAdam,
  RMSprop,
  SGD,
  WeightAverage,
  weightDecay,
} from '@tapegrad/optim';
import { expect, test } from 'vitest';
import { compile } from '../src/index.ts';
import { expectSame, type Wrap } from './same.ts';

type Parameters = ReturnType<typeof parameter>[];

const learningRate = 0.05;
const optimizers = {
  SGD: (w: Parameters) => new SGD(w, { learningRate }),
  'SGD with momentum': (w: Parameters) =>
    new SGD(w, { learningRate, momentum: 0.9, nesterov: true, weightDecay: 0.01 }),
  Adam: (w: Parameters) => new Adam(w, { learningRate, amsgrad: true }),
  AdamW: (w: Parameters) => new AdamW(w, { learningRate }),
  NAdam: (w: Parameters) => new NAdam(w, { learningRate }),
  RAdam: (w: Parameters) => new RAdam(w, { learningRate }),
  Adamax: (w: Parameters) => new Adamax(w, { learningRate }),
  RMSprop: (w: Parameters) => new RMSprop(w, { learningRate, centered: true, momentum: 0.5 }),
  Adagrad: (w: Parameters) => new Adagrad(w, { learningRate, learningRateDecay: 0.1 }),
  Adadelta: (w: Parameters) => new Adadelta(w, { learningRate: 1 }),
  Lion: (w: Parameters) => new Lion(w, { learningRate }),
  maximize: (w: Parameters) => new SGD(w, { learningRate, maximize: true }),
  groups: ([w, ...others]: Parameters) =>
    new SGD([{ parameters: [w!], learningRate: 0.2 }, { parameters: others }], { learningRate }),
};

/** A loss of a matrix and a vector, and data for six steps. */
function problem(dtype: 'float32' | 'float64') {
  const random = new Random(3);
  const weights = [parameter(random.normal([3, 4], { dtype })), parameter(random.normal([4], { dtype }))] as const;
  const [w, b] = weights;
  const loss = (x: Tensor<readonly [5, 3]>): Tensor => x.matmul(w).add(b).tanh().pow(2).mean() as Tensor;
  const data = Array.from({ length: 6 }, () => random.normal([5, 3], { dtype }));
  return { weights: [...weights] as unknown as Parameters, loss, data };
}

const stateOf = (weights: Parameters) => weights.map((w) => w.toArray());

test.each(Object.entries(optimizers))('%s', (_, optimizerOf) => {
  for (const dtype of ['float32', 'float64'] as const) {
    expectSame((wrap) => {
      const { weights, loss, data } = problem(dtype);
      const optimizer = optimizerOf(weights);
      const step = wrap((x: Tensor<readonly [5, 3]>) => optimizer.minimize(() => loss(x)));
      const losses = data.map((x, i) => {
        for (const group of optimizer.groups) group.learningRate *= 1 - i / 10;
        return step(x).item();
      });
      return { losses, weights: stateOf(weights), state: optimizer.state() };
    });
  }
});

const chains = {
  clipByNorm: () => [clipByNorm(0.1)],
  clipByValue: () => [clipByValue(0.05)],
  weightDecay: () => [weightDecay(0.1)],
  momentum: () => [momentum(0.9)],
  ema: () => [ema(0.9)],
  all: () => [clipByNorm(0.3), weightDecay(0.01), momentum(0.5, { nesterov: true }), ema(0.5)],
};

test.each(Object.entries(chains))('gradient transform %s', (_, transforms) => {
  expectSame((wrap) => {
    const { weights, loss, data } = problem('float32');
    const optimizer = new SGD(weights, { learningRate });
    const chain = new GradientChain(weights, transforms());
    const step = wrap((x: Tensor<readonly [5, 3]>) => optimizer.minimize(loss(x), (g: Gradients) => chain.apply(g)));
    const losses = data.map((x) => step(x).item());
    return { losses, weights: stateOf(weights), chain: chain.state() };
  });
});

test('accumulated gradients are traced anew at each turn', () => {
  expectSame((wrap) => {
    const { weights, loss, data } = problem('float32');
    const optimizer = new SGD(weights, { learningRate });
    const chain = new GradientChain(weights, [accumulate(2)]);
    const step = wrap((x: Tensor<readonly [5, 3]>) => {
      const y = loss(x);
      const gradients = chain.apply(y.backward());
      if (gradients !== undefined) optimizer.step(gradients);
      return y.detach();
    });
    return { losses: data.map((x) => step(x).item()), weights: stateOf(weights) };
  });
});

test('clipped gradients, also where the norm is small', () => {
  for (const maxNorm of [1e-3, 0.1, 1e3, Infinity]) {
    expectSame((wrap) => {
      const { weights, loss, data } = problem('float32');
      const optimizer = new SGD(weights, { learningRate });
      const step = wrap((x: Tensor<readonly [5, 3]>) =>
        optimizer.minimize(
          () => loss(x),
          (gradients) => clipGradNorm(gradients, maxNorm).gradients,
        ),
      );
      return { losses: data.map((x) => step(x).item()), weights: stateOf(weights) };
    });
  }
});

test('a norm that vanishes runs as it is', () => {
  expectSame((wrap) => {
    const { weights, loss, data } = problem('float32');
    const optimizer = new SGD(weights, { learningRate });
    const step = wrap((x: Tensor<readonly [5, 3]>) =>
      optimizer.minimize(
        () => loss(x),
        (gradients) => clipGradNorm(gradients, 1).gradients,
      ),
    );
    const losses = [data[0]!, ...data.map((x) => x.mul(0)), data[1]!].map((x, i) => {
      if (i === 1) weights[1]!.assign(weights[1]!.mul(0));
      return step(x as Tensor<readonly [5, 3]>).item();
    });
    return { losses, weights: stateOf(weights) };
  });
});

test('the average of weights', () => {
  expectSame((wrap: Wrap) => {
    const { weights, loss, data } = problem('float32');
    const optimizer = new SGD(weights, { learningRate });
    const average = new WeightAverage(weights, { decay: 0.9 });
    const step = wrap((x: Tensor<readonly [5, 3]>) => {
      const y = optimizer.minimize(() => loss(x));
      average.update();
      return y;
    });
    const losses = data.map((x) => step(x).item());
    return { losses, weights: stateOf(weights), average: average.state() };
  });
});

test('a state that is loaded, and options that change, count from the next step', () => {
  expectSame((wrap) => {
    const { weights, loss, data } = problem('float32');
    const optimizer = new Adam(weights, { learningRate });
    const step = wrap((x: Tensor<readonly [5, 3]>) => optimizer.minimize(() => loss(x)));
    step(data[0]!);
    const state = optimizer.state();
    step(data[1]!);
    step(data[2]!);
    optimizer.load(state);
    step(data[3]!);
    optimizer.groups[0]!.options.beta1 = 0.5;
    step(data[4]!);
    optimizer.groups[0]!.options.maximize = true;
    step(data[5]!);
    return { weights: stateOf(weights), state: optimizer.state() };
  });
});

test('a step that throws leaves numbers of updates as they were', () => {
  const { weights } = problem('float32');
  const optimizer = new Adam(weights, { learningRate });
  const step = compile((x: Tensor<readonly [5, 3]>) => {
    const loss = optimizer.minimize(
      () =>
        x
          .matmul(weights[0] as never)
          .sum()
          .add(weights[1]!.sum()) as Tensor,
    );
    return loss.item();
  });
  expect(() => step(new Random(1).normal([5, 3]))).toThrow(/reads elements/);
  expect(optimizer.state().parameters.map((parameter) => parameter.step)).toEqual([0, 0]);
});
