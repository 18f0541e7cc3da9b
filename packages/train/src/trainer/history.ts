/** The record of a run: how loss and metrics developed. */

/** The mean loss and the metrics over some examples, by name. */
export type Scores = { readonly loss: number } & Readonly<Record<string, number>>;

/** The training scores over some steps, each of which was scored before the model learned from it. */
export interface Point {
  /** The number of steps of the run, including the last of these. */
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
  /** 1 for the first. */
  readonly epoch: number;
  /** The number of steps of the run at the end of the epoch. */
  readonly step: number;
  /** The number of examples that the epoch trained on. */
  readonly examples: number;
  /** The seconds that training took, without validation. */
  readonly seconds: number;
  readonly learningRate: number;
  /** Over all examples of the epoch, each scored before the model learned from it. */
  readonly training: Scores;
  /** Over the validation examples, after the epoch; undefined without any. */
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
