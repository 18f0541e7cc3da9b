/** The state of a run: everything that its continuation depends on. It is loaded completely or not at all. */

import { ArgumentError, type RandomState } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import type { History } from './history.ts';

/** The position of a run. */
export interface Position {
  readonly step: number;
  /** The number of completed epochs. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** The seconds of training so far in this epoch. */
  readonly seconds: number;
  /** Whether all steps of the epoch are done, but not its validation. */
  readonly isEpochOver: boolean;
  /** The states of the generators when the pass over the batches began. */
  readonly passStart?: readonly RandomState[];
}

export const start: Position = { step: 0, epoch: 0, stepInEpoch: 0, seconds: 0, isEpochOver: false };

/** A part of a run that has a state. */
interface StatefulPart {
  state(): unknown;
  load(state: never): unknown;
}

/** The parts of a run, by name. */
type Parts = Readonly<Record<string, StatefulPart>>;

/** The state of a trainer: plain data and typed arrays, for `structuredClone` or a checkpoint. */
export interface TrainerState {
  /** The version of this layout. */
  readonly version: number;
  readonly position: Position;
  readonly history: History;
  /** The states of the model, the optimizer and everything else that changes during the run. */
  readonly parts: Readonly<Record<string, unknown>>;
}

const VERSION = 1;

const statesOf = (parts: Parts): Record<string, unknown> =>
  Object.fromEntries(Object.entries(parts).map(([name, part]) => [name, part.state()]));

export const trainerState = (parts: Parts, position: Position, history: History): TrainerState => ({
  version: VERSION,
  position,
  history,
  parts: statesOf(parts),
});

function checkTrainerState(state: TrainerState, parts: Parts): void {
  if (typeof state !== 'object' || state === null || typeof state.parts !== 'object' || state.parts === null) {
    throw new ArgumentError(`Trainer.load: expected a state, as state() gives one, got ${describeValue(state)}`);
  }
  if (state.version !== VERSION) {
    throw new ArgumentError(
      `Trainer.load: expected a state of version ${VERSION}, got ${describeValue(state.version)}`,
    );
  }
  const [own, other] = [parts, state.parts].map((each) => Object.keys(each).toSorted().join(', '));
  if (own !== other) throw new ArgumentError(`Trainer.load: expected a state of [${own}], got [${other}]`);
}

/** Loads the state of every part. If one does not fit, all parts are put back into their previous state. */
export function loadAll(parts: Parts, state: TrainerState): Pick<TrainerState, 'position' | 'history'> {
  checkTrainerState(state, parts);
  const before = statesOf(parts);
  try {
    for (const [name, part] of Object.entries(parts)) part.load(state.parts[name] as never);
  } catch (error) {
    for (const [name, part] of Object.entries(parts)) part.load(before[name] as never);
    throw error;
  }
  return { position: { ...state.position }, history: state.history };
}
