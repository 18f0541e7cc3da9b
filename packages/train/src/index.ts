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
export { mae, r2 } from './metrics/regression.ts';
export type { Outcome, Predicted } from './outcome.ts';
