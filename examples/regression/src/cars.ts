/** Data on the fuel economy of cars from 1970 to 1982 (ASA Data Exposition 1983). */

import { fileURLToPath } from 'node:url';
import type { Random, Tensor } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import type { Table } from '@tapegrad/files/csv';
import { readCsv } from '@tapegrad/files/node';

const FEATURES = ['cylinders', 'displacement (cc)', 'power (hp)', 'weight (lb)', '0-60 mph (s)', 'year'];
const TARGET = 'economy (mpg)';

/** Cars, one per row. */
export interface Cars {
  /** Cylinders, displacement, power, weight, seconds to 60 mph and year. */
  readonly x: Tensor<readonly [number, 6]>;
  /** Miles per gallon. */
  readonly y: Tensor<readonly [number, 1]>;
}

/** Reads the cars for which all these numbers are known. */
export async function loadCars(): Promise<Cars> {
  return carsIn(await readCsv(fileURLToPath(import.meta.resolve('@observablehq/sample-datasets/cars.csv'))));
}

/** Returns the cars of a table for which all numbers are known. */
export function carsIn(table: Table): Cars {
  const known = table.withoutMissing([...FEATURES, TARGET]);
  return { x: known.tensor(FEATURES) as Cars['x'], y: known.tensor([TARGET]) as Cars['y'] };
}

/** Splits the cars at random into a training set, with the given share of them, and a test set. */
export function split(cars: Cars, share: number, random: Random): { readonly train: Cars; readonly test: Cars } {
  const [train, test] = fromTensors({ ...cars }).split([share, 1 - share], { random });
  const all = (part: typeof train): Cars => [...new DataLoader(part, { batchSize: part.length })][0]!;
  return { train: all(train), test: all(test) };
}
