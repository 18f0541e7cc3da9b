/** The options of a trainer, and checks of them. */

import { ArgumentError, Random, type Tensor } from '@tapegrad/core';
import { checkOptions, describeValue } from '@tapegrad/core/extend';
import { Module } from '@tapegrad/nn';
import {
  type EarlyStoppingOptions,
  type GradientTransform,
  Optimizer,
  type ReduceOnPlateauOptions,
  type Schedule,
  type WeightAverage,
} from '@tapegrad/optim';
import type { Outcome } from '../outcome.ts';
import type { Hooks } from './hooks.ts';
import type { Source } from './source.ts';
import type { MetricMakers } from './tally.ts';

/** The options of `Trainer`. */
export interface TrainerOptions<Batch, Result = Outcome> {
  /** The model. The trainer switches it between training and evaluation mode, and includes it in its state. */
  readonly model: Module;
  /** The optimizer. The parameters it was given are trained; all others are frozen. */
  readonly optimizer: Optimizer;
  /**
   * Computes `{ loss, predictions, targets, count }` of a batch; see `supervised`. Metrics may need all of these
   * fields. Without metrics, the function may return only the loss.
   */
  readonly loss: (batch: Batch) => Result & (Outcome | Tensor);
  /** The batches to train on: an array, a data loader, or a function that returns the batches of an epoch. */
  readonly train: Source<Batch>;
  /** The batches to score the model on after each epoch. */
  readonly validation?: Source<Batch>;
  /** The number of epochs. Required without `steps`. */
  readonly epochs?: number;
  /** The number of steps after which training ends, even within an epoch. */
  readonly steps?: number;
  /** The number of steps in an epoch. Defaults to one pass over the batches; needed for endless sources. */
  readonly stepsPerEpoch?: number;
  /** For each name, a function that creates a metric: `{ accuracy, top5: () => topK(5) }`. */
  readonly metrics?: MetricMakers<Result>;
  /**
   * The number of batches in a step. Their gradients are averaged, weighted by their numbers of examples, as if they
   * were one batch. Defaults to 1.
   */
  readonly accumulate?: number;
  /** Transforms applied to the gradients in each step, for example `clipByNorm(1)`. */
  readonly transforms?: readonly GradientTransform[];
  /** The learning rate of each step, or one schedule for each group of the optimizer. */
  readonly schedule?: Schedule | readonly Schedule[];
  /** Whether schedules count in steps or in epochs, including fractions. Defaults to `steps`. */
  readonly scheduleBy?: 'steps' | 'epochs';
  /**
   * The score to judge epochs by: `loss` or the name of a metric. If there is validation, its score is used. Defaults
   * to `loss`.
   */
  readonly monitor?: string;
  /**
   * Ends training when the monitored score no longer improves. Whether lower or higher values are better follows from
   * the score.
   */
  readonly earlyStopping?: EarlyStoppingOptions;
  /**
   * Reduces the learning rate when the monitored score no longer improves. Whether lower or higher values are better
   * follows from the score.
   */
  readonly reduceOnPlateau?: ReduceOnPlateauOptions;
  /** Averages the weights after each step; validation uses the average. */
  readonly average?: WeightAverage;
  /** The number of epochs to train before averaging begins. Defaults to 0. */
  readonly averageAfter?: number;
  /** The generators that the loss draws from, besides those of the model's layers. They are saved with the run. */
  readonly random?: Random | readonly Random[];
  /**
   * The number of steps that are scored together as one point of the history. Defaults to a twentieth of an epoch, or
   * 50 if its length is unknown.
   */
  readonly logEvery?: number;
  /** Functions to call during the run. */
  readonly hooks?: Hooks | readonly Hooks[];
}

const names = [
  'model',
  'optimizer',
  'loss',
  'train',
  'validation',
  'epochs',
  'steps',
  'stepsPerEpoch',
  'metrics',
  'accumulate',
  'transforms',
  'schedule',
  'scheduleBy',
  'monitor',
  'earlyStopping',
  'reduceOnPlateau',
  'average',
  'averageAfter',
  'random',
  'logEvery',
  'hooks',
] as const satisfies readonly (keyof TrainerOptions<unknown>)[];

const least = { epochs: 0, steps: 0, stepsPerEpoch: 1, accumulate: 1, averageAfter: 0, logEvery: 1 } as const;

/** Returns a list unchanged, a single value as a list of one, and undefined as an empty list. */
export const listOf = <T>(value: T | readonly T[] | undefined): readonly T[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value as T];

/** Throws if an option of a trainer is missing, unknown or of the wrong type. */
export function checkTrainerOptions<Batch, Result>(options: TrainerOptions<Batch, Result>): void {
  checkOptions('Trainer', options, names);
  const { model, optimizer, loss, train, epochs, steps, random, schedule, scheduleBy } = options ?? {};
  if (!(model instanceof Module)) throw missing('model', 'a module', model);
  if (!(optimizer instanceof Optimizer)) throw missing('optimizer', 'an optimizer, such as new SGD(…)', optimizer);
  if (typeof loss !== 'function') throw missing('loss', 'a function of a batch', loss);
  if (train === undefined) throw missing('train', 'batches', train);
  if (epochs === undefined && steps === undefined) throw missing('epochs', 'a number of epochs, or steps', epochs);
  for (const [name, bound] of Object.entries(least)) {
    const value: unknown = options[name as keyof typeof least];
    if (value === undefined || (Number.isInteger(value) && (value as number) >= bound)) continue;
    throw missing(name, `an integer of at least ${bound}`, value);
  }
  for (const generator of listOf(random)) {
    if (!(generator instanceof Random)) throw missing('random', 'a generator, or a list of them', generator);
  }
  for (const one of listOf(schedule)) {
    if (typeof one !== 'function') throw missing('schedule', 'a schedule, or one for each group', one);
  }
  if (Array.isArray(schedule) && schedule.length !== optimizer.groups.length) {
    const got = `${schedule.length} for ${optimizer.groups.length}`;
    throw new ArgumentError(`Trainer: expected a schedule for each group of the optimizer, got ${got}`);
  }
  if (scheduleBy !== undefined && scheduleBy !== 'steps' && scheduleBy !== 'epochs') {
    throw missing('scheduleBy', "'steps' or 'epochs'", scheduleBy);
  }
}

const missing = (name: string, wanted: string, got: unknown): ArgumentError =>
  new ArgumentError(`Trainer: ${name} is ${got === undefined ? 'missing' : describeValue(got)}, expected ${wanted}`);
