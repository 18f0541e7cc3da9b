/** Shows progress as a bar in a terminal, otherwise as a line every few seconds. */

import cliProgress from 'cli-progress';

/** A stream to write progress to. */
export type ProgressStream = NodeJS.WritableStream & { readonly isTTY?: boolean };

/** The progress to show at a moment. */
export interface ProgressStatus {
  /** The current work, such as `epoch 1/4`. */
  readonly label: string;
  /** The number of items done. */
  readonly done: number;
  /** The number of all items, if it is known. */
  readonly total: number | undefined;
  /** The text that a line shows for `done` if the total is unknown. */
  readonly position: string;
  readonly text: string;
}

/** The minimum time between two updates of a bar, in milliseconds. */
const BAR_INTERVAL = 100;

/** Formats a duration: 8 s, 3 min, 2 h. */
export function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

/** Shows progress as a bar, or as a line at intervals. */
export class ProgressLine {
  readonly #stream: ProgressStream;
  readonly #interval: number;
  readonly #isTerminal: boolean;
  #bar: cliProgress.SingleBar | undefined;
  #next = 0;

  /**
   *
   * @param interval the seconds between two lines, if the stream isn't a terminal
   */
  constructor(stream: ProgressStream, interval: number) {
    this.#stream = stream;
    this.#isTerminal = stream.isTTY === true && process.env['CI'] === undefined;
    this.#interval = this.#isTerminal ? BAR_INTERVAL : 1000 * interval;
  }

  start(): void {
    this.#next = this.#isTerminal ? 0 : performance.now() + this.#interval;
  }

  /** Whether it is time to call `show`. Check this before computing the text to show, which may be expensive. */
  get isDue(): boolean {
    return performance.now() >= this.#next;
  }

  show({ label, done, total, position, text }: ProgressStatus): void {
    this.#next = performance.now() + this.#interval;
    if (!this.#isTerminal) {
      const share = total === undefined ? position : `${Math.floor((100 * done) / total)} %`;
      this.#stream.write(`${label}: ${share} · ${text}\n`);
      return;
    }
    this.#bar ??= startedBar(this.#stream, label, total ?? done);
    if (total === undefined) this.#bar.setTotal(done);
    this.#bar.update(done, { text });
  }

  /** Removes the bar. */
  close(): void {
    this.#bar?.stop();
    this.#bar = undefined;
  }
}

function startedBar(stream: ProgressStream, label: string, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar(
    { stream, format: `${label} {bar} {percentage} % · {text}`, barsize: 24, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { text: '' });
  return bar;
}
