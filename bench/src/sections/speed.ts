/** W1 to W7, each contender in a process of its own, round after round. */

import type { Contender } from '../contenders.ts';
import { runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { figureOf, jobOf, median, type Run, turnsOf } from '../run.ts';
import { type Case, unitsPerStep } from '../workloads.ts';
import { check, type Failures } from './check.ts';
import { type ByLabel, type SpeedResult, speedTables } from './speed-tables.ts';

/** Lists of figures by a contender's label and a case's or workload's id. */
class Collection {
  readonly #lists = new Map<string, number[]>();

  add(label: string, id: string, value: number): void {
    const key = `${label}\n${id}`;
    this.#lists.set(key, [...(this.#lists.get(key) ?? []), value]);
  }

  /** What `summary` makes of the figures of an id, by label, for those that have any. */
  byLabel<T>(contenders: readonly Contender[], id: string, summary: (values: readonly number[]) => T): ByLabel<T> {
    return Object.fromEntries(
      contenders.flatMap(({ label }) => {
        const values = this.#lists.get(`${label}\n${id}`);
        return values ? [[label, summary(values)]] : [];
      }),
    );
  }
}

async function measure(run: Run, failures: Failures): Promise<SpeedResult> {
  const rates = new Collection();
  const peaks = new Collection();
  const about: ByLabel<string> = {};
  const sound = ({ label }: Contender, { id }: Case) => !failures.get(label)?.has(id);
  const turns = [...Array(run.options.rounds).keys()].flatMap((round) =>
    turnsOf(run, round)
      .map(({ cases, ...turn }) => ({ ...turn, round, cases: cases.filter((each) => sound(turn.contender, each)) }))
      .filter(({ cases }) => cases.length > 0),
  );
  const label = ({ round, workload, contender }: (typeof turns)[number]) =>
    `round ${round + 1}: ${workload.id} ${contender.label}`;
  for (const { cases, workload, contender } of withProgress('speed', turns, label)) {
    const { messages, failure } = await runJob(contender, run.runtimes, jobOf(run, { mode: 'time', cases }));
    for (const message of messages) {
      if (message.kind === 'time') {
        const of = cases.find(({ id }) => id === message.id)!;
        rates.add(contender.label, message.id, median(message.perSecond) * unitsPerStep(of));
      } else if (message.kind === 'peak') peaks.add(contender.label, workload.id, message.bytes);
      else if (message.kind === 'about') about[contender.label] = message.text;
      else if (message.kind === 'error') failures.get(contender.label)?.set(message.id, message.text);
    }
    if (failure !== undefined) for (const { id } of cases) failures.get(contender.label)?.set(id, failure);
  }
  return {
    cases: run.workloads.flatMap(({ cases }) =>
      cases.map(({ id, title, unit }) => ({
        id,
        title,
        unit,
        figures: rates.byLabel(run.contenders, id, figureOf),
        failures: Object.fromEntries(
          [...failures].flatMap(([label, failed]) => (failed.has(id) ? [[label, failed.get(id)!]] : [])),
        ),
      })),
    ),
    peaks: run.workloads.map(({ id }) => ({
      id,
      bytes: peaks.byLabel(run.contenders, id, (values) => Math.max(...values)),
    })),
    about,
  };
}

export async function speed(run: Run): Promise<Report> {
  const result = await measure(run, await check(run));
  return { data: result, tables: speedTables(run, result) };
}
