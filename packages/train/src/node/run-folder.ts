/** The folder of a run, with its configuration, checkpoints and logs. */

import { existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { ArgumentError } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { FormatError } from '@tapegrad/files';
import { load, save, writeFileAtomic, writeSafetensors } from '@tapegrad/files/node';
import type { ModuleState } from '@tapegrad/nn';
import type { Hooks } from '../trainer/hooks.ts';
import type { TrainerState } from '../trainer/state.ts';
import type { FitResult, Trainer } from '../trainer/trainer.ts';
import { Logs } from './logs.ts';
import { type ProgressOptions, progress } from './progress.ts';
import { stopOnSignals } from './signals.ts';

/** The settings of a run, as plain data for JSON. */
export type RunConfig = Readonly<Record<string, unknown>>;

/** The options of `RunFolder`. */
export interface RunFolderOptions {
  /** The settings of the run, which are saved as `config.json`. Resuming with other settings is an error. */
  readonly config?: RunConfig;
  /**
   * The action if the folder already contains a run: resume it, replace it, or throw an error. Defaults to `refuse`,
   * which throws.
   */
  readonly existing?: 'resume' | 'replace' | 'refuse';
}

/** The options of `RunFolder.fit`. */
export interface RunFitOptions {
  /**
   * The interval at which to save a checkpoint within an epoch. Defaults to every 60 seconds. One is also saved at the
   * end of each epoch.
   */
  readonly every?: { readonly steps?: number; readonly seconds?: number };
  /** Whether to show the progress, or the options for it. Defaults to true. */
  readonly progress?: boolean | ProgressOptions;
  /** Whether the first Ctrl-C (SIGINT or SIGTERM) saves and ends the run. Defaults to true. */
  readonly signals?: boolean;
  /** Additional functions to call during the run. */
  readonly hooks?: Hooks | readonly Hooks[];
  /** Called with each message other than the progress. Defaults to writing a line to standard error. */
  readonly print?: (line: string) => void;
}

const NAMES = {
  config: 'config.json',
  last: 'last.checkpoint',
  best: 'best.safetensors',
} as const;

/** Calls a function when the given number of steps or seconds has passed since the last call. */
class Interval {
  readonly #steps: number;
  readonly #milliseconds: number;
  #lastStep = 0;
  #lastTime = performance.now();

  constructor({ steps = Infinity, seconds }: NonNullable<RunFitOptions['every']>) {
    for (const [name, value] of Object.entries({ steps, seconds })) {
      if (value === undefined || (typeof value === 'number' && value > 0)) continue;
      throw new ArgumentError(`RunFolder.fit: every.${name} is ${describeValue(value)}, expected a number above 0`);
    }
    this.#steps = steps;
    this.#milliseconds = 1000 * (seconds ?? (steps < Infinity ? Infinity : 60));
  }

  isDue(step: number): boolean {
    return step - this.#lastStep >= this.#steps || performance.now() - this.#lastTime >= this.#milliseconds;
  }

  restart(step: number): void {
    this.#lastStep = step;
    this.#lastTime = performance.now();
  }
}

/**
 * The folder of a run, with these files:
 *
 * | file | contents |
 * | --- | --- |
 * | `config.json` | the settings |
 * | `last.checkpoint` | the complete state, from which the run continues with bit-identical results |
 * | `best.safetensors` | the model of the best epoch |
 * | `log.jsonl` | a line for each point and epoch |
 * | `epochs.csv` | a row for each epoch |
 * | `tensorboard/` | curves for TensorBoard |
 *
 * Files are written atomically. A killed run loses at most the steps since the last checkpoint.
 *
 * @example
 * import type { SupervisedBatch, Trainer } from '@tapegrad/train';
 * import { RunFolder } from '@tapegrad/train/node';
 *
 * const run = (trainer: Trainer<SupervisedBatch>) =>
 *   new RunFolder('runs/1', { config: { learningRate: 0.1 }, existing: 'resume' }).fit(trainer);
 */
export class RunFolder {
  readonly path: string;
  readonly #config: RunConfig;
  readonly #isResumed: boolean;

  /**
   *
   * @throws ArgumentError if the folder already contains a run and `existing` is `refuse`; FormatError if the run to
   *   resume had other settings.
   */
  constructor(path: string, options: RunFolderOptions = {}) {
    checkOptions('RunFolder', options, ['config', 'existing']);
    if (typeof path !== 'string' || path === '') {
      throw new ArgumentError(`RunFolder: expected the path of a folder, got ${describeValue(path)}`);
    }
    const { config = {}, existing = 'refuse' } = options;
    if (!['resume', 'replace', 'refuse'].includes(existing)) {
      const wanted = "'resume', 'replace' or 'refuse'";
      throw new ArgumentError(`RunFolder: existing is ${describeValue(existing)}, expected ${wanted}`);
    }
    this.path = path;
    // Converted to the value that reading the JSON file gives, so that the two can be compared.
    this.#config = JSON.parse(JSON.stringify(config)) as RunConfig;
    const hasRun = existsSync(this.file('last'));
    if (hasRun && existing === 'refuse') {
      const mend = "pass { existing: 'resume' } or 'replace', or choose another folder";
      throw new ArgumentError(`RunFolder: there is already a run in ${path}; ${mend}`);
    }
    mkdirSync(path, { recursive: true });
    this.#isResumed = hasRun && existing === 'resume';
    if (this.#isResumed) this.#checkConfig();
    else for (const name of ['last', 'best'] as const) rmSync(this.file(name), { force: true });
    writeFileAtomic(this.file('config'), `${JSON.stringify(this.#config, null, 2)}\n`);
  }

  /** Returns the path of one of the run's files. */
  file(name: keyof typeof NAMES): string {
    return join(this.path, NAMES[name]);
  }

  /** Whether the run continues from a checkpoint. */
  get isResumed(): boolean {
    return this.#isResumed;
  }

  #checkConfig(): void {
    const file = this.file('config');
    const was = JSON.parse(readFileSync(file, 'utf8')) as RunConfig;
    for (const name of new Set([...Object.keys(was), ...Object.keys(this.#config)])) {
      const [before, now] = [was[name], this.#config[name]].map((value) => JSON.stringify(value));
      if (before === now) continue;
      throw new FormatError(file, `the run was started with ${name} ${before}, this one has ${now}`);
    }
  }

  /**
   * Trains with checkpoints, logs and progress, from the last checkpoint if the run is resumed. The first Ctrl-C saves
   * and ends the run; the second ends the program immediately.
   *
   * @throws FormatError if the checkpoint is from a different trainer, or has been altered.
   */
  async fit<Batch, Result>(trainer: Trainer<Batch, Result>, options: RunFitOptions = {}): Promise<FitResult> {
    checkOptions('RunFolder.fit', options, ['every', 'progress', 'signals', 'hooks', 'print']);
    const { every = {}, progress: shown = true, signals = true, hooks = [] } = options;
    const { print = (line: string) => void process.stderr.write(`${line}\n`) } = options;
    if (this.#isResumed) this.#resume(trainer);
    const kept = this.#hooks(trainer, new Interval(every));
    const result = await trainer.fit([
      ...(Array.isArray(hooks) ? (hooks as readonly Hooks[]) : [hooks as Hooks]),
      ...(shown === false ? [] : [progress(shown === true ? {} : shown)]),
      ...(signals ? [stopOnSignals((signal) => print(`${signal}: ending after this step; again to end at once`))] : []),
      kept,
    ]);
    if (result.end === 'stopped') print(`stopped at step ${trainer.step}; saved in ${this.file('last')}`);
    return result;
  }

  #resume(trainer: { load(state: TrainerState): void }): void {
    const file = this.file('last');
    const state = load<TrainerState>(file);
    try {
      trainer.load(state);
    } catch (error) {
      throw new FormatError(file, `does not fit this run: ${(error as Error).message}`);
    }
  }

  #hooks(trainer: { weights(): ModuleState; state(): TrainerState }, interval: Interval): Hooks {
    const logs = new Logs(this.path);
    const keep = (step: number): void => {
      save(this.file('last'), trainer.state());
      interval.restart(step);
    };
    let isSaved = false;
    return {
      onStart({ trainer: { history }, step }) {
        logs.start(history);
        interval.restart(step);
      },
      onStep({ step }) {
        isSaved = interval.isDue(step);
        if (isSaved) keep(step);
      },
      onPoint: ({ point }) => logs.point(point),
      onEpoch: ({ record, step }) => {
        logs.epoch(record);
        if (record.isBest) writeSafetensors(this.file('best'), trainer.weights());
        keep(step);
        isSaved = true;
      },
      onEnd({ step }) {
        if (!isSaved) keep(step);
        logs.close();
      },
      onError: () => logs.close(),
    };
  }
}
