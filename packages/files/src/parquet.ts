export {
  type DecodeParquetOptions,
  decodeParquet,
  openParquet,
  type ParquetFile,
  type ParquetOptions,
} from './parquet/parquet.ts';
export type { Column, ColumnKind, ColumnSchema } from './table/column.ts';
export type { Table } from './table/table.ts';
export type { ColumnTensorOptions } from './table/tensors.ts';
