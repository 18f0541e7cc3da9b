import type { Table } from './table.ts';

/** What a section of a run brings home. */
export interface Report {
  /** Every figure, for the JSON file. */
  readonly data: unknown;
  readonly tables: readonly Table[];
  /** Further files by name. */
  readonly files?: Readonly<Record<string, string>>;
}
