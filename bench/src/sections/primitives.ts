/** Measures every primitive of tapegrad: large calls relative to the machine's limits, small calls for their overhead. */

import { primitives as allPrimitives, type Primitive } from '@tapegrad/kernels';
import { type Contender, frameworks } from '../contenders.ts';
import { Figures, median } from '../figures.ts';
import { primitiveCases } from '../primitives.ts';
import { runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { JobCase } from '../protocol.ts';
import type { Report } from '../report.ts';
import { jobOf, type Run } from '../run.ts';
import { digits, type Table } from '../table.ts';
import { product } from '../workloads.ts';

const LARGE = 1024;
const SMALL = 16;
const MAX_ROUNDS = 3;
const COPY = 'copy';
const PRODUCT = 'product';

/** The size of a large float32 matrix. */
const BYTES = 4 * LARGE ** 2;
const FLOPS = 2 * LARGE ** 3;

const idOf = (name: Primitive, side: number) => `${name} ${side}`;

const measured = allPrimitives.filter((name) => primitiveCases[name] !== undefined);

const ownCases: readonly JobCase[] = measured.flatMap((primitive) =>
  [LARGE, SMALL].map((side) => ({
    id: idOf(primitive, side),
    spec: { family: 'primitive', primitive, side } as const,
  })),
);

const markCases: readonly JobCase[] = [
  { id: COPY, spec: { family: 'copy', size: LARGE ** 2 } },
  { id: PRODUCT, spec: product(LARGE) },
];

/** Measures calls per second, by contender label and case id. */
async function measure(run: Run, own: readonly Contender[], mark: Contender): Promise<Figures> {
  const rates = new Figures();
  const rounds = Math.min(run.options.rounds, MAX_ROUNDS);
  const turns = [...Array(rounds).keys()].flatMap(() => [mark, ...own]);
  for (const contender of withProgress('primitives', turns, ({ label }) => label)) {
    const cases = contender === mark ? markCases : ownCases;
    const job = jobOf(run, { mode: 'time', cases, sampleSeconds: run.options.sampleSeconds / 4, samples: 3 });
    const { messages } = await runJob(contender, run.runtimes, job);
    for (const message of messages) {
      if (message.kind === 'time') rates.add(contender.label, message.id, median(message.perSecond));
    }
  }
  return rates;
}

/** Formats the rate of a large call in its own unit, and as a share of the reference program's rate. */
function rateCells(name: Primitive, callsPerSecond: number, copy: number, handwritten: number): [string, string] {
  const cells = (rate: number, limit: number, unit: string): [string, string] => [
    `${digits(rate / 1e9)} ${unit}`,
    `${Math.round((100 * rate) / limit)}%`,
  ];
  const { touched, multiplications } = primitiveCases[name]!;
  if (multiplications !== undefined) {
    return cells(2 * multiplications(LARGE) * LARGE ** 2 * callsPerSecond, FLOPS * handwritten, 'GFLOP/s');
  }
  return touched === 0 ? ['view', '-'] : cells(touched * BYTES * callsPerSecond, 2 * BYTES * copy, 'GB/s');
}

function table(label: string, mark: string, rates: Figures): Table {
  const rate = (of: string, id: string) => rates.get(of, id)?.median ?? Number.NaN;
  const microseconds = (callsPerSecond: number) => digits(1e6 / callsPerSecond);
  const unmeasured = allPrimitives.filter((name) => !measured.includes(name));
  return {
    title: `Primitives: ${label}`,
    note: `A call on matrices [${LARGE}, ${LARGE}] against a copy of memory, products and convolutions, multiply by multiply, against the handwritten product; and what a call on [${SMALL}, ${SMALL}] takes.`,
    columns: ['', `µs at ${LARGE}`, 'rate', 'of the limit', `µs at ${SMALL}`],
    rows: measured.map((name) => {
      const large = rate(label, idOf(name, LARGE));
      const cells = rateCells(name, large, rate(mark, COPY), rate(mark, PRODUCT));
      return [name, microseconds(large), ...cells, microseconds(rate(label, idOf(name, SMALL)))];
    }),
    remarks: unmeasured.length === 0 ? [] : [`Not measured: ${unmeasured.join(', ')}`],
  };
}

export async function primitives(run: Run): Promise<Report> {
  const own = run.contenders.filter(({ framework }) => framework.role === 'own');
  const mark = frameworks.find(({ role }) => role === 'mark')!;
  const rates = await measure(run, own, { framework: mark, threads: 1, label: mark.name });
  return { data: rates, tables: own.map(({ label }) => table(label, mark.name, rates)) };
}
