export { clipGradNorm, clipGradValue } from './clip.ts';
export { type GroupOptions, ParameterGroup, type Trained } from './group.ts';
export { type Memory, Optimizer, type OptimizerState, type ParameterState, type Update } from './optimizer.ts';
export type { Defaults, OptimizerOptions } from './options.ts';
export { SGD, type SGDOptions } from './sgd.ts';
