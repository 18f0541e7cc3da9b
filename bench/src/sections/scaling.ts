/** How W1 and W4 scale with width and batch. */

import type { Contender } from '../contenders.ts';
import { type ScalingResult, scalingSvg } from '../plot.ts';
import { runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { jobOf, median, type Run, rotated } from '../run.ts';
import type { Spec } from '../spec.ts';
import { digitClassifier, product } from '../workloads.ts';

interface Point {
  readonly x: number;
  readonly spec: Spec;
  /** What one step counts for in the panel's unit. */
  readonly perStep: number;
}

/** One of the plots, before it is measured. */
interface Panel {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
}

const MOST_ROUNDS = 3;
const TIMEOUT_SECONDS = 180;
const STACKED_SIZE = 64;

const gigaflop = (size: number, batch = 1) => (2 * batch * size ** 3) / 1e9;

const panels: readonly Panel[] = [
  {
    title: 'W1 by width',
    x: 'hidden units of the first layer',
    y: 'steps/s',
    points: [32, 64, 128, 256, 512, 1024, 2048].map((x) => ({ x, spec: digitClassifier(x), perStep: 1 })),
  },
  {
    title: 'W1 by batch',
    x: 'rows of a batch',
    y: 'rows/s',
    points: [1, 4, 16, 64, 256, 1024].map((x) => ({ x, spec: digitClassifier(256, x), perStep: x })),
  },
  {
    title: 'W4 by size',
    x: 'rows and columns',
    y: 'GFLOP/s',
    points: [16, 32, 64, 128, 256, 512, 1024, 2048].map((x) => ({ x, spec: product(x), perStep: gigaflop(x) })),
  },
  {
    title: `W4 by batch, at ${STACKED_SIZE}`,
    x: 'products of a batch',
    y: 'GFLOP/s',
    points: [1, 4, 16, 64, 256].map((x) => ({
      x,
      spec: product(STACKED_SIZE, 'none', x),
      perStep: gigaflop(STACKED_SIZE, x),
    })),
  },
];

/** Rates of every point of a panel, one process a round. */
async function ratesOf(run: Run, contender: Contender, { points }: Panel): Promise<Map<number, number>> {
  const cases = points.map(({ x, spec }) => ({ id: String(x), spec }));
  const sampleSeconds = run.options.sampleSeconds / 2;
  const job = jobOf(run, { mode: 'time', cases, sampleSeconds, samples: 1 });
  const { messages } = await runJob(contender, run.runtimes, job, TIMEOUT_SECONDS);
  return new Map(
    messages.flatMap((message) =>
      message.kind === 'time' ? [[Number(message.id), median(message.perSecond)] as const] : [],
    ),
  );
}

async function measure(run: Run): Promise<ScalingResult> {
  const contenders = run.contenders.filter(({ framework }) => framework.scaling);
  const rates = new Map<string, Map<number, number>[]>();
  const key = (panel: Panel, contender: Contender) => `${panel.title}\n${contender.label}`;
  const rounds = Math.min(run.options.rounds, MOST_ROUNDS);
  const jobs = [...Array(rounds).keys()].flatMap((round) =>
    panels.flatMap((panel) => rotated(contenders, round).map((contender) => ({ panel, contender }))),
  );
  const label = ({ panel, contender }: (typeof jobs)[number]) => `${panel.title} ${contender.label}`;
  for (const { panel, contender } of withProgress('scaling', jobs, label)) {
    const measured = await ratesOf(run, contender, panel);
    rates.set(key(panel, contender), [...(rates.get(key(panel, contender)) ?? []), measured]);
  }
  const line = (panel: Panel, contender: Contender) =>
    panel.points.flatMap(({ x, perStep }) => {
      const known = (rates.get(key(panel, contender)) ?? []).flatMap((round) => round.get(x) ?? []);
      return known.length === 0 ? [] : [{ x, y: median(known) * perStep }];
    });
  return panels.map((panel) => ({
    title: panel.title,
    x: panel.x,
    y: panel.y,
    lines: Object.fromEntries(contenders.map((contender) => [contender.label, line(panel, contender)])),
  }));
}

export async function scaling(run: Run): Promise<Report> {
  const result = await measure(run);
  return { data: result, tables: [], files: { 'scaling.svg': scalingSvg(result) } };
}
