/** Reading Parquet files in Node. */

import { fileSource } from '../sources/file-source.ts';
import type { Table } from '../table/table.ts';
import type { ParquetOptions } from './parquet.ts';

/**
 * Reads columns of a Parquet file into a table. To keep the file open, use `openParquet` with `fileSource(path)`.
 *
 * @throws FormatError for a file that is missing or broken.
 * @example
 * const read = async () => (await readParquet('data/train.parquet', { columns: ['age'] })).column('age');
 */
export async function readParquet(path: string, options: ParquetOptions = {}): Promise<Table> {
  const { openParquet } = await import('./parquet.ts');
  const source = await fileSource(path);
  try {
    return await (await openParquet(source)).table(options);
  } finally {
    await source.close();
  }
}
