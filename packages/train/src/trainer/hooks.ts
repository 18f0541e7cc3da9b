/** Functions that a training run calls at certain points. */

import type { Epoch, History, Point, Scores } from './history.ts';

/** The fields of every event. */
export interface RunEvent {
  /** The trainer, whose state a hook may save. */
  readonly trainer: Running;
  /** The number of steps so far. */
  readonly step: number;
  /** The number of completed epochs. */
  readonly epoch: number;
}

/** The part of a trainer that hooks can use. */
export interface Running {
  readonly history: History;
  /** The numbers of epochs and steps to train for, and the number of steps in an epoch, as far as they are known. */
  readonly plan: { readonly epochs?: number; readonly steps?: number; readonly stepsPerEpoch?: number };
  state(): unknown;
  stop(): void;
}

/** The event after a step. */
export interface StepEvent extends RunEvent {
  /** The number of steps done in this epoch. */
  readonly stepInEpoch: number;
  /** The number of examples that this epoch has trained on. */
  readonly examples: number;
  readonly learningRate: number;
  /** Computes the scores of this epoch so far. */
  scores(): Scores;
}

/** The event after a group of steps has been scored; see the option `logEvery`. */
export interface PointEvent extends RunEvent {
  readonly point: Point;
}

/** The event after an epoch and its validation. */
export interface EpochEvent extends RunEvent {
  readonly record: Epoch;
}

/** The event at the end of a run, finished or stopped. */
export interface EndEvent extends RunEvent {
  /** The reason why the run ended. */
  readonly end: End;
}

/** The reason why a run ended: all epochs are done, early stopping, or a call of `stop`. */
export type End = 'finished' | 'early stopping' | 'stopped';

/**
 * Functions that a training run calls, and whose results it awaits. A hook may put the model into evaluation mode,
 * since the next step puts it back into training mode.
 */
export interface Hooks {
  /** Called before the first step of `fit`. */
  onStart?(event: RunEvent): void | Promise<void>;
  /** Called after each step. */
  onStep?(event: StepEvent): void | Promise<void>;
  /** Called after every `logEvery` steps, and at the end of an epoch for the steps that remain. */
  onPoint?(event: PointEvent): void | Promise<void>;
  /** Called after each epoch and its validation. */
  onEpoch?(event: EpochEvent): void | Promise<void>;
  /** Called when `fit` is about to return. */
  onEnd?(event: EndEvent): void | Promise<void>;
  /** Called when `fit` is about to throw. */
  onError?(error: unknown): void | Promise<void>;
}
