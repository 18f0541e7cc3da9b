/** What every section of a run is given. */

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

/** A job, with what its mode does not use left at a harmless value. */
export function jobOf(
  { options }: Pick<Run, 'options'>,
  job: Pick<Job, 'mode' | 'cases'> & Partial<Job>,
): Omit<Job, 'module' | 'threads'> {
  const { sampleSeconds, samples } = options;
  return { dtype: 'float32', steps: 1, sampleSeconds, samples, ...job };
}

/** A contender with the cases of a workload that it takes on. */
export interface Turn {
  readonly contender: Contender;
  readonly workload: Workload;
  readonly cases: readonly Case[];
}

/** One turn a workload and contender, the contenders' order moved on by `round`. */
export function turnsOf(run: Run, round: number): Turn[] {
  return run.workloads.flatMap((workload) =>
    rotated(run.contenders, round).map((contender) => ({
      contender,
      workload,
      cases: workload.cases.filter(({ spec }) => offers(contender, spec)),
    })),
  );
}

/** The contenders in an order that moves on by one a round, so that nobody always runs after the same neighbour. */
export function rotated<T>(items: readonly T[], round: number): T[] {
  const cut = round % Math.max(items.length, 1);
  return [...items.slice(cut), ...items.slice(0, cut)];
}
