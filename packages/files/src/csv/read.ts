/** Reading CSV files in Node. */

import { readBytes } from '../sources/file-source.ts';
import type { Table } from '../table/table.ts';
import type { CsvOptions } from './csv.ts';

/** The default limit on the size of a file, enough for a table in memory. */
const MAX_BYTES = 2 ** 32;

/**
 * Reads a CSV file, compressed with gzip or not, into a table. See `decodeCsv`; for files larger than the memory, see
 * `openCsv`.
 *
 * @param options Those of `decodeCsv`. `maxBytes` defaults to 4 GiB.
 * @throws FormatError for a file that is missing, too large or broken.
 * @example
 * const read = async () => (await readCsv('data/passengers.csv')).toString();
 */
export async function readCsv(path: string, options: CsvOptions = {}): Promise<Table> {
  const { decodeCsv } = await import('./csv.ts');
  const { maxBytes = MAX_BYTES } = options;
  return decodeCsv(readBytes(path, { maxBytes }), { name: path, maxBytes, ...options });
}
