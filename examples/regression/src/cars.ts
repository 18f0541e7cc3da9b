/** Data on the fuel economy of cars from 1970 to 1982 (ASA Data Exposition 1983). */

import { fileURLToPath } from 'node:url';
import { type Random, type Tensor, tensor } from '@tapegrad/core';
import { DataLoader, fromTensors } from '@tapegrad/data';
import { FormatError } from '@tapegrad/files';
import { readBytes } from '@tapegrad/files/node';
import { csvParseRows } from 'd3-dsv';

const FILE = 'cars.csv';
const MAX_BYTES = 1_000_000;

const FEATURES = ['cylinders', 'displacement (cc)', 'power (hp)', 'weight (lb)', '0-60 mph (s)', 'year'];
const TARGET = 'economy (mpg)';

export interface Cars {
  /** Cylinders, displacement, power, weight, seconds to 60 mph and year, one car per row. */
  readonly features: Tensor<readonly [number, 6]>;
  /** Miles per gallon. */
  readonly economy: Tensor<readonly [number, 1]>;
}

/** Reads the cars for which all these numbers are known. */
export function loadCars(): Cars {
  const path = fileURLToPath(import.meta.resolve('@observablehq/sample-datasets/cars.csv'));
  return parseCars(new TextDecoder().decode(readBytes(path, { maxBytes: MAX_BYTES })));
}

/** Parses cars from a table with a heading. */
export function parseCars(csv: string): Cars {
  const [heading = [], ...rows] = csvParseRows(csv);
  const columns = [...FEATURES, TARGET].map((column) => {
    const place = heading.indexOf(column);
    if (place === -1) throw new FormatError(FILE, `expected a column '${column}', got ${heading.join(', ') || 'none'}`);
    return place;
  });
  const cars = rows
    .map((row) => columns.map((place) => numberIn(row, place, heading)))
    .filter((car) => !car.includes(undefined)) as number[][];
  const part = (start: number, end?: number) => Float32Array.from(cars.flatMap((car) => car.slice(start, end)));
  return {
    features: tensor(part(0, -1), { shape: [cars.length, 6] }),
    economy: tensor(part(-1), { shape: [cars.length, 1] }),
  };
}

/** Returns the number in a cell; undefined if it is unknown. */
function numberIn(row: readonly string[], place: number, heading: readonly string[]): number | undefined {
  const cell = row[place];
  if (cell === '') return undefined;
  const value = Number(cell);
  if (Number.isFinite(value)) return value;
  throw new FormatError(FILE, `expected a number as '${heading[place]}' of '${row[0]}', got '${cell}'`);
}

/** Splits the cars at random into a training set, with the given share of them, and a test set. */
export function split(cars: Cars, share: number, random: Random): { readonly train: Cars; readonly test: Cars } {
  const size = Math.round(share * cars.economy.shape[0]);
  const [train, test] = new DataLoader(fromTensors({ ...cars }), { batchSize: size, random });
  if (train === undefined || test === undefined) throw new RangeError(`split: expected a share below 1, got ${share}`);
  return { train, test };
}
