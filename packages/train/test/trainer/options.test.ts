/** The options that a trainer rejects. */

import { Random, type Tensor, tensor } from '@tapegrad/core';
import { Dense, mse } from '@tapegrad/nn';
import { accumulate, constant, SGD } from '@tapegrad/optim';
import { accuracy, supervised, Trainer } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';
import { line, type XY } from './runs.ts';

const dense = () => new Dense(1, 1, { random: new Random(1), dtype: 'float64' });

describe('options', () => {
  const model = dense();
  const optimizer = new SGD(model.parameters(), { learningRate: 0.001 });
  const options = { model, optimizer, loss: supervised(model, mse), train: line(), epochs: 1 };
  test.each([
    [{ model: undefined }, 'Trainer: model is missing, expected a module'],
    [{ model: optimizer }, 'Trainer: model is an object, expected a module'],
    [{ optimizer: model }, 'Trainer: optimizer is a module, expected an optimizer'],
    [{ loss: undefined }, 'Trainer: loss is missing, expected a function of a batch'],
    [{ train: undefined }, 'Trainer: train is missing, expected batches'],
    [{ epochs: undefined }, 'Trainer: epochs is missing, expected a number of epochs, or steps'],
    [{ epochs: 1.5 }, 'Trainer: epochs is 1.5, expected an integer of at least 0'],
    [{ accumulate: 0 }, 'Trainer: accumulate is 0, expected an integer of at least 1'],
    [{ epoch: 3 }, "Trainer: unknown option 'epoch', expected { model, optimizer"],
    [{ random: 3 }, 'Trainer: random is 3, expected a generator'],
    [{ schedule: 0.1 }, 'Trainer: schedule is 0.1, expected a schedule'],
    [{ schedule: [constant(1), constant(2)] }, 'expected a schedule for each group of the optimizer, got 2 for 1'],
    [{ scheduleBy: 'epoch' }, "Trainer: scheduleBy is 'epoch', expected 'steps' or 'epochs'"],
    [{ scheduleBy: 'epochs', train: () => line() }, "scheduleBy 'epochs' needs batches with a length"],
    [{ schedule: constant(1), reduceOnPlateau: {} }, 'both schedule and reduceOnPlateau'],
    [{ metrics: { loss: accuracy } }, "a metric can't be named 'loss'"],
    [{ metrics: { a: accuracy() } }, "the metric 'a' is an object; pass a function that makes it, { a: () => … }"],
    [{ metrics: { a: () => 3 } }, "the metric 'a' is a function; expected () => metric"],
    [{ earlyStopping: { patience: -1 } }, 'EarlyStopping: patience is -1'],
  ])('%j', (wrong, message) => {
    expect(() => new Trainer({ ...options, ...wrong } as never)).toThrow(message);
  });

  test.each([
    [async () => tensor(1), 'expected a loss function that is synchronous'],
    [() => 3, 'expected a loss function that returns a loss, a scalar, or { loss, … }, got 3'],
    [() => ({ predictions: tensor(1) }), 'or { loss, … }, got an object'],
    [() => tensor([1, 2]), 'got a loss of 2 elements'],
  ])('a loss function %o', async (loss, message) => {
    await expect(new Trainer({ ...options, loss: loss as () => Tensor }).fit()).rejects.toThrow(message);
  });

  test('accumulate of optim is an option here', () => {
    // @ts-expect-error the transform may hold gradients back
    const wrong = { ...options, transforms: [accumulate(2)] } satisfies ConstructorParameters<typeof Trainer<XY>>[0];
    expect(wrong.transforms).toHaveLength(1);
  });
});
