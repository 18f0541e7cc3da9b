/** From the start of a process to its end after one step of W1. */

import { offers } from '../contenders.ts';
import { runJob, runProcess } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { type Figure, figureOf, jobOf, type Run, rotated } from '../run.ts';
import { digits, type Table } from '../table.ts';
import { digitClassifier } from '../workloads.ts';

/** Milliseconds by label; `EMPTY` stands for a program that does nothing. */
type StartupResult = Readonly<Record<string, Figure>>;

const EMPTY = 'empty node';
const TIMEOUT_SECONDS = 120;

async function measure(run: Run): Promise<StartupResult> {
  const spec = digitClassifier();
  const job = jobOf(run, { mode: 'start', cases: [{ id: 'W1', spec }] });
  const programs = [
    { label: EMPTY, start: () => runProcess(run.runtimes.node, ['--eval', '0'], TIMEOUT_SECONDS) },
    ...run.contenders
      .filter((contender) => offers(contender, spec))
      .map((contender) => ({
        label: contender.label,
        start: () => runJob(contender, run.runtimes, job, TIMEOUT_SECONDS),
      })),
  ];
  const milliseconds = new Map<string, number[]>(programs.map(({ label }) => [label, []]));
  const turns = [...Array(run.options.rounds).keys()].flatMap((round) => rotated(programs, round));
  for (const { label, start } of withProgress('start-up', turns, (turn) => turn.label)) {
    const { seconds, failure, messages } = await start();
    const failed = failure !== undefined || messages.some(({ kind }) => kind === 'error');
    if (!failed) milliseconds.get(label)!.push(seconds * 1000);
  }
  return Object.fromEntries(
    [...milliseconds].flatMap(([label, values]) => (values.length > 0 ? [[label, figureOf(values)]] : [])),
  );
}

function table(result: StartupResult): Table {
  const empty = result[EMPTY]?.median ?? 0;
  return {
    title: 'Start to first step',
    note: 'Milliseconds from the start of a process to its end after one step of W1, and how much more that is than an empty node.',
    columns: ['', 'ms', 'beyond empty node'],
    rows: Object.entries(result).map(([label, { median }]) => [label, digits(median), digits(median - empty)]),
    remarks: [],
  };
}

export async function startup(run: Run): Promise<Report> {
  const result = await measure(run);
  return { data: result, tables: [table(result)] };
}
