/** Shows the progress of a run: a bar in a terminal, otherwise a line at intervals. */

import cliProgress from 'cli-progress';

export interface ProgressOptions {
  /** A label for the current work, such as 'epoch 1/4'. */
  readonly label: string;
  /** The number of items, and their noun. */
  readonly total: number;
  readonly unit: string;
  /** Shows nothing at all. */
  readonly quiet?: boolean;
}

/** The interval between two lines without a terminal, in milliseconds. */
const LINE_INTERVAL = 5000;

/**
 * Shows progress on standard error, so that standard output has only the results.
 *
 * @example
 * const progress = new Progress({ label: 'epoch 1/4', total: 60_000, unit: 'digits' });
 * progress.update(128, 'loss 2.301');
 * progress.stop();
 */
export class Progress {
  readonly #options: ProgressOptions;
  readonly #started = performance.now();
  readonly #bar: cliProgress.SingleBar | undefined;
  #nextLine = this.#started + LINE_INTERVAL;

  constructor(options: ProgressOptions) {
    this.#options = options;
    const terminal = process.stderr.isTTY && process.env.CI === undefined;
    this.#bar = terminal && !options.quiet ? startedBar(options) : undefined;
  }

  /** Shows the number of completed items, and notes. */
  update(done: number, notes: string): void {
    const { label, total, unit, quiet } = this.#options;
    const speed = Math.round(done / this.#seconds()).toLocaleString('en');
    const details = `${notes} · ${speed} ${unit}/s`;
    if (this.#bar !== undefined) {
      this.#bar.update(done, { details });
    } else if (!quiet && performance.now() >= this.#nextLine) {
      this.#nextLine += LINE_INTERVAL;
      process.stderr.write(`${label}: ${Math.floor((100 * done) / total)} % · ${details}\n`);
    }
  }

  /** Removes the bar, and returns the seconds since the start. */
  stop(): number {
    this.#bar?.stop();
    return this.#seconds();
  }

  #seconds(): number {
    return (performance.now() - this.#started) / 1000;
  }
}

function startedBar({ label, total }: ProgressOptions): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar(
    {
      stream: process.stderr,
      format: `${label} {bar} {percentage} % · {details} · {eta_formatted} left`,
      barsize: 24,
      fps: 10,
      hideCursor: true,
      clearOnComplete: true,
    },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { details: '' });
  return bar;
}
