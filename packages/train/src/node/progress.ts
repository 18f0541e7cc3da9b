/** Shows the progress of a run on standard error: as a bar in a terminal, otherwise as a line every few seconds. */

import { checkOptions } from '@tapegrad/core/extend';
import type { Hooks, StepEvent } from '../trainer/hooks.ts';
import { duration, ProgressLine, type ProgressStream } from './progress-line.ts';

/** The options of `progress`. */
export interface ProgressOptions {
  /** The word for examples in the output. Defaults to `examples`. */
  readonly unit?: string;
  /** Formats a score. Defaults to four significant digits. */
  readonly format?: (value: number, name: string) => string;
  /** The seconds between two lines, if standard error is not a terminal. Defaults to 5. */
  readonly interval?: number;
  /** The stream to write to. Defaults to standard error. */
  readonly stream?: ProgressStream;
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
  const line = new ProgressLine(stream, interval);
  const clock = new Clock();
  let epochStarted = 0;

  const describe = (event: StepEvent, left: number | undefined): string => {
    const scores = Object.entries(event.scores()).map(([name, value]) => `${name} ${format(value, name)}`);
    const speed = Math.round((1000 * event.examples) / (performance.now() - epochStarted)).toLocaleString('en');
    const rest = left === undefined ? [] : [`${duration(left)} left`];
    return [...scores, `rate ${fourDigits(event.learningRate)}`, `${speed} ${unit}/s`, ...rest].join(' · ');
  };
  return {
    onStart({ step }) {
      clock.start(step);
      epochStarted = performance.now();
      line.start();
    },
    onStep(event) {
      if (!line.isDue) return;
      const { left, ...place } = clock.place(event);
      line.show({ ...place, done: event.stepInEpoch, position: `step ${event.step}`, text: describe(event, left) });
    },
    onEpoch() {
      line.close();
      epochStarted = performance.now();
    },
    onEnd: () => line.close(),
    onError: () => line.close(),
  };
}
