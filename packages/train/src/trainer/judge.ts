/** Decides whether a run still improves, and reacts when it does not: early stopping and lower learning rates. */

import { ArgumentError } from '@tapegrad/core';
import {
  EarlyStopping,
  type EarlyStoppingState,
  type Optimizer,
  ReduceOnPlateau,
  type ReduceOnPlateauState,
} from '@tapegrad/optim';
import type { Metric } from '../metrics/metric.ts';
import type { Best, Scores } from './history.ts';
import type { TrainerOptions } from './options.ts';

/** The state of a judge, as plain data. */
export interface JudgeState {
  readonly best: Best | null;
  readonly hasStopped: boolean;
  readonly stopping: EarlyStoppingState | null;
  readonly plateau: ReduceOnPlateauState | null;
}

/** The options of a trainer that determine how epochs are judged. */
type JudgeOptions = Pick<
  TrainerOptions<never>,
  'monitor' | 'optimizer' | 'earlyStopping' | 'reduceOnPlateau' | 'schedule'
> & { readonly metrics?: Readonly<Record<string, () => Pick<Metric<never>, 'better'>>> };

/** Returns whether the monitored score should fall or rise. */
function modeOf({ monitor = 'loss', metrics = {} }: JudgeOptions): 'min' | 'max' {
  if (monitor === 'loss') return 'min';
  const make = metrics[monitor];
  if (make === undefined) {
    const known = ['loss', ...Object.keys(metrics)].map((name) => `'${name}'`).join(', ');
    throw new ArgumentError(`Trainer: there is no score '${monitor}' to monitor, expected one of ${known}`);
  }
  const { better } = make();
  if (better !== undefined) return better === 'higher' ? 'max' : 'min';
  throw new ArgumentError(
    `Trainer: the metric '${monitor}' can't be monitored: it doesn't say whether higher is better`,
  );
}

/** Judges each epoch by the monitored score. */
export class Judge {
  readonly #monitor: string;
  readonly #mode: 'min' | 'max';
  readonly #optimizer: Optimizer;
  readonly #stopping: EarlyStopping | undefined;
  readonly #plateau: ReduceOnPlateau | undefined;
  #best: Best | null = null;
  #hasStopped = false;

  constructor(options: JudgeOptions) {
    const { monitor = 'loss', optimizer, earlyStopping, reduceOnPlateau, schedule } = options;
    if (reduceOnPlateau !== undefined && schedule !== undefined) {
      throw new ArgumentError(
        'Trainer: both schedule and reduceOnPlateau would set the learning rate; pass one of them',
      );
    }
    this.#monitor = monitor;
    this.#mode = modeOf(options);
    this.#optimizer = optimizer;
    const mode = this.#mode;
    this.#stopping = earlyStopping === undefined ? undefined : new EarlyStopping({ mode, ...earlyStopping });
    const rate = optimizer.groups[0]!.learningRate;
    this.#plateau = reduceOnPlateau === undefined ? undefined : new ReduceOnPlateau(rate, { mode, ...reduceOnPlateau });
  }

  get best(): Best | undefined {
    return this.#best ?? undefined;
  }

  /** Whether early stopping has decided to end training. */
  get hasStopped(): boolean {
    return this.#hasStopped;
  }

  /** Judges the scores of an epoch. Returns whether they are the best so far. */
  update(scores: Scores, at: { readonly epoch: number; readonly step: number }): boolean {
    const value = scores[this.#monitor]!;
    const sign = this.#mode === 'min' ? -1 : 1;
    const isBest = sign * value > (this.#best === null ? -Infinity : sign * this.#best.value);
    if (isBest) this.#best = { value, ...at };
    if (this.#stopping?.update(value) === true) this.#hasStopped = true;
    this.#reduceRate(value);
    return isBest;
  }

  /** Reduces the learning rates of all groups by the same factor when the score no longer improves. */
  #reduceRate(value: number): void {
    if (this.#plateau === undefined) return;
    const before = this.#plateau.learningRate;
    const after = this.#plateau.update(value);
    if (after === before) return;
    for (const group of this.#optimizer.groups) {
      group.learningRate = group.learningRate === before ? after : group.learningRate * (after / before);
    }
  }

  state(): JudgeState {
    return {
      best: this.#best,
      hasStopped: this.#hasStopped,
      stopping: this.#stopping?.state() ?? null,
      plateau: this.#plateau?.state() ?? null,
    };
  }

  load({ best, hasStopped, stopping, plateau }: JudgeState): void {
    for (const [name, own, state] of [
      ['earlyStopping', this.#stopping, stopping],
      ['reduceOnPlateau', this.#plateau, plateau],
    ] as const) {
      if ((own === undefined) === (state === null)) continue;
      const [has, lacks] = own === undefined ? ['state', 'trainer'] : ['trainer', 'state'];
      throw new ArgumentError(`Trainer.load: the ${has} has ${name}, the ${lacks} does not`);
    }
    if (stopping !== null) this.#stopping?.load(stopping);
    if (plateau !== null) this.#plateau?.load(plateau);
    this.#best = best;
    this.#hasStopped = hasStopped;
  }
}
