/** Formats results as JSON. */

import type { FormulaResult, PageResult } from './result.ts';

/** Selects the fields of a formula for JSON. Missing values are null, so that each formula has every field. */
const told = ({
  line,
  column,
  source,
  text,
  kind,
  verdict,
  certainty,
  reason,
  place,
  counterexample,
  mend,
  expected,
  steps,
}: FormulaResult) => ({
  line,
  column,
  source,
  text,
  kind,
  verdict,
  certainty,
  reason,
  place: place ?? null,
  counterexample: counterexample ?? null,
  mend: mend?.formula ?? null,
  mended:
    mend === undefined ? null : { text: mend.text, changes: mend.changes, what: mend.what, when: mend.when ?? null },
  expected: expected ?? null,
  steps,
});

/** A file that could not be read. */
export interface Unread {
  readonly file: string;
  readonly error: string;
}

/**
 * Formats the results of pages as JSON: an object for a single file, otherwise an array of objects. A file that could
 * not be read has an `error` in place of formulas.
 */
export function json(results: readonly PageResult[], unread: readonly Unread[] = []): string {
  const read = results.map(({ name, formulas, layout, reading }) => ({
    file: name,
    layout,
    reading,
    formulas: formulas.map(told),
  }));
  const pages = [...read, ...unread];
  return `${JSON.stringify(pages.length === 1 ? pages[0] : pages, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value), 2)}\n`;
}
