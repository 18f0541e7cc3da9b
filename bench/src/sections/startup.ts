/** Measures the time from the start of a process to its end after one step of W1. */

import { offers } from '../contenders.ts';
import { Figures } from '../figures.ts';
import { runJob, runProcess } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { jobOf, type Run, rotated } from '../run.ts';
import { digits, type Table } from '../table.ts';
import { digitClassifier } from '../workloads.ts';

/** The label of a program that does nothing. */
const EMPTY = 'empty node';
const FIRST_STEP = 'W1';
const TIMEOUT_SECONDS = 120;

async function measure(run: Run): Promise<Figures> {
  const spec = digitClassifier();
  const job = jobOf(run, { mode: 'start', cases: [{ id: FIRST_STEP, spec }] });
  const programs = [
    { label: EMPTY, start: () => runProcess(run.runtimes.node, ['--eval', '0'], TIMEOUT_SECONDS) },
    ...run.contenders
      .filter((contender) => offers(contender, spec))
      .map((contender) => ({
        label: contender.label,
        start: () => runJob(contender, run.runtimes, job, TIMEOUT_SECONDS),
      })),
  ];
  const milliseconds = new Figures();
  const turns = [...Array(run.options.rounds).keys()].flatMap((round) => rotated(programs, round));
  for (const { label, start } of withProgress('start-up', turns, (turn) => turn.label)) {
    const { seconds, failure, messages } = await start();
    const failed = failure !== undefined || messages.some(({ kind }) => kind === 'error');
    if (!failed) milliseconds.add(label, FIRST_STEP, seconds * 1000);
  }
  return milliseconds;
}

function table(run: Run, milliseconds: Figures): Table {
  const labels = [EMPTY, ...run.contenders.map(({ label }) => label)];
  const empty = milliseconds.get(EMPTY, FIRST_STEP)?.median ?? 0;
  return {
    title: 'Start to first step',
    note: 'Milliseconds from the start of a process to its end after one step of W1, and how much more that is than an empty node.',
    columns: ['', 'ms', 'beyond empty node'],
    rows: labels.flatMap((label) => {
      const figure = milliseconds.get(label, FIRST_STEP);
      return figure ? [[label, digits(figure.median), digits(figure.median - empty)]] : [];
    }),
    remarks: [],
  };
}

export async function startup(run: Run): Promise<Report> {
  const result = await measure(run);
  return { data: result, tables: [table(run, result)] };
}
