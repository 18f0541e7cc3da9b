/** Shows the progress of a run on standard error: as a bar in a terminal, otherwise as a line every few seconds. */

import { checkOptions } from '@tapegrad/core/extend';
import cliProgress from 'cli-progress';
import type { Hooks, StepEvent } from '../trainer/hooks.ts';

/** The options of `progress`. */
export interface ProgressOptions {
  /** The word for examples in the output. Defaults to `examples`. */
  readonly unit?: string;
  /** Formats a score. Defaults to four significant digits. */
  readonly format?: (value: number, name: string) => string;
  /** The seconds between two lines, if standard error is not a terminal. Defaults to 5. */
  readonly interval?: number;
  /** The stream to write to. Defaults to standard error. */
  readonly stream?: NodeJS.WritableStream & { readonly isTTY?: boolean };
}

/** Formats a duration: 8 s, 3 min, 2 h. */
function duration(seconds: number): string {
  if (seconds < 100) return `${Math.ceil(seconds)} s`;
  return seconds < 6000 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}

const fourDigits = (value: number): string => `${Number(value.toPrecision(4))}`;

/** The progress of a run. */
interface Place {
  readonly label: string;
  /** The number of steps in the epoch, if it is known. */
  readonly total: number | undefined;
  /** The estimated seconds until the end of the run, if the end is known. */
  readonly left: number | undefined;
}

/** Computes the progress of a run from the steps since it was started or resumed. */
class Clock {
  #started = performance.now();
  #firstStep = 0;

  start(step: number): void {
    this.#started = performance.now();
    this.#firstStep = step;
  }

  place({ trainer: { plan }, epoch, step, stepInEpoch }: StepEvent): Place {
    const { epochs, stepsPerEpoch, steps } = plan;
    // At the end of an epoch, all of its steps are done.
    const number = Math.min(epoch + 1, epochs ?? Infinity);
    const label = epochs === undefined ? `epoch ${number}` : `epoch ${number}/${epochs}`;
    const planned = Math.min(steps ?? Infinity, (epochs ?? Infinity) * (stepsPerEpoch ?? Infinity));
    const seconds = (performance.now() - this.#started) / 1000;
    const left = planned < Infinity ? (seconds / (step - this.#firstStep)) * (planned - step) : undefined;
    const total = stepsPerEpoch ?? steps;
    return { label, total: total === undefined ? undefined : Math.max(total, stepInEpoch), left };
  }
}

/**
 * Shows the progress of a run on standard error: loss, metrics, learning rate, examples per second and the remaining
 * time. In a terminal this is a bar, otherwise a line every few seconds. Standard output is left for results.
 *
 * @example
 * const hooks = [progress({ unit: 'digits' })];
 */
export function progress(options: ProgressOptions = {}): Hooks {
  checkOptions('progress', options, ['unit', 'format', 'interval', 'stream']);
  const { unit = 'examples', format = fourDigits, interval = 5, stream = process.stderr } = options;
  const isTerminal = stream.isTTY === true && process.env['CI'] === undefined;
  const clock = new Clock();
  let bar: cliProgress.SingleBar | undefined;
  let nextText = 0;
  let text = '';
  let epochStarted = 0;

  const describe = (event: StepEvent, left: number | undefined): string => {
    const scores = Object.entries(event.scores()).map(([name, value]) => `${name} ${format(value, name)}`);
    const speed = Math.round((1000 * event.examples) / (performance.now() - epochStarted)).toLocaleString('en');
    const rest = left === undefined ? [] : [`${duration(left)} left`];
    return [...scores, `rate ${fourDigits(event.learningRate)}`, `${speed} ${unit}/s`, ...rest].join(' · ');
  };
  const close = (): void => {
    bar?.stop();
    bar = undefined;
  };
  return {
    onStart({ step }) {
      clock.start(step);
      epochStarted = performance.now();
      nextText = isTerminal ? 0 : performance.now() + 1000 * interval;
    },
    onStep(event) {
      const isDue = performance.now() >= nextText;
      if (!isDue) return;
      const { label, total, left } = clock.place(event);
      text = describe(event, left);
      if (!isTerminal) {
        const share = total === undefined ? `step ${event.step}` : `${Math.floor((100 * event.stepInEpoch) / total)} %`;
        stream.write(`${label}: ${share} · ${text}\n`);
        nextText = performance.now() + 1000 * interval;
        return;
      }
      bar ??= startedBar(stream, label, total ?? event.stepInEpoch);
      if (total === undefined) bar.setTotal(event.stepInEpoch);
      bar.update(event.stepInEpoch, { text });
      // Computed no more often than the bar is drawn, since metrics may be expensive.
      nextText = performance.now() + 100;
    },
    onEpoch() {
      close();
      epochStarted = performance.now();
    },
    onEnd: close,
    onError: close,
  };
}

function startedBar(stream: NodeJS.WritableStream, label: string, total: number): cliProgress.SingleBar {
  const bar = new cliProgress.SingleBar(
    { stream, format: `${label} {bar} {percentage} % · {text}`, barsize: 24, hideCursor: true, clearOnComplete: true },
    cliProgress.Presets.shades_classic,
  );
  bar.start(total, 0, { text: '' });
  return bar;
}
