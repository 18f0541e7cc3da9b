/** A search for a learning rate. */

import { ArgumentError } from '@tapegrad/core';
import { checkOptions } from '@tapegrad/core/extend';
import type { TrainerOptions } from './trainer/options.ts';
import { DivergenceError } from './trainer/stepper.ts';
import { Trainer } from './trainer/trainer.ts';

/** The options of `learningRateFinder`. */
export interface FinderOptions {
  /** The first learning rate. Defaults to 1e-6. */
  readonly from?: number;
  /** The last learning rate. Defaults to 10. */
  readonly to?: number;
  /** The number of steps. The rate grows by the same factor from step to step. Defaults to 100. */
  readonly steps?: number;
  /** The decay of the running mean of the loss: the weight of the old mean at each step. Defaults to 0.9. */
  readonly smoothing?: number;
  /** The limit of the search: it ends when the mean loss exceeds this multiple of its minimum. Defaults to 4. */
  readonly divergence?: number;
}

/** The losses at the learning rates tried, and the suggested rate. */
export interface FoundRates {
  readonly rates: readonly number[];
  readonly losses: readonly number[];
  /** The running mean of the losses, corrected for the bias of its initial value. */
  readonly smoothed: readonly number[];
  /** The rate at which the mean loss falls fastest; undefined if it never falls. */
  readonly suggestion: number | undefined;
}

/**
 * Returns the rate at which the loss, as a function of the logarithm of the rate, falls most steeply before its
 * minimum. The search begins at index `first`, since the mean of the first few losses is noisy.
 */
function steepest(rates: readonly number[], smoothed: readonly number[], first: number): number | undefined {
  const lowest = smoothed.indexOf(Math.min(...smoothed));
  let found: number | undefined;
  let slope = 0;
  for (let i = Math.max(1, first); i < lowest; i++) {
    const own = smoothed[i + 1]! - smoothed[i - 1]!;
    if (own >= slope) continue;
    slope = own;
    found = rates[i]!;
  }
  return found;
}

/**
 * Trains for some steps with a growing learning rate, and suggests a learning rate from the losses (Smith 2015,
 * "Cyclical learning rates for training neural networks"). The suggestion is the rate at which the loss falls fastest.
 * The search ends early when the loss diverges. Afterwards the model, the optimizer, the batches and the generators are
 * in their previous states.
 *
 * @param options The options of a `Trainer`. The schedule, hooks and validation are not used.
 * @example
 * const random = new Random(1);
 * const model = new Dense(4, 1, { random });
 * const x = random.normal([64, 4]);
 * const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
 * const train = [{ x, y: x.sum(1).reshape([64, 1]) }];
 * const { suggestion } = await learningRateFinder({ model, optimizer, loss: supervised(model, mse), train });
 * suggestion! > 1e-3 && suggestion! < 1; // true
 */
export async function learningRateFinder<Batch, Result>(
  options: Omit<TrainerOptions<Batch, Result>, 'epochs' | 'steps'> &
    Partial<Pick<TrainerOptions<Batch, Result>, 'epochs' | 'steps'>>,
  finder: FinderOptions = {},
): Promise<FoundRates> {
  checkOptions('learningRateFinder', finder, ['from', 'to', 'steps', 'smoothing', 'divergence']);
  const { from = 1e-6, to = 10, steps = 100, smoothing = 0.9, divergence = 4 } = finder;
  if (!(from > 0 && to > from && to < Infinity)) {
    throw new ArgumentError(`learningRateFinder: expected rates 0 < from < to, got ${from} and ${to}`);
  }
  if (!(Number.isInteger(steps) && steps > 2)) {
    throw new ArgumentError(`learningRateFinder: steps is ${steps}, expected an integer above 2`);
  }
  if (!(smoothing >= 0 && smoothing < 1 && divergence > 1)) {
    const wanted = 'a smoothing from 0 up to, not including, 1 and a divergence above 1';
    throw new ArgumentError(`learningRateFinder: expected ${wanted}, got ${smoothing} and ${divergence}`);
  }
  const { model, optimizer, loss, train, accumulate = 1, transforms = [], random = [] } = options;
  const rates: number[] = [];
  const losses: number[] = [];
  const smoothed: number[] = [];
  const probe = new Trainer<Batch, Result>({
    ...{ model, optimizer, loss, train, accumulate, transforms, random, steps },
    stepsPerEpoch: steps,
    logEvery: 1,
    schedule: (step) => from * (to / from) ** (step / (steps - 1)),
    hooks: {
      onPoint: ({ point, trainer }) => {
        const mean = smoothing * (running ?? 0) + (1 - smoothing) * point.scores.loss;
        running = mean;
        rates.push(point.learningRate);
        losses.push(point.scores.loss);
        smoothed.push(mean / (1 - smoothing ** rates.length));
        if (smoothed.at(-1)! > divergence * Math.min(...smoothed)) trainer.stop();
      },
    },
  });
  let running: number | undefined;
  const before = probe.state();
  const modes = [...model.modules().values()].map((module) => module.training);
  try {
    await probe.fit();
  } catch (error) {
    if (!(error instanceof DivergenceError)) throw error;
  } finally {
    probe.load(before);
    for (const [i, module] of [...model.modules().values()].entries()) {
      if (modes[i]) module.train();
      else module.eval();
    }
  }
  return { rates, losses, smoothed, suggestion: steepest(rates, smoothed, Math.ceil(1 / (1 - smoothing))) };
}
