/** The loop that trains a model. */

import { ArgumentError } from '@tapegrad/core';
import type { Module, ModuleState } from '@tapegrad/nn';
import type { Optimizer } from '@tapegrad/optim';
import type { Outcome } from '../outcome.ts';
import { type LossFunction, tallyAll } from './evaluate.ts';
import { Generators } from './generators.ts';
import type { Best, Epoch, History, Point, Scores } from './history.ts';
import type { End, Hooks, RunEvent, Running, StepEvent } from './hooks.ts';
import { Judge } from './judge.ts';
import { enterTraining, inEvaluation } from './modes.ts';
import { checkTrainerOptions, listOf, type TrainerOptions } from './options.ts';
import { Cursor, lengthOf } from './source.ts';
import { loadAll, type Position, start, type TrainerState, trainerState } from './state.ts';
import { Stepper } from './stepper.ts';
import { Tally } from './tally.ts';
import { breaks, now } from './turns.ts';

/** The outcome of `fit`. */
export interface FitResult {
  /** The reason why training ended. */
  readonly end: End;
  readonly history: History;
  /** The best monitored score; undefined before the first epoch is over. */
  readonly best: Best | undefined;
}

/**
 * Trains a model: a loop over batches, with a step of the optimizer for each, and a validation after each epoch. Hooks
 * add anything else that should happen during the run.
 *
 * `state` returns everything that the rest of the run depends on. A trainer with the same options can load this state,
 * and then continues with bit-identical results, even in the middle of an epoch.
 *
 * Modules whose parameters are all frozen, that is, not in the optimizer, stay in evaluation mode: unlike in PyTorch, a
 * frozen batch normalisation keeps its statistics.
 *
 * @example
 * const random = new Random(1);
 * const model = new Sequential(new Dense(2, 8, { random }), new ReLU(), new Dense(8, 2, { random }));
 * const x = tensor([[0, 0], [0, 1], [1, 0], [1, 1]]);
 * const y = tensor([0, 1, 1, 0], { dtype: 'int32' });
 * const trainer = new Trainer({
 *   model,
 *   optimizer: new SGD(model.parameters(), { learningRate: 0.5 }),
 *   loss: supervised(model, crossEntropy),
 *   metrics: { accuracy },
 *   train: [{ x, y }],
 *   epochs: 200,
 * });
 * const { history } = await trainer.fit();
 * history.epochs.at(-1)?.training['accuracy']; // 1
 */
export class Trainer<Batch, Result = Outcome> implements Running {
  readonly model: Module;
  readonly optimizer: Optimizer;
  readonly #options: TrainerOptions<Batch, Result>;
  #hooks: readonly Hooks[] = [];
  readonly #cursor: Cursor<Batch>;
  readonly #stepper: Stepper<Batch, Result & Outcome>;
  readonly #judge: Judge;
  readonly #generators: Generators;
  /** The scores since the last point; `#current` has those of the epoch before that point. */
  readonly #recent: Tally<Result & Outcome>;
  readonly #current: Tally<Result & Outcome>;
  #position: Position = start;
  readonly #points: Point[] = [];
  readonly #epochs: Epoch[] = [];
  #isRunning = false;
  #isStopping = false;

  constructor(options: TrainerOptions<Batch, Result>) {
    checkTrainerOptions(options);
    const { model, optimizer, loss, train, metrics = {}, transforms = [], random } = options;
    this.model = model;
    this.optimizer = optimizer;
    this.#options = options;
    this.#cursor = new Cursor(train);
    this.#stepper = new Stepper(optimizer, loss as LossFunction<Batch, Result & Outcome>, transforms);
    this.#judge = new Judge(options);
    this.#generators = new Generators(model, listOf(random));
    this.#recent = new Tally<Result & Outcome>('Trainer', metrics);
    this.#current = new Tally<Result & Outcome>('Trainer', metrics);
    if (options.scheduleBy === 'epochs' && this.#stepsPerEpoch === undefined) {
      throw new ArgumentError("Trainer: scheduleBy 'epochs' needs batches with a length, or stepsPerEpoch");
    }
  }

  /**
   * Trains from the beginning, or from a loaded state, to the end.
   *
   * @param hooks functions to call during the run, after those of the options
   */
  async fit(hooks: Hooks | readonly Hooks[] = []): Promise<FitResult> {
    if (this.#isRunning) throw new ArgumentError('Trainer.fit: it is already running');
    this.#isRunning = true;
    this.#isStopping = false;
    this.#hooks = [...listOf(this.#options.hooks), ...listOf(hooks)];
    const pause = breaks();
    try {
      await this.#tell('onStart', this.#event({}));
      const trained = new Set(this.#stepper.trained);
      enterTraining(this.model, trained);
      let end = this.#end();
      while (end === undefined) {
        // A hook may have used the model, for example to draw samples, in evaluation mode.
        if (!this.model.training) enterTraining(this.model, trained);
        if (this.#position.isEpochOver) await this.#endEpoch();
        else await this.#step();
        await pause();
        end = this.#end();
      }
      this.model.eval();
      await this.#tell('onEnd', this.#event({ end }));
      return { end, history: this.history, best: this.best };
    } catch (error) {
      for (const hook of this.#hooks) await hook.onError?.(error);
      throw error;
    } finally {
      this.#isRunning = false;
    }
  }

  /** Makes `fit` return after the current step or validation. The run can be continued from its state. */
  stop(): void {
    this.#isStopping = true;
  }

  /** Returns the reason to end now, if there is one. */
  #end(): End | undefined {
    const { epochs = Infinity, steps = Infinity } = this.#options;
    const { epoch, step, isEpochOver } = this.#position;
    if (!isEpochOver && this.#judge.hasStopped) return 'early stopping';
    if (!isEpochOver && (epoch >= epochs || step >= steps)) return 'finished';
    return this.#isStopping ? 'stopped' : undefined;
  }

  async #step(): Promise<void> {
    const { stepsPerEpoch, steps = Infinity, logEvery = this.#usualLogEvery } = this.#options;
    const { group, isLast } = await this.#take();
    if (group.length === 0) {
      if (this.#position.stepInEpoch === 0) throw new ArgumentError('Trainer: there are no batches to train on');
      // The position comes first: hooks may save the run.
      this.#position = { ...this.#position, isEpochOver: true };
      await this.#addPoint();
      return;
    }
    this.#setRate();
    const started = now();
    const train = () => this.#stepper.step(group, (outcome) => this.#recent.add(outcome));
    this.#generators.watch('the loss', train);
    this.#recent.endStep();
    const { average, averageAfter = 0 } = this.#options;
    if (this.#position.epoch >= averageAfter) average?.update();

    const step = this.#position.step + 1;
    const stepInEpoch = this.#position.stepInEpoch + 1;
    const isPassOver = isLast || (this.#cursor.isAtEnd && (await this.#cursor.endsHere()));
    const isEpochOver = step >= steps || (stepsPerEpoch === undefined ? isPassOver : stepInEpoch >= stepsPerEpoch);
    const seconds = this.#position.seconds + (now() - started) / 1000;
    this.#position = { ...this.#position, step, stepInEpoch, seconds, isEpochOver };
    if (isEpochOver || this.#recent.steps >= logEvery) await this.#addPoint();
    const examples = this.#current.count + this.#recent.count;
    const scores = (): Scores => this.#scoresSoFar();
    // Written out, since spreading objects takes a microsecond per step.
    const { epoch } = this.#position;
    const event: StepEvent = { trainer: this, step, epoch, stepInEpoch, examples, learningRate: this.#rate, scores };
    await this.#tell('onStep', event);
  }

  /**
   * Takes the batches of a step: none at the end of an epoch, and fewer than usual if the pass ends before the step is
   * complete.
   */
  async #take(): Promise<{ readonly group: (Batch | (() => Batch))[]; readonly isLast: boolean }> {
    const { accumulate = 1, stepsPerEpoch } = this.#options;
    const group: (Batch | (() => Batch))[] = [];
    while (group.length < accumulate) {
      if (!this.#cursor.isOpen) await this.#beginPass();
      const isFirst = this.#cursor.taken === 0;
      const watch = <R>(take: () => R): R => this.#generators.watch('the source of the batches', take);
      const taken = this.#cursor.hasState ? this.#cursor.next() : this.#cursor.next(watch);
      const batch = taken instanceof Promise ? await taken : taken;
      if (batch !== undefined) group.push(batch);
      else if (stepsPerEpoch === undefined || isFirst) return { group, isLast: true };
    }
    return { group, isLast: false };
  }

  /**
   * Begins a pass over the batches. On resuming, the generators are set so that the pass draws the same random numbers
   * as before.
   */
  async #beginPass(): Promise<void> {
    const { passStart } = this.#position;
    const isResumed = this.#cursor.taken > 0 && passStart !== undefined;
    const before = this.#generators.snapshot();
    if (isResumed) this.#generators.load(passStart);
    else this.#position = { ...this.#position, passStart: before };
    await this.#cursor.open();
    if (isResumed) this.#generators.load(before);
  }

  #setRate(): void {
    const { schedule, scheduleBy = 'steps' } = this.#options;
    if (schedule === undefined) return;
    const { step, epoch, stepInEpoch } = this.#position;
    const at = scheduleBy === 'steps' ? step : epoch + Math.min(1, stepInEpoch / this.#stepsPerEpoch!);
    const schedules = listOf(schedule);
    this.optimizer.groups.forEach((group, i) => {
      group.learningRate = (schedules[i] ?? schedules[0]!)(at);
    });
  }

  async #addPoint(): Promise<void> {
    if (this.#recent.steps === 0) return;
    const { step, epoch, stepInEpoch } = this.#position;
    const share = this.#stepsPerEpoch === undefined ? 0 : stepInEpoch / this.#stepsPerEpoch;
    const steps = this.#recent.steps;
    const scores = this.#recent.values();
    const point: Point = { step, epoch: epoch + share, steps, learningRate: this.#rate, scores };
    this.#points.push(point);
    this.#current.take(this.#recent);
    await this.#tell('onPoint', this.#event({ point }));
  }

  #scoresSoFar(): Scores {
    const all = new Tally<Result & Outcome>('Trainer', this.#options.metrics ?? {});
    all.load(this.#current.state());
    all.merge(this.#recent.state());
    return all.values();
  }

  async #endEpoch(): Promise<void> {
    const training = this.#current.values();
    const validation = await this.#validate();
    const { step, seconds } = this.#position;
    const epoch = this.#position.epoch + 1;
    const isBest = this.#judge.update(validation ?? training, { epoch, step });
    const examples = this.#current.count;
    const record: Epoch = { epoch, step, examples, seconds, learningRate: this.#rate, training, validation, isBest };
    this.#epochs.push(record);
    this.#current.reset();
    this.#position = { ...this.#position, epoch, stepInEpoch: 0, seconds: 0, isEpochOver: false };
    await this.#tell('onEpoch', this.#event({ record }));
  }

  /** Scores the model, with its averaged weights if there are any, on the validation batches. */
  async #validate(): Promise<Scores | undefined> {
    const { validation, loss, metrics = {} } = this.#options;
    if (validation === undefined) return undefined;
    const tally = new Tally<Result & Outcome>('Trainer', metrics);
    const restore = this.#useAverage();
    try {
      await inEvaluation(this.model, () =>
        tallyAll('Trainer', tally, validation, loss as LossFunction<Batch, Result & Outcome>, this.#position.epoch),
      );
    } finally {
      restore();
    }
    return tally.values();
  }

  /** Replaces the weights by their average, if there is one. Returns a function that restores them. */
  #useAverage(): () => void {
    const { average } = this.#options;
    if (average === undefined || average.count === 0) return () => {};
    const { trained } = this.#stepper;
    const weights = trained.map(({ data }) => data.slice());
    average.assign();
    return () => {
      trained.forEach((parameter, i) => {
        parameter.update((elements) => elements.set(weights[i]!));
      });
    };
  }

  /** Returns the state of the model as it is validated: with averaged weights, if there are any. */
  weights(): ModuleState {
    const restore = this.#useAverage();
    try {
      return this.model.state();
    } finally {
      restore();
    }
  }

  /** The scores of the run so far. */
  get history(): History {
    return { points: [...this.#points], epochs: [...this.#epochs] };
  }

  /** The best monitored score so far. */
  get best(): Best | undefined {
    return this.#judge.best;
  }

  /** The number of steps taken so far. */
  get step(): number {
    return this.#position.step;
  }

  /** The number of completed epochs. */
  get epoch(): number {
    return this.#position.epoch;
  }

  get plan(): Running['plan'] {
    const { epochs, steps } = this.#options;
    const known = { epochs, steps, stepsPerEpoch: this.#stepsPerEpoch };
    return Object.fromEntries(Object.entries(known).filter(([, value]) => value !== undefined));
  }

  get #rate(): number {
    return this.optimizer.groups[0]!.learningRate;
  }

  get #stepsPerEpoch(): number | undefined {
    const { stepsPerEpoch, train, accumulate = 1 } = this.#options;
    const length = lengthOf(train);
    return stepsPerEpoch ?? (length === undefined ? undefined : Math.ceil(length / accumulate));
  }

  get #usualLogEvery(): number {
    return this.#stepsPerEpoch === undefined ? 50 : Math.max(1, Math.round(this.#stepsPerEpoch / 20));
  }

  #event<More extends object>(more: More): RunEvent & More {
    return { trainer: this, step: this.#position.step, epoch: this.#position.epoch, ...more };
  }

  async #tell<Name extends Exclude<keyof Hooks, 'onError'>>(
    name: Name,
    event: Parameters<NonNullable<Hooks[Name]>>[0],
  ): Promise<void> {
    for (const hook of this.#hooks) {
      const told = (hook[name] as ((event: unknown) => void | Promise<void>) | undefined)?.call(hook, event);
      if (told !== undefined) await told;
    }
  }

  /**
   * Returns a copy of everything that the rest of the run depends on, as plain data and typed arrays.
   *
   * @throws ArgumentError if the loss drew from a generator that is neither in the model nor in the option `random`.
   */
  state(): TrainerState {
    return trainerState(this.#parts(), this.#position, this.history);
  }

  /**
   * Continues from a state that a trainer with the same options returned. If the state does not fit, nothing changes.
   *
   * @throws ArgumentError, ShapeError or DTypeError if the state does not fit.
   */
  load(state: TrainerState): void {
    if (this.#isRunning) throw new ArgumentError('Trainer.load: it is running; load before fit');
    const { position, history } = loadAll(this.#parts(), state);
    this.#position = position;
    this.#points.length = 0;
    this.#epochs.length = 0;
    for (const point of history.points) this.#points.push(point);
    for (const epoch of history.epochs) this.#epochs.push(epoch);
  }

  #parts() {
    const { average } = this.#options;
    return {
      model: this.model,
      optimizer: this.optimizer,
      transforms: this.#stepper,
      ...(average === undefined ? {} : { average }),
      generators: this.#generators,
      source: this.#cursor,
      recent: this.#recent,
      current: this.#current,
      judge: this.#judge,
    };
  }
}
