/** Compares the trainer with hand-written loops. */

import { Random } from '@tapegrad/core';
import { BatchNorm1d, crossEntropy, Dense, Dropout, mse, Sequential } from '@tapegrad/nn';
import {
  Adam,
  clipByNorm,
  clipGradNorm,
  constant,
  cosine,
  ema,
  GradientChain,
  SGD,
  WeightAverage,
} from '@tapegrad/optim';
import { accuracy, DivergenceError, evaluate, type Hooks, mae, meanLoss, supervised, Trainer } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';
import { batchesOf, line, type XY } from './runs.ts';

const dense = (seed = 1) => new Dense(1, 1, { random: new Random(seed), dtype: 'float64' });
const classifier = (seed = 1) => new Dense(3, 2, { random: new Random(seed) });
const weights = (model: { state(): unknown }) => model.state();

describe('the steps are those of a loop by hand, bit for bit', () => {
  const data = batchesOf(23, 4);

  test('with momentum', async () => {
    const [one, two] = [classifier(), classifier()];
    const optimizer = new SGD(one.parameters(), { learningRate: 0.1, momentum: 0.9 });
    const losses: number[] = [];
    for (let epoch = 0; epoch < 3; epoch++) {
      for (const { x, y } of data)
        losses.push(optimizer.minimize(() => crossEntropy(one.forward(x as never), y as never)).item());
    }
    const trainer = new Trainer({
      model: two,
      optimizer: new SGD(two.parameters(), { learningRate: 0.1, momentum: 0.9 }),
      loss: supervised(two, crossEntropy),
      train: data,
      epochs: 3,
      logEvery: 1,
    });
    const { history, end } = await trainer.fit();
    expect(end).toBe('finished');
    expect(weights(two)).toEqual(weights(one));
    expect(history.points.map(({ scores }) => scores.loss)).toEqual(losses);
    expect(history.points.map(({ step }) => step)).toEqual(losses.map((_, i) => i + 1));
    const sizes = data.map(({ y }) => y.size);
    history.epochs.forEach(({ training, examples, epoch, step }, i) => {
      const own = losses.slice(i * data.length, (i + 1) * data.length);
      const mean = own.reduce((sum, loss, j) => sum + loss * sizes[j]!, 0) / 23;
      expect(training.loss).toBeCloseTo(mean, 12);
      expect([examples, epoch, step]).toEqual([23, i + 1, (i + 1) * data.length]);
    });
  });

  test('with gradients clipped', async () => {
    const [one, two] = [classifier(), classifier()];
    const optimizer = new SGD(one.parameters(), { learningRate: 0.5 });
    for (const { x, y } of data) {
      optimizer.minimize(
        () => crossEntropy(one.forward(x as never), y as never),
        (gradients) => clipGradNorm(gradients, 0.1).gradients,
      );
    }
    await new Trainer({
      model: two,
      optimizer: new SGD(two.parameters(), { learningRate: 0.5 }),
      loss: supervised(two, crossEntropy),
      transforms: [clipByNorm(0.1)],
      train: data,
      epochs: 1,
    }).fit();
    expect(weights(two)).toEqual(weights(one));
  });

  test('with transforms that remember', async () => {
    const [one, two] = [classifier(), classifier()];
    const optimizer = new SGD(one.parameters(), { learningRate: 0.5 });
    const chain = new GradientChain(one.parameters(), [ema(0.9)]);
    for (const { x, y } of data) {
      optimizer.step(
        chain.apply(
          crossEntropy(one.forward(x as never), y as never)
            .backward()
            .scale(y.size)
            .scale(1 / y.size),
        ),
      );
    }
    await new Trainer({
      model: two,
      optimizer: new SGD(two.parameters(), { learningRate: 0.5 }),
      loss: ({ x, y }: XY) => crossEntropy(two.forward(x as never), y as never),
      transforms: [ema(0.9)],
      train: data,
      epochs: 1,
    }).fit();
    expect(weights(two)).toEqual(weights(one));
  });
});

test('accumulated batches of unequal sizes count as one, and none is left at the end of an epoch', async () => {
  const cut = (start: number, end: number): XY => {
    const x = new Random(3).normal([12, 1], { dtype: 'float64' });
    return { x: x.slice(0, start, end), y: x.mul(3).add(1).slice(0, start, end) };
  };
  const run = async (train: XY[], parts: number) => {
    const model = dense();
    const optimizer = new Adam(model.parameters(), { learningRate: 0.1 });
    const loss = supervised(model, mse);
    const { history } = await new Trainer({
      model,
      optimizer,
      loss,
      train,
      epochs: 4,
      accumulate: parts,
      metrics: { mae },
    }).fit();
    return { values: [...model.weight.data, ...model.bias!.data], history };
  };
  const whole = await run([cut(0, 8), cut(8, 12)], 1);
  const parts = await run([cut(0, 1), cut(1, 6), cut(6, 8), cut(8, 11), cut(11, 12)], 3);
  for (const [i, value] of parts.values.entries()) expect(value).toBeCloseTo(whole.values[i]!, 12);
  expect(parts.history.epochs.map(({ step }) => step)).toEqual([2, 4, 6, 8]);
  parts.history.epochs.forEach(({ training }, i) => {
    expect(training.loss).toBeCloseTo(whole.history.epochs[i]!.training.loss, 12);
    expect(training['mae']).toBeCloseTo(whole.history.epochs[i]!.training['mae']!, 12);
  });
});

describe('learning rates', () => {
  const rates = async (options: object) => {
    const model = dense();
    const optimizer = new SGD([{ parameters: [model.weight] }, { parameters: [model.bias!] }], { learningRate: 0.01 });
    const seen: number[][] = [];
    const hooks: Hooks = { onStep: () => void seen.push(optimizer.groups.map(({ learningRate }) => learningRate)) };
    await new Trainer({
      model,
      optimizer,
      loss: supervised(model, mse),
      train: line(),
      epochs: 2,
      hooks,
      ...options,
    }).fit();
    return seen;
  };

  test('follow a schedule by steps, or by epochs with fractions', async () => {
    const schedule = (at: number) => 0.01 / (1 + at);
    expect(await rates({ schedule })).toEqual([0, 1, 2, 3].map((at) => [schedule(at), schedule(at)]));
    expect(await rates({ schedule, scheduleBy: 'epochs' })).toEqual(
      [0, 0.5, 1, 1.5].map((at) => [schedule(at), schedule(at)]),
    );
  });

  test('may differ by group', async () => {
    const seen = await rates({ schedule: [constant(0.02), cosine(0.01, { steps: 4 })] });
    expect(seen.map(([rate]) => rate)).toEqual([0.02, 0.02, 0.02, 0.02]);
    expect(seen[2]![1]).toBe(cosine(0.01, { steps: 4 })(2));
  });

  test('fall by the same factor in all groups when the score no longer improves', async () => {
    const model = dense();
    const optimizer = new SGD([{ parameters: [model.weight] }, { parameters: [model.bias!], learningRate: 0 }], {
      learningRate: 0,
    });
    optimizer.groups[0]!.learningRate = 1e-9;
    optimizer.groups[1]!.learningRate = 2e-9;
    const reduceOnPlateau = { patience: 0, factor: 0.5, eps: 0 };
    await new Trainer({
      model,
      optimizer,
      loss: supervised(model, mse),
      train: line(),
      epochs: 3,
      reduceOnPlateau,
    }).fit();
    expect(optimizer.groups.map(({ learningRate }) => learningRate)).toEqual([0.25e-9, 0.5e-9]);
  });
});

describe('epochs', () => {
  const make = (options: object) => {
    const model = dense();
    const optimizer = new SGD(model.parameters(), { learningRate: 0.01 });
    return new Trainer({ model, optimizer, loss: supervised(model, mse), train: line(), ...options });
  };

  test('end after so many steps, within a pass and across passes', async () => {
    const { history } = await make({ epochs: 3, stepsPerEpoch: 3 }).fit();
    expect(history.epochs.map(({ step, examples }) => [step, examples])).toEqual([
      [3, 7],
      [6, 8],
      [9, 7],
    ]);
  });

  test('end with the last step', async () => {
    const { history, end } = await make({ steps: 5 }).fit();
    expect(history.epochs.map(({ step, examples }) => [step, examples])).toEqual([
      [2, 5],
      [4, 5],
      [5, 2],
    ]);
    expect(end).toBe('finished');
  });

  test('have batches from arrays, functions, and what is awaited', async () => {
    async function* later() {
      yield* line();
    }
    const results: unknown[] = [];
    for (const source of [
      line(),
      () => line(),
      later,
      (epoch: number): XY[] | AsyncGenerator<XY> => (epoch === 0 ? line() : later()),
    ]) {
      const { history } = await make({ epochs: 2, train: source, logEvery: 1 }).fit();
      results.push(history.epochs.map(({ training }) => training));
    }
    expect(new Set(results.map((result) => JSON.stringify(result))).size).toBe(1);
  });

  test('may be none', async () => {
    expect(await make({ epochs: 0 }).fit()).toEqual({
      end: 'finished',
      history: { points: [], epochs: [] },
      best: undefined,
    });
  });

  test.each([
    ['no batches', { epochs: 1, train: [] }, 'there are no batches to train on'],
    ['no batches at all', { epochs: 1, train: (): XY[] => [], stepsPerEpoch: 2 }, 'there are no batches to train on'],
    ['what is no source', { epochs: 1, train: 3 }, 'expected batches: an array, a data loader, or a function'],
    [
      'a function of nothing',
      { epochs: 1, train: (): undefined => undefined },
      'or a function that returns the batches of an epoch',
    ],
    [
      'a length that lies',
      { epochs: 1, train: { length: 1, [Symbol.iterator]: () => line().values() } },
      'but there are more',
    ],
  ])('of %s are an error', async (_, options, message) => {
    await expect(make(options).fit()).rejects.toThrow(message);
  });
});

describe('judging epochs', () => {
  const make = (options: object, losses: number[]) => {
    const model = dense();
    let epoch = 0;
    return new Trainer({
      model,
      optimizer: new SGD(model.parameters(), { learningRate: 0 }),
      loss: ({ x }: XY) => ({
        loss: model
          .forward(x as never)
          .mean()
          .mul(0)
          .add(losses[epoch]!),
        count: 1,
      }),
      train: [line()[0]!],
      epochs: losses.length,
      hooks: { onEpoch: () => void epoch++ },
      ...options,
    });
  };

  test('early stopping ends training, and the best epoch is known', async () => {
    const result = await make({ earlyStopping: { patience: 1 } }, [3, 1, 2, 2, 0]).fit();
    expect(result.end).toBe('early stopping');
    expect(result.history.epochs.map(({ isBest }) => isBest)).toEqual([true, true, false, false]);
    expect(result.best).toEqual({ value: 1, epoch: 2, step: 2 });
  });

  test('a metric says itself whether higher is better', async () => {
    const rising = { metrics: { own: () => ({ ...meanLoss(), better: 'higher' as const }) }, monitor: 'own' };
    const { best } = await make(rising, [1, 3, 2]).fit();
    expect(best).toEqual({ value: 3, epoch: 2, step: 2 });
    const unclear = { metrics: { own: () => ({ ...meanLoss(), better: undefined }) }, monitor: 'own' };
    expect(() => make(unclear, [1])).toThrow("the metric 'own' can't be monitored");
    expect(() => make({ monitor: 'f1' }, [1])).toThrow("no score 'f1' to monitor, expected one of 'loss'");
  });

  test('the validation counts if there is one', async () => {
    const model = dense();
    const optimizer = new SGD(model.parameters(), { learningRate: 0.01 });
    const loss = supervised(model, mse);
    const { history, best } = await new Trainer({
      model,
      optimizer,
      loss,
      train: line(),
      validation: [line()[0]!],
      epochs: 2,
    }).fit();
    const scores = history.epochs.map(({ validation }) => validation!.loss);
    expect(best!.value).toBe(Math.min(...scores));
    expect((await evaluate({ model, loss, batches: [line()[0]!] })).loss).toBe(scores[1]);
  });
});

describe('averaged weights', () => {
  test('are validated, and do not change those that are trained', async () => {
    const run = async (average?: WeightAverage, model = dense()) => {
      const loss = supervised(model, mse);
      const optimizer = new SGD(model.parameters(), { learningRate: 0.02 });
      const options = { model, optimizer, loss, train: line(), validation: line(), epochs: 3 };
      const result = await new Trainer(
        average === undefined ? options : { ...options, average, averageAfter: 1 },
      ).fit();
      return { model, loss, result };
    };
    const plain = await run();
    const model = dense();
    const average = new WeightAverage(model.parameters());
    const averaged = await run(average, model);
    expect(weights(model)).toEqual(weights(plain.model));
    expect(average.count).toBe(4);
    const [first, , last] = averaged.result.history.epochs;
    expect(first!.validation).toEqual(plain.result.history.epochs[0]!.validation);
    average.assign();
    expect(last!.validation!.loss).toBe((await evaluate({ model, loss: averaged.loss, batches: line() })).loss);
  });
});

describe('what is not trained', () => {
  test('stays in evaluation mode: statistics stay, and nothing is dropped', async () => {
    const random = new Random(1);
    const body = new Sequential(
      new Dense(3, 4, { random }),
      new BatchNorm1d(4),
      new Sequential(new Dropout(0.5, { random })),
    );
    const head = new Dense(4, 2, { random });
    const own = new Dropout(0.1, { random });
    const model = new Sequential(body, own, head);
    const before = body.state();
    const modes: boolean[] = [];
    await new Trainer({
      model,
      optimizer: new SGD(head.parameters(), { learningRate: 0.1 }),
      loss: supervised(model, crossEntropy),
      train: batchesOf(10, 1),
      validation: batchesOf(5, 2),
      epochs: 2,
      hooks: {
        onStep: () => void modes.push(...[model, body, body.layers[2].layers[0], own, head].map((m) => m.training)),
      },
    }).fit();
    expect(modes.slice(0, 5)).toEqual([true, false, false, true, true]);
    expect(modes.slice(-5)).toEqual([true, false, false, true, true]);
    expect(body.state()).toEqual(before);
    expect(model.training).toBe(false);
  });
});

describe('hooks', () => {
  test('are called in order, and awaited', async () => {
    const model = dense();
    const told: string[] = [];
    const note = (name: string) => async () => {
      await Promise.resolve();
      told.push(name);
    };
    const hooks: Hooks = {
      ...{
        onStart: note('start'),
        onStep: note('step'),
        onPoint: note('point'),
        onEpoch: note('epoch'),
        onEnd: note('end'),
      },
    };
    const optimizer = new SGD(model.parameters(), { learningRate: 0.01 });
    const options = { model, optimizer, loss: supervised(model, mse), train: line(), epochs: 1, logEvery: 2 };
    await new Trainer({ ...options, hooks: [hooks, { onEnd: note('other end') }] }).fit();
    expect(told.join(' ')).toBe('start step point step epoch end other end');
  });

  test('tell the scores so far, which are exact', async () => {
    const model = classifier();
    const seen: unknown[] = [];
    const optimizer = new SGD(model.parameters(), { learningRate: 0 });
    const loss = supervised(model, crossEntropy);
    const train = batchesOf(13, 2);
    const hooks: Hooks = {
      onStep: ({ scores, examples, stepInEpoch }) => void seen.push([stepInEpoch, examples, scores()]),
    };
    await new Trainer({ model, optimizer, loss, train, epochs: 1, metrics: { accuracy }, logEvery: 2, hooks }).fit();
    for (const [i, part] of [1, 2, 3].entries()) {
      const { count, ...scores } = await evaluate({
        model,
        loss,
        batches: train.slice(0, part),
        metrics: { accuracy },
      });
      expect(seen[i]).toEqual([part, count, { accuracy: scores.accuracy, loss: expect.closeTo(scores.loss, 10) }]);
    }
  });

  test('learn of an error', async () => {
    const model = dense();
    const errors: unknown[] = [];
    const optimizer = new SGD(model.parameters(), { learningRate: 1e200 });
    const before = weights(model);
    const trainer = new Trainer({
      ...{ model, optimizer, loss: supervised(model, mse), train: line(), epochs: 9 },
      hooks: { onError: (error) => void errors.push(error) },
    });
    await expect(trainer.fit()).rejects.toThrow(DivergenceError);
    expect(errors).toHaveLength(1);
    expect(String(errors[0])).toMatch(/the loss is (Infinity|NaN); lower the learning rate/);
    expect(weights(model)).not.toEqual(before);
    for (const value of Object.values(model.state())) expect([...value.data].every(Number.isFinite)).toBe(true);
    await expect(trainer.fit()).rejects.toThrow(DivergenceError);
  });
});

test('the event loop turns while a model trains', async () => {
  const model = dense();
  const optimizer = new SGD(model.parameters(), { learningRate: 0.001 });
  let turns = 0;
  const trainer = new Trainer({ model, optimizer, loss: supervised(model, mse), train: line(), steps: 1e9 });
  const timer = setInterval(() => {
    if (++turns > 3) trainer.stop();
  }, 1);
  expect((await trainer.fit()).end).toBe('stopped');
  clearInterval(timer);
});

test('it runs once at a time', async () => {
  const model = dense();
  const optimizer = new SGD(model.parameters(), { learningRate: 0.001 });
  const trainer = new Trainer({ model, optimizer, loss: supervised(model, mse), train: line(), epochs: 1 });
  const first = trainer.fit();
  await expect(trainer.fit()).rejects.toThrow('it is already running');
  expect(() => trainer.load(trainer.state())).toThrow('it is running; load before fit');
  await first;
});
