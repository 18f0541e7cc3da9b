export { type CsvFile, type CsvOptions, decodeCsv, openCsv } from './csv/csv.ts';
export type { RecordOptions } from './csv/records.ts';
export type { Column, ColumnKind, ColumnSchema } from './table/column.ts';
export { tableOfRows } from './table/rows.ts';
export { Table } from './table/table.ts';
export type { ColumnTensorOptions } from './table/tensors.ts';
