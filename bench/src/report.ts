import type { Table } from './table.ts';

/** The results of a section. */
export interface Report {
  /** All measurements, for the JSON file. */
  readonly data: unknown;
  readonly tables: readonly Table[];
  /** Other files, by name. */
  readonly files?: Readonly<Record<string, string>>;
}
