/** Formats the speed measurements as tables. */

import type { Contender } from '../contenders.ts';
import type { Failures } from '../failures.ts';
import type { Figure, Figures } from '../figures.ts';
import type { Run } from '../run.ts';
import { digits, megabytes, type Table } from '../table.ts';

export interface SpeedResult {
  /** The name and version that each contender reports, by label. */
  readonly about: Readonly<Record<string, string>>;
  /** The rates, in the unit of each case. */
  readonly rates: Figures;
  /** The peak memory of a process in bytes, by workload. */
  readonly peaks: Figures;
  readonly failures: Failures;
}

export function speedTables(run: Run, result: SpeedResult): Table[] {
  return [speedTable(run, result), ...ratioTables(run, result), peakTable(run, result)];
}

function speedTable(run: Run, { about, rates, failures }: SpeedResult): Table {
  const labels = run.contenders.map(({ label }) => label);
  const single = run.contenders.filter(({ threads }) => threads === 1);
  return {
    title: 'Speed',
    note: `Work done a second, the median of ${run.options.rounds} processes each; higher is better. ${single.flatMap(({ label }) => about[label] ?? []).join('; ')}.`,
    columns: ['', 'unit', ...labels],
    rows: run.workloads.flatMap(({ cases }) =>
      cases.map(({ id, title, unit }) => [
        `${id} ${title}`,
        unit,
        ...labels.map((label) => cell(rates.get(label, id), failures.get(label, id))),
      ]),
    ),
    remarks: failures.sentences(),
  };
}

function cell(figure: Figure | undefined, failure: string | undefined): string {
  if (failure !== undefined) return 'fails';
  return figure ? digits(figure.median) : '-';
}

function peakTable(run: Run, { peaks }: SpeedResult): Table {
  const labels = run.contenders.map(({ label }) => label);
  const most = (figure: Figure | undefined) => (figure ? megabytes(Math.max(...figure.rounds)) : '-');
  return {
    title: 'Peak memory',
    note: 'The most that a process of the workload held in any round, in MB.',
    columns: ['', ...labels],
    rows: run.workloads.map(({ id }) => [id, ...labels.map((label) => most(peaks.get(label, id)))]),
    remarks: [],
  };
}

/** A column of ratios: the numerator, the denominator for each case, and the heading. */
interface Comparison {
  readonly head: string;
  readonly numerator: string;
  readonly denominators: readonly string[];
}

/** Compares a column with another, or with the fastest of several in each case. */
function comparison(numerator: string, denominators: readonly Contender[], name: string): Comparison {
  return { head: `${numerator} / ${name}`, numerator, denominators: denominators.map(({ label }) => label) };
}

/**
 * Compares tapegrad with all others at the same number of threads, with the fastest of its kind, and with itself at
 * fewer threads.
 */
function comparisonsOf({ contenders }: Run): Comparison[] {
  const own = contenders.filter(({ framework }) => framework.role === 'own');
  const javascriptPeers = contenders.filter(
    ({ framework }) => framework.role === 'peer' && framework.runtime === 'node',
  );
  return own.flatMap(({ framework, label, threads }) => {
    const fewer = own.filter((each) => each.framework === framework && each.threads < threads);
    const equals = contenders.filter((each) => each.framework !== framework && each.threads === threads);
    const singly = [...fewer, ...equals].map((other) => comparison(label, [other], other.label));
    return threads === 1 && javascriptPeers.length > 0
      ? [comparison(label, javascriptPeers, 'best JavaScript peer'), ...singly]
      : singly;
  });
}

function ratioTables(run: Run, { rates, failures }: SpeedResult): Table[] {
  const comparisons = comparisonsOf(run);
  if (comparisons.length === 0) return [];
  const medianOf = (label: string, id: string) =>
    failures.get(label, id) === undefined ? rates.get(label, id)?.median : undefined;
  const ratio = ({ numerator, denominators }: Comparison, id: string) => {
    const mine = medianOf(numerator, id);
    const theirs = denominators.flatMap((label) => medianOf(label, id) ?? []);
    return mine === undefined || theirs.length === 0 ? '-' : (mine / Math.max(...theirs)).toPrecision(3);
  };
  return [
    {
      title: 'Ratios of speed',
      note: 'How many times as fast the first is: quotients of the medians above.',
      columns: ['', ...comparisons.map(({ head }) => head)],
      rows: run.workloads.flatMap(({ cases }) =>
        cases.map(({ id }) => [id, ...comparisons.map((each) => ratio(each, id))]),
      ),
      remarks: [],
    },
  ];
}
