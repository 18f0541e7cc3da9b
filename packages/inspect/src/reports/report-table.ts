/** Formats findings as a table, for the terminal or in Markdown. */

import { type Finding, findingsOf, type Reportable, summaryOf } from './findings.ts';

/** The options of `reportTable`. */
export interface ReportTableOptions {
  /** The width of the terminal in characters. Defaults to 120. */
  readonly width?: number;
  /** Whether to colour verdicts with ANSI codes. Defaults to false. */
  readonly color?: boolean;
}

const ESCAPE = '\u001b[';
const paint = (text: string, code: number): string => `${ESCAPE}${code}m${text}${ESCAPE}0m`;
const [GREEN, RED, FAINT] = [32, 31, 2];

/** Breaks text into lines of at most `width` characters; longer words are cut. */
function wrap(text: string, width: number): string[] {
  const lines = [''];
  for (const word of text.split(' ').flatMap((word) => word.match(new RegExp(`.{1,${width}}`, 'gu')) ?? [])) {
    const line = lines.at(-1)!;
    if (line === '') lines[lines.length - 1] = word;
    else if (line.length + 1 + word.length <= width) lines[lines.length - 1] = `${line} ${word}`;
    else lines.push(word);
  }
  return lines;
}

const widest = (cells: readonly string[]): number => Math.max(0, ...cells.map((cell) => cell.length));

/**
 * Returns the text that follows a verdict: the message and the required verdict if the verification failed, otherwise
 * the claim.
 */
function explanation({ claim, expected, message, passed, verdict }: Finding): string {
  if (!passed) return expected === undefined ? message : `expected: ${expected}. But ${message}`;
  return [claim ?? message, expected === undefined || expected === verdict ? '' : `(${expected})`].join(' ').trim();
}

/**
 * Formats findings as a table for the terminal. Each formula has a row with its verdict, which for a failure includes
 * the reason. The last line is a summary.
 *
 * @example
 * const report = verify(mlp(), { db_l: ({ delta }, l) => delta[l]!.sum(0) });
 * reportTable(report, { width: 80 }).split('\n').length; // 3
 */
export function reportTable(report: Reportable, { width = 120, color = false }: ReportTableOptions = {}): string {
  const findings = findingsOf(report);
  const names = widest(findings.map(({ name }) => name));
  const verdicts = widest(findings.map(({ verdict }) => verdict));
  const indent = 2 + names + 2 + verdicts + 2;
  const painted = (text: string, code: number): string => (color ? paint(text, code) : text);

  const rows = findings.map((finding) => {
    const { name, verdict, passed } = finding;
    const mark = painted(passed ? '✓' : '✗', passed ? GREEN : RED);
    const [first, ...rest] = wrap(explanation(finding), Math.max(24, width - indent));
    const cells = `${mark} ${name.padEnd(names)}  ${painted(verdict.padEnd(verdicts), passed ? FAINT : RED)}  ${first}`;
    return [cells, ...rest.map((line) => ' '.repeat(indent) + line)].map((line) => line.trimEnd()).join('\n');
  });
  return [...rows, '', summaryOf(findings)].join('\n');
}

const cell = (text: string): string => text.replaceAll(/([\\|*_<>[\]])/g, '\\$1').replaceAll('\n', ' ');
const code = (text: string): string => (text === '' ? '' : `\`${text.replaceAll('|', '\\|').replaceAll('`', "'")}\``);
const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;

/** Formats findings as a Markdown table. There is a column of formulas if the findings have any. */
export function reportMarkdown(report: Reportable): string {
  const findings = findingsOf(report);
  const columns: readonly (readonly [string, (finding: Finding) => string])[] = [
    ['', ({ passed }) => (passed ? '✓' : '✗')],
    ['name', ({ name }) => cell(name)],
    ['claim', ({ claim = '' }) => cell(claim)],
    ['formula', ({ formula = '' }) => code(formula.replaceAll(/\s+/g, ' '))],
    ['verdict', ({ verdict }) => cell(verdict)],
    ['finding', ({ message }) => cell(message)],
  ];
  const shown = columns.filter(([title, text]) => title === '' || findings.some((finding) => text(finding) !== ''));
  return [
    row(shown.map(([title]) => title)),
    row(shown.map(() => '---')),
    ...findings.map((finding) => row(shown.map(([, text]) => text(finding)))),
    '',
    summaryOf(findings),
    '',
  ].join('\n');
}
