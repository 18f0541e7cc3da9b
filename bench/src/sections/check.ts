/** Checks results before anything is timed: every case of every contender is compared with PyTorch's float64 values. */

import { readFile, writeFile } from 'node:fs/promises';
import type { Contender } from '../contenders.ts';
import { Failures } from '../failures.ts';
import { paths } from '../paths.ts';
import { type Outcome, runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Digest, Job, Message } from '../protocol.ts';
import { jobOf, type Run, type Turn, turnsOf } from '../run.ts';
import type { Case } from '../workloads.ts';

type Steps = Extract<Message, { kind: 'check' }>['steps'];

/**
 * The allowed error, relative to the root mean square of a result. The error of float32 products over 1024 terms is
 * below a tenth of it.
 */
const TOLERANCE = 1e-4;

/** The number of training steps to compare, so that updates are checked too. */
const TRAINING_STEPS = 4;

function stepsOf(cases: readonly Case[]): number {
  return cases.some(({ unit }) => unit === 'steps/s') ? TRAINING_STEPS : 1;
}

function deviation(expected: Digest, actual: Digest | undefined): number {
  if (actual?.entries.length !== expected.entries.length) return Number.NaN;
  const scale = Math.sqrt(expected.meanSquare);
  const byEntry = expected.entries.map((entry, n) => Math.abs(entry - actual.entries[n]!) / scale);
  return Math.max(Math.abs(actual.meanSquare / expected.meanSquare - 1), ...byEntry);
}

/** Describes what is wrong with the results; returns undefined if nothing is. */
function complaint(expected: Steps, actual: Steps): string | undefined {
  for (const [n, results] of expected.entries()) {
    for (const [name, digest] of Object.entries(results)) {
      const error = deviation(digest, actual[n]?.[name]);
      if (!(error <= TOLERANCE)) return `wrong ${name} in step ${n + 1}: off by ${error.toExponential(1)} of its size`;
    }
  }
  return undefined;
}

/** Describes why a case didn't give the expected results; returns undefined if it did. */
function failureOf(id: string, expected: Steps | undefined, { messages, failure }: Outcome): string | undefined {
  if (!expected) return 'no values to check it against: --write-expected makes them';
  for (const message of messages) {
    if (message.kind === 'check' && message.id === id) return complaint(expected, message.steps);
    if (message.kind === 'error' && message.id === id) return message.text;
  }
  return failure ?? 'gave no results';
}

function checkJob(run: Run, cases: readonly Case[], dtype: Job['dtype']) {
  return jobOf(run, { mode: 'check', cases, steps: stepsOf(cases), dtype });
}

export async function check(run: Run): Promise<Failures> {
  const expected = JSON.parse(await readFile(paths.expected, 'utf8')) as Record<string, Steps>;
  const failures = new Failures();
  const turns = turnsOf(run, 0).filter(({ cases }) => cases.length > 0);
  const label = ({ workload, contender }: Turn) => `${workload.id} ${contender.label}`;
  for (const { cases, contender } of withProgress('results', turns, label)) {
    const outcome = await runJob(contender, run.runtimes, checkJob(run, cases, 'float32'));
    for (const { id } of cases) {
      const reason = failureOf(id, expected[id], outcome);
      if (reason !== undefined) failures.add(contender.label, id, reason);
    }
  }
  return failures;
}

/** Computes the expected values. */
export async function writeExpected(run: Run, pytorch: Contender): Promise<void> {
  const expected: Record<string, Steps> = {};
  for (const { cases } of withProgress('expected', run.workloads, ({ id }) => id)) {
    const { messages, failure } = await runJob(pytorch, run.runtimes, checkJob(run, cases, 'float64'));
    if (failure !== undefined) throw new Error(failure);
    for (const message of messages) if (message.kind === 'check') expected[message.id] = message.steps;
  }
  await writeFile(paths.expected, `${JSON.stringify(expected, null, 1)}\n`);
}
