export { Lora, type LoraOptions, lora } from './adapters/lora.ts';
export { freeze, type Selector, selectParameters } from './adapters/selector.ts';
export { type FinderOptions, type FoundRates, learningRateFinder } from './learning-rate-finder.ts';
export { accuracy, topK } from './metrics/accuracy.ts';
export {
  type Average,
  type AverageOptions,
  type ConfusionMatrix,
  confusion,
  f1,
  precision,
  recall,
} from './metrics/confusion.ts';
export type { LabelOptions } from './metrics/labels.ts';
export { meanLoss, meanOf, perplexity } from './metrics/means.ts';
export { defineMetric, type Metric, type MetricRules, type MetricState } from './metrics/metric.ts';
export { auc } from './metrics/ranking.ts';
export { mae, r2, rmse } from './metrics/regression.ts';
export type { Outcome, Predicted } from './outcome.ts';
export { type PredictOptions, predict } from './predict.ts';
export { type EvaluateOptions, evaluate, type LossFunction } from './trainer/evaluate.ts';
export type { Best, Epoch, History, Point, Scores } from './trainer/history.ts';
export type { End, EndEvent, EpochEvent, Hooks, PointEvent, RunEvent, Running, StepEvent } from './trainer/hooks.ts';
export type { TrainerOptions } from './trainer/options.ts';
export { type Deferred, deferred, type Source } from './trainer/source.ts';
export type { Position, TrainerState } from './trainer/state.ts';
export { DivergenceError } from './trainer/stepper.ts';
export { type SupervisedBatch, type SupervisedOutcome, supervised } from './trainer/supervised.ts';
export type { MetricMakers } from './trainer/tally.ts';
export { type FitResult, Trainer } from './trainer/trainer.ts';
