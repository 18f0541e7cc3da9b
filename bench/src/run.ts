/** The input of every section of a run. */

import { type Contender, offers } from './contenders.ts';
import type { Options } from './options.ts';
import type { Job } from './protocol.ts';
import type { Runtimes } from './runtimes.ts';
import type { Case, Workload } from './workloads.ts';

export interface Run {
  readonly contenders: readonly Contender[];
  readonly workloads: readonly Workload[];
  readonly runtimes: Runtimes;
  readonly options: Options;
}

/** Returns a job, with harmless values for fields that its mode doesn't use. */
export function jobOf(
  { options }: Pick<Run, 'options'>,
  job: Pick<Job, 'mode' | 'cases'> & Partial<Job>,
): Omit<Job, 'module' | 'threads'> {
  const { sampleSeconds, samples } = options;
  return { dtype: 'float32', steps: 1, sampleSeconds, samples, ...job };
}

/** A contender, with the cases of a workload that it supports. */
export interface Turn {
  readonly contender: Contender;
  readonly workload: Workload;
  readonly cases: readonly Case[];
}

/** Returns a turn for each workload and contender. The contenders' order is rotated by `round`. */
export function turnsOf(run: Run, round: number): Turn[] {
  return run.workloads.flatMap((workload) =>
    rotated(run.contenders, round).map((contender) => ({
      contender,
      workload,
      cases: workload.cases.filter(({ spec }) => offers(contender, spec)),
    })),
  );
}

/** Rotates the contenders by one position per round, so that each has different neighbors. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const cut = round % Math.max(items.length, 1);
  return [...items.slice(cut), ...items.slice(0, cut)];
}
