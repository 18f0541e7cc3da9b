/** Measures W1 to W7, each contender in its own process, in several rounds. */

import type { Contender } from '../contenders.ts';
import type { Failures } from '../failures.ts';
import { Figures, median } from '../figures.ts';
import { runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { jobOf, type Run, turnsOf } from '../run.ts';
import { type Case, unitsPerStep } from '../workloads.ts';
import { check } from './check.ts';
import { type SpeedResult, speedTables } from './speed-tables.ts';

async function measure(run: Run, failures: Failures): Promise<SpeedResult> {
  const rates = new Figures();
  const peaks = new Figures();
  const about: Record<string, string> = {};
  const sound = ({ label }: Contender, { id }: Case) => failures.get(label, id) === undefined;
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
      else if (message.kind === 'error') failures.add(contender.label, message.id, message.text);
    }
    if (failure !== undefined) for (const { id } of cases) failures.add(contender.label, id, failure);
  }
  return { about, rates, peaks, failures };
}

export async function speed(run: Run): Promise<Report> {
  const result = await measure(run, await check(run));
  return { data: result, tables: speedTables(run, result) };
}
