import { Random, tensor } from '@tapegrad/core';
import { Dense } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import { loadCars, parseCars, split } from '../src/cars.ts';
import { errorsOf, fit } from '../src/fitting.ts';

const HEADING = 'name,economy (mpg),cylinders,displacement (cc),power (hp),weight (lb),0-60 mph (s),year';

describe('cars', () => {
  test('are read where all is known of them', () => {
    const { features, economy } = parseCars(`${HEADING}\n"a, b",20,4,100,90,2000,15,75\nc,,4,100,90,2000,15,75\n`);
    expect(features.toArray()).toEqual([[4, 100, 90, 2000, 15, 75]]);
    expect(economy.toArray()).toEqual([[20]]);
  });

  test.each([
    ['a missing column', 'name,cylinders\na,4', "expected a column 'displacement (cc)', got name, cylinders"],
    ['words for numbers', `${HEADING}\na,20,4,big,90,2000,15,75`, "'displacement (cc)' of 'a', got 'big'"],
    ['a short row', `${HEADING}\na,20,4,100`, "expected a number as 'power (hp)' of 'a', got 'undefined'"],
    ['an empty file', '', "expected a column 'cylinders', got"],
  ])('refuse %s', (_, csv, message) => {
    expect(() => parseCars(csv)).toThrow(message);
  });

  test('are dealt out, each to one side', () => {
    const cars = loadCars();
    expect(cars.features.shape).toEqual([392, 6]);
    const { train, test } = split(cars, 0.8, new Random(1));
    expect([train.economy.size, test.economy.size]).toEqual([314, 78]);
    const weights = (x: typeof cars) => [...x.features.slice(1, 3, 4).data].sort();
    const dealt = [...weights(train), ...weights(test)].sort();
    expect(dealt).toEqual(weights(cars));
  });
});

test('errorsOf measures in the unit of the data', () => {
  const { rmse, mae } = errorsOf(tensor([[20], [30]]), tensor([[23], [26]]));
  expect(rmse).toBeCloseTo(Math.sqrt(12.5));
  expect(mae).toBeCloseTo(3.5);
});

describe('fit', () => {
  const { train, test: kept } = split(loadCars(), 0.8, new Random(1));
  const run = (seed: number) => {
    const random = new Random(seed);
    const options = { epochs: 30, batch: 16, learningRate: 0.02, weightDecay: 0, random };
    return fit(new Dense(6, 1, { random }), train, kept, options);
  };

  test('beats the mean, in miles per gallon', () => {
    const fitted = run(1);
    const baseline = errorsOf(train.economy.mean(0).broadcastTo(kept.economy.shape) as never, kept.economy);
    const errors = errorsOf(fitted.predict(kept.features), kept.economy);
    expect(baseline.rmse).toBeGreaterThan(7);
    expect(errors.rmse).toBeLessThan(4.2);
    expect(fitted.history.at(-1)?.test).toEqual(errors);
  });

  test('gives the same numbers for the same seed, and others for another', () => {
    expect(run(1).history).toEqual(run(1).history);
    expect(run(2).history).not.toEqual(run(1).history);
  });
});
