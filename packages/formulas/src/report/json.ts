/** Results as JSON. */

import type { FormulaResult, PageResult } from './result.ts';

/** What of a formula JSON tells. What is not there is null, so that each formula has each field. */
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

/** The results of pages as JSON: an object for each. */
export function json(results: readonly PageResult[]): string {
  const pages = results.map(({ name, formulas, layout, reading }) => ({
    file: name,
    layout,
    reading,
    formulas: formulas.map(told),
  }));
  return `${JSON.stringify(pages.length === 1 ? pages[0] : pages, (_, value: unknown) => (typeof value === 'number' && !Number.isFinite(value) ? String(value) : value), 2)}\n`;
}
