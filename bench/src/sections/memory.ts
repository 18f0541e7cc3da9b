/**
 * Measures the memory of a process over thousands of steps of W1, if every step creates a batch and nothing is freed
 * explicitly.
 */

import { offers } from '../contenders.ts';
import { runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { jobOf, type Run } from '../run.ts';
import { megabytes, type Table } from '../table.ts';
import { digitClassifier } from '../workloads.ts';

/** The memory of the process after a step. */
interface Mark {
  readonly step: number;
  readonly bytes: number;
}

/** By label. */
type MemoryResult = Readonly<
  Record<string, { readonly marks: readonly Mark[]; readonly peak: number; readonly failure: string | undefined }>
>;

/** The maximum duration for a slow framework; it may then complete fewer steps. */
const TIMEOUT_SECONDS = 180;

/** The step after which the process counts as warmed up, and growth is measured. */
const SETTLED_STEP = 200;

async function measure(run: Run): Promise<MemoryResult> {
  const spec = { ...digitClassifier(), batches: 'streamed' } as const;
  const job = jobOf(run, { mode: 'memory', cases: [{ id: 'W1', spec }], steps: run.options.memorySteps });
  const contenders = run.contenders.filter((each) => offers(each, spec) && each.threads === 1);
  const result: Record<string, MemoryResult[string]> = {};
  for (const contender of withProgress('memory', contenders, ({ label }) => label)) {
    const { messages, failure, timedOut } = await runJob(contender, run.runtimes, job, TIMEOUT_SECONDS);
    const marks = messages.flatMap((message) => (message.kind === 'memory' ? [message] : []));
    const error = messages.find((message) => message.kind === 'error');
    const peak = messages.find((message) => message.kind === 'peak');
    result[contender.label] = {
      marks: marks.map(({ step, bytes }) => ({ step, bytes })),
      peak: Math.max(peak?.bytes ?? 0, ...marks.map(({ bytes }) => bytes)),
      failure: error?.text ?? (timedOut ? undefined : failure),
    };
  }
  return result;
}

function table(run: Run, result: MemoryResult): Table {
  return {
    title: 'Memory over many steps',
    note: `MB held while W1 trains for ${run.options.memorySteps} steps (or ${TIMEOUT_SECONDS} s), each on a new batch, with no call that frees anything.`,
    columns: ['', 'steps', `after ${SETTLED_STEP}`, 'at the end', 'peak'],
    rows: Object.entries(result).map(([label, { marks, peak }]) => {
      const settled = marks.find(({ step }) => step >= SETTLED_STEP);
      const end = marks.at(-1);
      return [
        label,
        String(end?.step ?? 0),
        settled ? megabytes(settled.bytes) : '-',
        end ? megabytes(end.bytes) : '-',
        megabytes(peak),
      ];
    }),
    remarks: Object.entries(result).flatMap(([label, { failure, marks }]) =>
      failure === undefined ? [] : [`${label} fails after step ${marks.at(-1)?.step ?? 0}: ${failure}`],
    ),
  };
}

export async function memory(run: Run): Promise<Report> {
  const result = await measure(run);
  return { data: result, tables: [table(run, result)] };
}
