/** A run that is stopped at any point and resumed is bit-identical to an uninterrupted one. */

import { Random } from '@tapegrad/core';
import { crossEntropy, Dense, dropout } from '@tapegrad/nn';
import { Adam, SGD } from '@tapegrad/optim';
import { supervised, Trainer, type TrainerState } from '@tapegrad/train';
import { describe, expect, test } from 'vitest';
import { batchesOf, busyTrainer, shuffled, timeless, type XY } from './runs.ts';

/** Returns the states at all points at which hooks can save them. */
async function statesOf(options: object = {}): Promise<{ states: TrainerState[]; final: unknown }> {
  const states: TrainerState[] = [];
  const save = () => void states.push(structuredClone(run.trainer.state()));
  const run = busyTrainer(1, { ...options, hooks: { onStart: save, onStep: save, onPoint: save, onEpoch: save } });
  await run.trainer.fit();
  return { states, final: timeless(run.trainer.state()) };
}

/** Batches with a length and a state, like those of a data loader. */
class Loader implements Iterable<XY> {
  readonly #batches = batchesOf(33, 5);
  readonly #random = new Random(9);
  #order: readonly number[] = [];
  #next = 0;

  get length(): number {
    return this.#batches.length;
  }

  *[Symbol.iterator](): Iterator<XY> {
    if (this.#next === 0) this.#order = [...this.#random.permutation(this.length).data];
    while (this.#next < this.length) yield this.#batches[this.#order[this.#next++]!]!;
    this.#next = 0;
  }

  state() {
    return { order: [...this.#order], next: this.#next, random: this.#random.state };
  }

  load({ order, next, random }: ReturnType<Loader['state']>): void {
    this.#order = order;
    this.#next = next;
    this.#random.state = random;
  }
}

describe.each([
  ['a function that shuffles', () => ({})],
  ['a function, and groups of batches', () => ({ accumulate: 2 })],
  ['an array', () => ({ train: batchesOf(33, 5) })],
  ['a loader with a state', () => ({ train: new Loader() })],
  ['a loader, and epochs across its passes', () => ({ train: new Loader(), stepsPerEpoch: 5 })],
  ['a function, and epochs across its passes', () => ({ stepsPerEpoch: 5 })],
  ['a number of steps', () => ({ steps: 17 })],
])('from %s', (_, options) => {
  test('wherever it is stopped', async () => {
    const { states, final } = await statesOf(options());
    expect(states.length).toBeGreaterThan(15);
    for (const [i, state] of states.entries()) {
      const { trainer } = busyTrainer(2, options());
      trainer.load(state);
      await trainer.fit();
      expect(timeless(trainer.state()), `state ${i}`).toEqual(final);
    }
  });
});

test('a run stopped twice by stop() gives the same bits', async () => {
  const { final } = await statesOf();
  let state: TrainerState | undefined;
  for (let part = 0; part < 3; part++) {
    let steps = 0;
    const run = busyTrainer(part + 1, {
      hooks: { onStep: () => void (++steps === 6 && part < 2 && run.trainer.stop()) },
    });
    if (state !== undefined) run.trainer.load(state);
    expect((await run.trainer.fit()).end).toBe(part < 2 ? 'stopped' : 'finished');
    state = structuredClone(run.trainer.state());
  }
  expect(timeless(state)).toEqual(final);
});

test('early stopping holds after resumption', async () => {
  const options = { earlyStopping: { patience: 0, threshold: 10 } };
  const { trainer } = busyTrainer(1, options);
  expect((await trainer.fit()).end).toBe('early stopping');
  const other = busyTrainer(1, { ...options, epochs: 9 });
  other.trainer.load(trainer.state());
  const { end, history } = await other.trainer.fit();
  expect([end, history.epochs.length]).toEqual(['early stopping', trainer.history.epochs.length]);
});

describe('a state that does not fit', () => {
  const broken = (change: (state: TrainerState) => unknown) => change(structuredClone(busyTrainer(1).trainer.state()));
  const without = (name: string) => broken(({ parts: { [name]: _, ...parts }, ...state }) => ({ ...state, parts }));
  const changed = (name: string, part: unknown) =>
    broken(({ parts, ...state }) => ({ ...state, parts: { ...parts, [name]: part } }));
  const other = () => {
    const model = new Dense(3, 2);
    const optimizer = new Adam(model.parameters(), { learningRate: 1 });
    return new Trainer({ model, optimizer, loss: supervised(model, crossEntropy), train: [], epochs: 1 });
  };

  test.each([
    ['nothing', () => undefined, 'expected a state, as state() gives one, got undefined'],
    ['another version', () => broken((state) => ({ ...state, version: 7 })), 'a state of version 1, got 7'],
    ['no average', () => without('average'), 'Trainer.load: expected a state of [average, current'],
    ['another optimizer', () => changed('optimizer', other().optimizer.state()), 'SGD.load: '],
    ['another model', () => changed('model', other().model.state()), "has no parameter '0.weight'"],
    ['no generators', () => changed('generators', []), 'expected the states of 2 generators, got 0'],
    [
      'other metrics',
      () => changed('recent', { sum: 0, count: 0, steps: 0, metrics: {} }),
      'with metrics [accuracy, area]',
    ],
    [
      'no early stopping',
      () => changed('judge', { best: null, stopping: null, plateau: null }),
      'the trainer has earlyStopping',
    ],
  ])('as %s changes nothing', async (_, make, message) => {
    const { trainer } = busyTrainer(3);
    const before = timeless(trainer.state());
    expect(() => trainer.load(make() as TrainerState)).toThrow(message);
    expect(timeless(trainer.state())).toEqual(before);
  });
});

describe('generators', () => {
  test('that the trainer does not know are an error when a state is taken', async () => {
    const stranger = new Random(3);
    const model = new Dense(3, 2, { random: new Random(1) });
    const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
    const loss = ({ x, y }: XY) => crossEntropy(model.forward(dropout(x, 0.5, stranger) as never), y as never);
    const trainer = new Trainer({ model, optimizer, loss, train: batchesOf(5, 1), epochs: 1 });
    await trainer.fit();
    expect(() => trainer.state()).toThrow('the loss drew from a generator that no layer of the model has');
    const known = new Trainer({ model, optimizer, loss, train: batchesOf(5, 1), epochs: 1, random: stranger });
    await known.fit();
    expect(known.state().parts['generators']).toEqual([stranger.state]);
  });

  test('of the source are an error, too', async () => {
    const model = new Dense(3, 2, { random: new Random(1) });
    const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
    const train = () => shuffled(batchesOf(5, 1), new Random(3));
    const trainer = new Trainer({ model, optimizer, loss: supervised(model, crossEntropy), train, epochs: 1 });
    await trainer.fit();
    expect(() => trainer.state()).toThrow('the source of the batches drew from a generator');
  });
});

test('a hook that puts the model into evaluation mode changes nothing', async () => {
  const whole = busyTrainer(1);
  await whole.trainer.fit();
  const used = busyTrainer(1);
  const use = () => void used.model.eval();
  await used.trainer.fit({ onStep: use, onPoint: use, onEpoch: use });
  expect(timeless(used.trainer.state())).toEqual(timeless(whole.trainer.state()));
});
