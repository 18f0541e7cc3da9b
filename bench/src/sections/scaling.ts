/** Measures how W1 and W4 scale with width and batch size. */

import type { Contender } from '../contenders.ts';
import { Figures, median } from '../figures.ts';
import { type ScalingResult, scalingSvg } from '../plot.ts';
import { runJob } from '../processes.ts';
import { withProgress } from '../progress.ts';
import type { Report } from '../report.ts';
import { jobOf, type Run, rotated } from '../run.ts';
import type { Spec } from '../spec.ts';
import { digitClassifier, product } from '../workloads.ts';

interface Point {
  readonly x: number;
  readonly spec: Spec;
  /** The work of one step in the panel's unit. */
  readonly perStep: number;
}

/** One of the plots, before its measurement. */
interface Panel {
  readonly title: string;
  readonly x: string;
  readonly y: string;
  readonly points: readonly Point[];
}

const MAX_ROUNDS = 3;
const TIMEOUT_SECONDS = 180;
const STACKED_SIZE = 64;

const idOf = ({ title }: Panel, x: number) => `${title}: ${x}`;
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

async function measure(run: Run, contenders: readonly Contender[]): Promise<Figures> {
  const rates = new Figures();
  const rounds = Math.min(run.options.rounds, MAX_ROUNDS);
  const turns = [...Array(rounds).keys()].flatMap((round) =>
    panels.flatMap((panel) => rotated(contenders, round).map((contender) => ({ panel, contender }))),
  );
  const label = ({ panel, contender }: (typeof turns)[number]) => `${panel.title} ${contender.label}`;
  for (const { panel, contender } of withProgress('scaling', turns, label)) {
    const cases = panel.points.map(({ x, spec }) => ({ id: idOf(panel, x), spec }));
    const job = jobOf(run, { mode: 'time', cases, sampleSeconds: run.options.sampleSeconds / 2, samples: 1 });
    const { messages } = await runJob(contender, run.runtimes, job, TIMEOUT_SECONDS);
    for (const message of messages) {
      if (message.kind === 'time') rates.add(contender.label, message.id, median(message.perSecond));
    }
  }
  return rates;
}

/** Returns the measured panels, with a point for each value that any round measured. */
function resultOf(contenders: readonly Contender[], rates: Figures): ScalingResult {
  const line = (panel: Panel, { label }: Contender) =>
    panel.points.flatMap(({ x, perStep }) => {
      const figure = rates.get(label, idOf(panel, x));
      return figure ? [{ x, y: figure.median * perStep }] : [];
    });
  return panels.map((panel) => ({
    title: panel.title,
    x: panel.x,
    y: panel.y,
    lines: Object.fromEntries(contenders.map((contender) => [contender.label, line(panel, contender)])),
  }));
}

export async function scaling(run: Run): Promise<Report> {
  const contenders = run.contenders.filter(({ framework }) => framework.scaling);
  const result = resultOf(contenders, await measure(run, contenders));
  return { data: result, tables: [], files: { 'scaling.svg': scalingSvg(result) } };
}
