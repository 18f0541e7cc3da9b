export {
  GradientChain,
  type GradientTransform,
  type TransformContext,
  type TransformSlot,
  type TransformState,
} from './gradients/chain.ts';
export { type ClipNormOptions, clipGradNorm, clipGradValue } from './gradients/clip.ts';
export { accumulate, clipByNorm, clipByValue, ema, momentum, weightDecay } from './gradients/transforms.ts';
export {
  type Assignable,
  type GroupOptions,
  type OptionStore,
  ParameterGroup,
  type ParametersOrGroups,
} from './group.ts';
export { Optimizer, type Update } from './optimizer.ts';
export { loadOptimizer, type OptimizerState, optimizerState } from './optimizer-state.ts';
export { Adadelta, type AdadeltaOptions } from './optimizers/adadelta.ts';
export { Adagrad, type AdagradOptions } from './optimizers/adagrad.ts';
export { Adam, type AdamOptions, AdamW } from './optimizers/adam.ts';
export { Adamax, type AdamaxOptions } from './optimizers/adamax.ts';
export type { DecayOptions } from './optimizers/decay.ts';
export { LBFGS, type LBFGSOptions, type LBFGSState, type LBFGSStop } from './optimizers/lbfgs.ts';
export { Lion, type LionOptions } from './optimizers/lion.ts';
export type { MomentOptions } from './optimizers/moments.ts';
export { NAdam, type NAdamOptions } from './optimizers/nadam.ts';
export { RAdam, type RAdamOptions } from './optimizers/radam.ts';
export { RMSprop, type RMSpropOptions } from './optimizers/rmsprop.ts';
export { SGD, type SGDOptions } from './optimizers/sgd.ts';
export type { Defaults, OptimizerOptions } from './options.ts';
export { EarlyStopping, type EarlyStoppingOptions, type EarlyStoppingState } from './schedules/early-stopping.ts';
export type { ImprovementOptions, ImprovementState } from './schedules/improvement.ts';
export {
  ReduceOnPlateau,
  type ReduceOnPlateauOptions,
  type ReduceOnPlateauState,
} from './schedules/reduce-on-plateau.ts';
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
} from './schedules/schedules.ts';
export { type ParameterState, type State, zerosLike } from './state.ts';
export { WeightAverage, type WeightAverageOptions, type WeightAverageState } from './weight-average.ts';
