/** What was measured of speed, as tables. */

import type { Contender } from '../contenders.ts';
import { type Figure, median, type Run } from '../run.ts';
import { digits, megabytes, type Table } from '../table.ts';
import type { Case } from '../workloads.ts';

export type ByLabel<T> = Record<string, T>;

export interface SpeedResult {
  readonly cases: readonly {
    readonly id: string;
    readonly title: string;
    readonly unit: Case['unit'];
    readonly figures: ByLabel<Figure>;
    readonly failures: ByLabel<string>;
  }[];
  /** Peak memory in bytes of the process that ran a workload, the largest of all rounds. */
  readonly peaks: readonly { readonly id: string; readonly bytes: ByLabel<number> }[];
  /** Name and version as each contender gives them. */
  readonly about: ByLabel<string>;
}

export function speedTables(run: Run, { cases, peaks, about }: SpeedResult): Table[] {
  const labels = run.contenders.map(({ label }) => label);
  const named = run.contenders.filter(({ label, threads }) => threads === 1 && about[label] !== undefined);
  return [
    {
      title: 'Speed',
      note: `Work done a second, the median of ${run.options.rounds} processes each; higher is better. ${named.map(({ label }) => about[label]).join('; ')}.`,
      columns: ['', 'unit', ...labels],
      rows: cases.map(({ id, title, unit, figures, failures }) => [
        `${id} ${title}`,
        unit,
        ...labels.map((label) => cell(figures[label]?.median, failures[label])),
      ]),
      remarks: remarksOf(run, cases),
    },
    ...ratioTables(run, cases),
    {
      title: 'Peak memory',
      note: 'Of the process that ran the workload, in MB.',
      columns: ['', ...labels],
      rows: peaks.map(({ id, bytes }) => [
        id,
        ...labels.map((label) => (bytes[label] === undefined ? '-' : megabytes(bytes[label]))),
      ]),
      remarks: [],
    },
  ];
}

function cell(value: number | undefined, failure: string | undefined): string {
  if (value !== undefined && failure === undefined) return digits(value);
  return failure === undefined ? '-' : 'fails';
}

/** One sentence a contender and reason, with the cases that it holds for. */
function remarksOf(run: Run, cases: SpeedResult['cases']): string[] {
  return run.contenders.flatMap(({ label }) => {
    const failed = cases.filter(({ failures }) => failures[label] !== undefined);
    const reasons = new Set(failed.map(({ failures }) => failures[label]!));
    return [...reasons].map((reason) => {
      const of = failed.filter(({ failures }) => failures[label] === reason);
      return `${label} fails ${of.map(({ id }) => id).join(', ')}: ${reason}`;
    });
  });
}

/** Two columns to be divided, and the quotients' head. */
interface Comparison {
  readonly head: string;
  readonly ratio: (figures: ByLabel<Figure>) => number | undefined;
}

/** The median of the rounds' quotients: what slows a machine for a while slows both sides of a round. */
function quotient(numerator: Figure | undefined, denominator: Figure | undefined): number | undefined {
  if (numerator === undefined || denominator === undefined) return undefined;
  const rounds = Math.min(numerator.rounds.length, denominator.rounds.length);
  return median(numerator.rounds.slice(0, rounds).map((value, round) => value / denominator.rounds[round]!));
}

function between(numerator: string, denominator: string): Comparison {
  return {
    head: `${numerator} / ${denominator}`,
    ratio: (figures) => quotient(figures[numerator], figures[denominator]),
  };
}

/** A column against whichever of others is the fastest in a case. */
function againstBest(numerator: string, name: string, others: readonly Contender[]): Comparison {
  return {
    head: `${numerator} / ${name}`,
    ratio: (figures) => {
      const known = others.flatMap(({ label }) => figures[label] ?? []);
      return quotient(figures[numerator], known.toSorted((one, other) => other.median - one.median)[0]);
    },
  };
}

/** tapegrad against everybody with as many threads, against the best of its own kind, and with more threads against one. */
function comparisonsOf({ contenders }: Run): Comparison[] {
  const own = contenders.filter(({ framework }) => framework.role === 'own');
  const others = contenders.filter(({ framework }) => framework.role !== 'own');
  const javascriptPeers = others.filter(({ framework }) => framework.role === 'peer' && framework.runtime === 'node');
  return own.flatMap(({ label, threads }) => {
    const fewer = own.filter((each) => each.threads < threads);
    const equals = others.filter((each) => each.threads === threads);
    return [
      ...(threads === 1 && javascriptPeers.length > 0
        ? [againstBest(label, 'best JavaScript peer', javascriptPeers)]
        : []),
      ...[...fewer, ...equals].map((other) => between(label, other.label)),
    ];
  });
}

function ratioTables(run: Run, cases: SpeedResult['cases']): Table[] {
  const comparisons = comparisonsOf(run);
  if (comparisons.length === 0) return [];
  return [
    {
      title: 'Ratios of speed',
      note: 'How many times as fast the first is: the median of the quotients of each round.',
      columns: ['', ...comparisons.map(({ head }) => head)],
      rows: cases.map(({ id, figures }) => [
        id,
        ...comparisons.map(({ ratio }) => ratio(figures)?.toPrecision(3) ?? '-'),
      ]),
      remarks: [],
    },
  ];
}
