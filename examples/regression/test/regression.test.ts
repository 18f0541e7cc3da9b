import { Random, tensor } from '@tapegrad/core';
import { decodeCsv } from '@tapegrad/files/csv';
import { Dense } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import { carsIn, loadCars, split } from '../src/cars.ts';
import { errorsOf, type Fitted, fit } from '../src/fitting.ts';

const HEADING = 'name,economy (mpg),cylinders,displacement (cc),power (hp),weight (lb),0-60 mph (s),year';

describe('cars', () => {
  test('are read where all is known of them', () => {
    const { x, y } = carsIn(decodeCsv(`${HEADING}\n"a, b",20,4,100,90,2000,15,75\nc,,4,100,90,2000,15,75\n`));
    expect(x.toArray()).toEqual([[4, 100, 90, 2000, 15, 75]]);
    expect(y.toArray()).toEqual([[20]]);
  });

  test('are refused without a column', () => {
    expect(() => carsIn(decodeCsv('name,cylinders\na,4'))).toThrow("there is no column 'displacement (cc)'");
  });

  test('are dealt out, each to one side', async () => {
    const cars = await loadCars();
    expect(cars.x.shape).toEqual([392, 6]);
    const { train, test } = split(cars, 0.8, new Random(1));
    expect([train.y.size, test.y.size]).toEqual([314, 78]);
    const weights = ({ x }: typeof cars) => [...x.slice(1, 3, 4).data].sort();
    const dealt = [...weights(train), ...weights(test)].sort();
    expect(dealt).toEqual(weights(cars));
  });
});

test('errorsOf measures in the unit of the data', () => {
  const { rmse, mae } = errorsOf(tensor([[20], [30]]), tensor([[23], [26]]));
  expect(rmse).toBeCloseTo(Math.sqrt(12.5));
  expect(mae).toBeCloseTo(3.5);
});

describe('fit', async () => {
  const { train, test: kept } = split(await loadCars(), 0.8, new Random(1));
  const run = (seed: number) => {
    const random = new Random(seed);
    const options = { epochs: 30, batch: 16, learningRate: 0.02, weightDecay: 0, random };
    return fit(new Dense(6, 1, { random }), train, kept, options);
  };
  const scoresOf = ({ history }: Fitted) => history.epochs.map(({ training, validation }) => [training, validation]);

  test('beats the mean, in miles per gallon', async () => {
    const fitted = await run(1);
    const baseline = errorsOf(train.y.mean(0).broadcastTo(kept.y.shape) as never, kept.y);
    const errors = errorsOf(fitted.predict(kept.x), kept.y);
    expect(baseline.rmse).toBeGreaterThan(7);
    expect(errors.rmse).toBeLessThan(4.2);
    const { rmse, mae } = fitted.history.epochs.at(-1)!.validation!;
    expect(rmse).toBeCloseTo(errors.rmse, 5);
    expect(mae).toBeCloseTo(errors.mae, 5);
  });

  test('gives the same numbers for the same seed, and others for another', async () => {
    const first = scoresOf(await run(1));
    expect(scoresOf(await run(1))).toEqual(first);
    expect(scoresOf(await run(2))).not.toEqual(first);
  });
});
