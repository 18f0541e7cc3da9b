export { Adadelta, type AdadeltaOptions } from './adadelta.ts';
export { Adagrad, type AdagradOptions } from './adagrad.ts';
export { Adam, type AdamOptions, AdamW } from './adam.ts';
export { Adamax, type AdamaxOptions } from './adamax.ts';
export {
  GradientChain,
  type GradientTransform,
  type Recollection,
  type Slot,
  type TransformState,
} from './chain.ts';
export { type ClipNormOptions, clipGradNorm, clipGradValue } from './clip.ts';
export type { DecayOptions } from './decay.ts';
export { EarlyStopping, type EarlyStoppingOptions, type EarlyStoppingState } from './early-stopping.ts';
export { type Assignable, type GroupOptions, type OptionStore, ParameterGroup, type Trained } from './group.ts';
export type { ImprovementOptions, ImprovementState } from './improvement.ts';
export { LBFGS, type LBFGSOptions, type LBFGSState, type LBFGSStop } from './lbfgs.ts';
export { Lion, type LionOptions } from './lion.ts';
export { type Memory, type ParameterState, zerosLike } from './memory.ts';
export type { MomentOptions } from './moments.ts';
export { NAdam, type NAdamOptions } from './nadam.ts';
export { Optimizer, type OptimizerState, type Update } from './optimizer.ts';
export type { Defaults, OptimizerOptions } from './options.ts';
export { RAdam, type RAdamOptions } from './radam.ts';
export { ReduceOnPlateau, type ReduceOnPlateauOptions, type ReduceOnPlateauState } from './reduce-on-plateau.ts';
export { RMSprop, type RMSpropOptions } from './rmsprop.ts';
export {
  type Annealing,
  constant,
  cosine,
  cosineRestarts,
  exponentialDecay,
  multiStepDecay,
  type OneCycleOptions,
  oneCycle,
  polynomial,
  type Schedule,
  sequence,
  stepDecay,
  warmUp,
} from './schedules.ts';
export { SGD, type SGDOptions } from './sgd.ts';
export { accumulate, clipByNorm, clipByValue, ema, momentum, weightDecay } from './transforms.ts';
export { WeightAverage, type WeightAverageOptions, type WeightAverageState } from './weight-average.ts';
