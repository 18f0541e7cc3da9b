/** Functions that a training run calls on its way. */

import type { Epoch, History, Point, Scores } from './history.ts';

/** What every event tells. */
export interface RunEvent {
  /** The trainer, whose state a hook may save. */
  readonly trainer: Running;
  /** The number of steps so far. */
  readonly step: number;
  /** The number of epochs that are over. */
  readonly epoch: number;
}

/** A trainer as hooks see it. */
export interface Running {
  readonly history: History;
  /** The numbers of epochs and steps to train for, and of steps in an epoch, where they are known. */
  readonly plan: { readonly epochs?: number; readonly steps?: number; readonly stepsPerEpoch?: number };
  state(): unknown;
  stop(): void;
}

/** A step is done. */
export interface StepEvent extends RunEvent {
  /** The number of steps done in this epoch. */
  readonly stepInEpoch: number;
  /** The number of examples that this epoch has trained on. */
  readonly examples: number;
  readonly learningRate: number;
  /** Computes the scores of this epoch so far. */
  scores(): Scores;
}

/** Some steps have been scored; see the option `logEvery`. */
export interface PointEvent extends RunEvent {
  readonly point: Point;
}

/** An epoch is over, and so is its validation. */
export interface EpochEvent extends RunEvent {
  readonly record: Epoch;
}

/** The run is over, or is stopped. */
export interface EndEvent extends RunEvent {
  /** Why it ended. */
  readonly end: End;
}

/** Why a run ended: all epochs are done, early stopping, or a call of `stop`. */
export type End = 'finished' | 'early stopping' | 'stopped';

/** Functions that a training run calls on its way, and awaits. */
export interface Hooks {
  /** Called before the first step of `fit`. */
  onStart?(event: RunEvent): void | Promise<void>;
  /** Called after each step. */
  onStep?(event: StepEvent): void | Promise<void>;
  /** Called after every `logEvery` steps, and before the end of an epoch. */
  onPoint?(event: PointEvent): void | Promise<void>;
  /** Called after each epoch and its validation. */
  onEpoch?(event: EpochEvent): void | Promise<void>;
  /** Called when `fit` is about to return. */
  onEnd?(event: EndEvent): void | Promise<void>;
  /** Called when `fit` is about to throw. */
  onError?(error: unknown): void | Promise<void>;
}
