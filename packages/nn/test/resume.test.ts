/** A run that is stopped at any step and resumed from plain data is bit-identical to one that is never stopped. */

import { Random, type RandomState, type Tensor } from '@tapegrad/core';
import { BatchNorm1d, crossEntropy, Dense, Dropout, type ModuleState, ReLU, Sequential } from '@tapegrad/nn';
import {
  Adam,
  type AdamOptions,
  clipByNorm,
  cosine,
  ema,
  GradientChain,
  type OptimizerState,
  ReduceOnPlateau,
  type ReduceOnPlateauState,
  type TransformState,
  WeightAverage,
  type WeightAverageState,
  warmUp,
} from '@tapegrad/optim';
import { expect, test } from 'vitest';

const rows = 22;
const batch = 5;
const data = new Random(1);
const x = data.normal([rows, 4]) as Tensor;
const y = data.integers([rows], 0, 3) as Tensor;
const schedule = warmUp(cosine(0.05, { steps: 25 }), { steps: 4 });

/** The complete state of a run at a step, as plain data. */
interface Checkpoint {
  readonly step: number;
  readonly epochLoss: number;
  readonly model: ModuleState;
  readonly optimizer: OptimizerState<AdamOptions>;
  readonly chain: readonly TransformState[];
  readonly plateau: ReduceOnPlateauState;
  readonly average: WeightAverageState;
  readonly noise: RandomState;
  /** The state of the generator when the epoch was shuffled. */
  readonly shuffle: RandomState;
}

class Training {
  readonly #noise: Random;
  readonly #shuffle: Random;
  readonly #model;
  readonly #optimizer: Adam;
  readonly #chain: GradientChain;
  readonly #plateau = new ReduceOnPlateau(1, { patience: 0, factor: 0.8 });
  readonly #average: WeightAverage;
  #step = 0;
  #epochLoss = 0;
  #atShuffle: RandomState;
  #order: Tensor;

  constructor(seed: number) {
    const random = new Random(seed);
    this.#noise = new Random(seed + 1);
    this.#shuffle = new Random(seed + 2);
    this.#model = new Sequential(
      new Dense(4, 8, { random }),
      new BatchNorm1d(8),
      new ReLU(),
      new Dropout(0.3, { random: this.#noise }),
      new Dense(8, 3, { random }),
    );
    const parameters = this.#model.parameters();
    this.#optimizer = new Adam(parameters, { learningRate: 0.01, amsgrad: true });
    this.#chain = new GradientChain(parameters, [clipByNorm(1), ema(0.5)]);
    this.#average = new WeightAverage(parameters, { decay: 0.9 });
    this.#atShuffle = this.#shuffle.state;
    this.#order = this.#shuffle.permutation(rows);
  }

  /** One mini-batch; the last of an epoch has fewer rows. */
  step(): number {
    const first = (this.#step * batch) % (Math.ceil(rows / batch) * batch);
    const chosen = this.#order.slice(0, first, Math.min(first + batch, rows));
    this.#optimizer.learningRate = schedule(this.#step) * this.#plateau.learningRate;
    const loss = crossEntropy(this.#model.forward(x.take(chosen) as never), y.take(chosen) as never);
    this.#optimizer.step(this.#chain.apply(loss.backward()));
    this.#average.update();
    this.#step++;
    this.#epochLoss += loss.item();
    if (first + batch >= rows) {
      this.#plateau.update(this.#epochLoss);
      this.#epochLoss = 0;
      this.#atShuffle = this.#shuffle.state;
      this.#order = this.#shuffle.permutation(rows);
    }
    return loss.item();
  }

  save(): Checkpoint {
    return {
      step: this.#step,
      epochLoss: this.#epochLoss,
      model: this.#model.state(),
      optimizer: this.#optimizer.state(),
      chain: this.#chain.state(),
      plateau: this.#plateau.state(),
      average: this.#average.state(),
      noise: this.#noise.state,
      shuffle: this.#atShuffle,
    };
  }

  load(saved: Checkpoint): void {
    this.#step = saved.step;
    this.#epochLoss = saved.epochLoss;
    this.#model.load(saved.model);
    this.#optimizer.load(saved.optimizer);
    this.#chain.load(saved.chain);
    this.#plateau.load(saved.plateau);
    this.#average.load(saved.average);
    this.#noise.state = saved.noise;
    this.#shuffle.state = saved.shuffle;
    this.#atShuffle = saved.shuffle;
    this.#order = this.#shuffle.permutation(rows);
  }
}

const steps = 23;
const straight = new Training(7);
const checkpoints: Checkpoint[] = [];
const losses: number[] = [];
for (let step = 0; step < steps; step++) {
  checkpoints.push(structuredClone(straight.save()));
  losses.push(straight.step());
}
const last = straight.save();

test.each(checkpoints.map((_, step) => step))('stopped before step %s', (step) => {
  const resumed = new Training(1000 + step);
  resumed.load(checkpoints[step]!);
  expect(losses.slice(step).map(() => resumed.step())).toEqual(losses.slice(step));
  expect(resumed.save()).toEqual(last);
});
