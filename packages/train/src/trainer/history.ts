/** The record of a run: its loss and metrics over time. */

/** The mean loss and the metrics over some examples, by name. */
export type Scores = { readonly loss: number } & Readonly<Record<string, number>>;

/** The training scores over some steps. Each batch is scored before the model is trained on it. */
export interface Point {
  /** The number of steps of the run so far, up to the last step that was scored. */
  readonly step: number;
  /** The number of epochs since the start, including a fraction if the length of an epoch is known. */
  readonly epoch: number;
  /** The number of steps scored. */
  readonly steps: number;
  readonly learningRate: number;
  readonly scores: Scores;
}

/** The scores of an epoch. */
export interface Epoch {
  /** The number of the epoch, counted from 1. */
  readonly epoch: number;
  /** The number of steps of the run at the end of the epoch. */
  readonly step: number;
  /** The number of examples that the epoch trained on. */
  readonly examples: number;
  /** The seconds that training took, without validation. */
  readonly seconds: number;
  readonly learningRate: number;
  /** The scores over all examples of the epoch, each computed before the model is trained on the example. */
  readonly training: Scores;
  /** The scores over the validation examples, after the epoch; undefined without validation. */
  readonly validation: Scores | undefined;
  /** Whether the monitored score is the best so far. */
  readonly isBest: boolean;
}

/** The scores of a run so far, as plain data. */
export interface History {
  readonly points: readonly Point[];
  readonly epochs: readonly Epoch[];
}

/** The best monitored score of a run. */
export interface Best {
  readonly value: number;
  readonly epoch: number;
  readonly step: number;
}
