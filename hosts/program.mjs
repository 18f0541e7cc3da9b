/**
 * What every host runs: a small network is trained on two threads, saved in the middle, resumed, and compared bit by bit
 * with a training that nothing interrupted and with one on a single thread.
 *
 * It needs nothing but the packages. What a host has to save a checkpoint with, it hands in.
 */

import { engineInfo, Random, setThreads } from '@tapegrad/core';
import { crossEntropy, Dense, Dropout, ReLU, Sequential } from '@tapegrad/nn';
import { Adam } from '@tapegrad/optim';

const [EXAMPLES, BATCH, FEATURES, HIDDEN, CLASSES] = [1024, 256, 128, 256, 4];
const STEPS = 24;

/**
 * @typedef {object} Checkpoint
 * @property {ReturnType<Sequential<any>['state']>} model
 * @property {ReturnType<Adam['state']>} optimizer
 * @property {Random['state']} random
 */
/** @typedef {(checkpoint: Checkpoint) => Checkpoint | Promise<Checkpoint>} SaveAndRead */

/**
 * @typedef {object} Outcome
 * @property {import('@tapegrad/core').EngineInfo} engine
 * @property {number} workers how many were started
 * @property {number} loss of the last step
 * @property {boolean} learns
 * @property {boolean} resumes with the same bits
 * @property {boolean} threadsAgree to the bit
 */

/** A network, its optimizer and its source of random numbers, on a problem that does not change. */
class Training {
  #random = new Random(42);
  #model = new Sequential(
    new Dense(FEATURES, HIDDEN, { random: this.#random }),
    new ReLU(),
    new Dropout(0.1, { random: this.#random }),
    new Dense(HIDDEN, CLASSES, { random: this.#random }),
  );
  #optimizer = new Adam(this.#model.parameters(), { learningRate: 0.003 });
  #x = new Random(1).normal([EXAMPLES, FEATURES]);
  /** The class that a fixed matrix gives each vector. */
  #y = this.#x.matmul(new Random(2).normal([FEATURES, CLASSES])).argmax(1);

  /**
   * Trains for some steps, and lets the host's event loop turn after each, as a program does that has something to show.
   *
   * @param {number} steps
   * @returns {Promise<number[]>} the losses
   */
  async run(steps) {
    const losses = [];
    for (let step = 0; step < steps; step++) {
      const rows = this.#random.integers([BATCH], 0, EXAMPLES);
      const [x, y] = [this.#x.index(rows), this.#y.index(rows)];
      losses.push(this.#optimizer.minimize(() => crossEntropy(this.#model.forward(x), y)).item());
      await turn();
    }
    return losses;
  }

  /** @returns {Checkpoint} */
  save() {
    return { model: this.#model.state(), optimizer: this.#optimizer.state(), random: this.#random.state };
  }

  /** @param {Checkpoint} checkpoint */
  load({ model, optimizer, random }) {
    this.#model.load(model);
    this.#optimizer.load(optimizer);
    this.#random.state = random;
  }
}

const turn = () => new Promise((done) => setTimeout(done, 0));

/** Large products, until helpers had the time to come. */
async function warmUp() {
  const a = new Random(3).normal([512, 512]);
  for (let product = 0; product < 20; product++) {
    a.matmul(a);
    await new Promise((done) => setTimeout(done, 10));
  }
}

/** Counts the workers that are started from now on, where the host has any. */
function countWorkers() {
  const counted = { workers: 0 };
  const holder = globalThis.process?.getBuiltinModule?.('node:worker_threads') ?? globalThis;
  if (typeof holder.Worker !== 'function') return counted;
  holder.Worker = class extends holder.Worker {
    /** @param {ConstructorParameters<typeof holder.Worker>} args */
    constructor(...args) {
      super(...args);
      counted.workers++;
    }
  };
  return counted;
}

/** @param {Checkpoint['model']} state */
const bitsOf = (state) =>
  Object.values(state)
    .map(({ data }) => new Uint8Array(data.buffer, data.byteOffset, data.byteLength).join())
    .join();

/**
 * @param {SaveAndRead} saveAndRead
 * @returns {Promise<Outcome>}
 */
export async function main(saveAndRead = structuredClone) {
  const counted = countWorkers();
  setThreads(2);
  await warmUp();

  const whole = new Training();
  const [firstLoss = 0, ...losses] = await whole.run(2 * STEPS);
  const loss = losses.at(-1) ?? Number.NaN;

  const first = new Training();
  await first.run(STEPS);
  const second = new Training();
  second.load(await saveAndRead(first.save()));
  await second.run(STEPS);

  const engine = engineInfo();
  setThreads(1);
  const alone = new Training();
  await alone.run(2 * STEPS);

  const [bits, ...others] = [whole, second, alone].map((training) => bitsOf(training.save().model));
  return {
    engine,
    workers: counted.workers,
    loss,
    learns: loss < firstLoss / 2,
    resumes: others[0] === bits,
    threadsAgree: others[1] === bits,
  };
}
