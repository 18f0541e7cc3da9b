/** Formats results for a terminal: one line per formula, followed by what is wrong and how to correct it. */

import type { Counterexample } from '../judging/verdict.ts';
import { Source } from '../text/source.ts';
import type { FormulaResult, PageResult } from './result.ts';

/** The options for printing results. */
export interface TableOptions {
  /** Whether to color verdicts. Defaults to false. */
  readonly color?: boolean;
  /** Whether to show how letters were interpreted. Defaults to false. */
  readonly reading?: boolean;
  /** The width of the terminal, in characters. Defaults to 100. */
  readonly width?: number;
}

const colors: Readonly<Record<FormulaResult['verdict'], number>> = {
  holds: 32,
  wrong: 31,
  conditional: 33,
  'not understood': 35,
  undecided: 35,
};

const matrixText = (rows: readonly (readonly number[])[]): string =>
  rows.length === 1 && rows[0]!.length === 1 ? String(rows[0]![0]) : `[${rows.map((row) => row.join(' ')).join('; ')}]`;

function counterexampleLines({ data, functions, where, left, right }: Counterexample): string[] {
  const values = [
    ...Object.entries(data).map(([name, rows]) => `${name} = ${matrixText(rows)}`),
    ...Object.entries(functions).map(([name, fn]) => `${name} = ${fn}`),
  ];
  const at = `${where === '' ? '' : `${where}; `}${values.join(', ')}`;
  const sides =
    left === undefined || right === undefined ? [] : [`left ${matrixText(left)}, right ${matrixText(right)}`];
  return [`for example ${at}`, ...sides];
}

/**
 * Returns a line of the page, and carets under a part of it. Of a long line, only that part and its surroundings are
 * returned.
 */
function caretLines(line: string, column: number, length: number, width: number): [string, string] {
  const begin = column - 1;
  const from =
    line.length <= width || begin < width / 2 ? 0 : Math.min(begin - Math.floor(width / 4), line.length - width);
  const shown = line.slice(from, from + width);
  const end = Math.min(begin + length, line.length, from + width);
  const lead = line.slice(from, begin).replace(/[^\t]/g, ' ');
  return [shown.trimEnd(), `${lead}${'^'.repeat(Math.max(1, end - begin))}`];
}

function underlined(formula: string, changes: readonly { start: number; end: number }[]): string[] {
  const lines = formula.split('\n');
  let start = 0;
  return lines.flatMap((line) => {
    const marks = Array.from(line, (_, i) =>
      changes.some((change) => change.start <= start + i && start + i < change.end) ? '~' : ' ',
    )
      .join('')
      .trimEnd();
    start += line.length + 1;
    return marks === '' ? [line] : [line, marks];
  });
}

/** Formats a page's results as text for a terminal. */
export function table(
  result: PageResult,
  text: string,
  { color = false, reading = false, width = 100 }: TableOptions = {},
): string {
  const source = new Source(text, result.name);
  const painted = (verdict: FormulaResult['verdict']): string =>
    color ? `\u001b[${colors[verdict]}m${verdict}\u001b[0m` : verdict;
  const lines: string[] = [];
  for (const formula of result.formulas) {
    const { line, verdict, kind, certainty, place, counterexample, mend } = formula;
    const head = `${result.name}:${line}:${formula.column}`;
    const shown = formula.text === '' ? formula.source.replace(/\s+/g, ' ') : formula.text;
    lines.push(
      `${head}  ${painted(verdict)}${certainty === 'given' || certainty === 'none' ? '' : ` (${certainty})`}  ${kind === 'claim' ? '' : `${kind}: `}${shown}`,
    );
    if (verdict === 'holds') continue;
    const indent = '    ';
    if (place !== undefined) {
      for (const row of caretLines(source.line(place.line), place.column, place.length, width - indent.length))
        lines.push(indent + row);
    }
    lines.push(`${indent}${formula.reason}`);
    if (counterexample !== undefined) lines.push(...counterexampleLines(counterexample).map((row) => indent + row));
    if (mend !== undefined) {
      lines.push(`${indent}mend (${mend.what}${mend.when === undefined ? '' : `; ${mend.when}`}):`);
      lines.push(...underlined(mend.formula, mend.changes).map((row) => `${indent}  ${row}`));
    }
  }
  if (reading) lines.push('', 'interpretation', ...result.reading.map((row) => `  ${row}`), `  ${result.layout}`);
  lines.push('', summary(result));
  return `${lines.join('\n')}\n`;
}

const words = ['holds', 'wrong', 'conditional', 'not understood', 'undecided'] as const;

/** Counts the formulas with each verdict, as a sentence. */
export function summary({ name, formulas }: PageResult): string {
  const counts = words.flatMap((word) => {
    const count = formulas.filter(({ verdict }) => verdict === word).length;
    return count === 0 ? [] : [`${count} ${word === 'holds' && count !== 1 ? 'hold' : word}`];
  });
  if (formulas.length === 0)
    return `${name}: no formulas; they stand between $ signs, in displays, or one to a line in plain text`;
  return `${name}: ${formulas.length} formula${formulas.length === 1 ? '' : 's'}${counts.length === 0 ? '' : `, ${counts.join(', ')}`}`;
}
