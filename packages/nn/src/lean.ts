import * as init from './init.ts';

export {
  ELU,
  GELU,
  Hardtanh,
  Identity,
  LeakyReLU,
  ReLU,
  SELU,
  Sigmoid,
  SiLU,
  Softmax,
  Softplus,
  Tanh,
} from './activations.ts';
export { type AttentionOptions, attentionWeights, scaledDotProductAttention } from './attention/attention.ts';
export {
  type AttendOptions,
  type AttendWithWeightsOptions,
  KeyValueCache,
  MultiHeadAttention,
  type MultiHeadAttentionOptions,
} from './attention/multi-head-attention.ts';
export {
  type RotaryOptions,
  rotary,
  SinusoidalEncoding,
  type SinusoidalOptions,
  sinusoidal,
} from './attention/positional-encoding.ts';
export {
  type DecodeOptions,
  type EncodeOptions,
  TransformerDecoder,
  TransformerDecoderLayer,
  TransformerEncoder,
  TransformerEncoderLayer,
  type TransformerOptions,
  type TransformerStackOptions,
} from './attention/transformer.ts';
export { Bilinear, type BilinearOptions, bilinear } from './bilinear.ts';
export {
  Conv1d,
  Conv2d,
  type ConvOptions,
  ConvTranspose1d,
  ConvTranspose2d,
  type ConvTransposeOptions,
} from './convolution/conv-layers.ts';
export {
  type ConvolutionOptions,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  type TransposedConvolutionOptions,
} from './convolution/convolution.ts';
export type { PerAxis } from './convolution/per-axis.ts';
export {
  type AvgPoolOptions,
  adaptiveAvgPool2d,
  avgPool1d,
  avgPool2d,
  globalAvgPool,
  type MaxPoolOptions,
  maxPool1d,
  maxPool2d,
  type PoolingOptions,
} from './convolution/pooling.ts';
export {
  AdaptiveAvgPool2d,
  AvgPool1d,
  AvgPool2d,
  GlobalAvgPool,
  MaxPool1d,
  MaxPool2d,
} from './convolution/pooling-layers.ts';
export { Upsample, type UpsampleOptions, upsample } from './convolution/upsampling.ts';
export { Dense, type DenseOptions, dense } from './dense.ts';
export {
  AlphaDropout,
  alphaDropout,
  Dropout,
  Dropout1d,
  Dropout2d,
  type DropoutOptions,
  dropout,
  dropout1d,
  dropout2d,
} from './dropout.ts';
export { Embedding, type EmbeddingFunctionOptions, type EmbeddingOptions, embedding } from './embedding.ts';
export type { Initializer, KaimingOptions, Nonlinearity, XavierOptions } from './init.ts';
export type {
  Apply,
  ChannelMap,
  Composed,
  EmbeddingMap,
  FeatureMap,
  FixedShape,
  Input,
  Output,
  ResidualMap,
  SameShape,
  ShapeMap,
  shapes,
} from './layer-shapes.ts';
export {
  type BinaryCrossEntropyOptions,
  binaryCrossEntropy,
  type FocalOptions,
  hinge,
  type SigmoidFocalOptions,
  sigmoidFocal,
} from './losses/binary.ts';
export {
  type ClassTargets,
  type CrossEntropyOptions,
  crossEntropy,
  nll,
  softmaxFocal,
} from './losses/classification.ts';
export { type CtcOptions, ctc } from './losses/ctc.ts';
export { type DivergenceReduction, type KlDivergenceOptions, klDivergence } from './losses/distributions.ts';
export type { ClassOptions, LabelShape, Labels } from './losses/labels.ts';
export type { Loss, LossOptions, Reduction, Targets } from './losses/loss.ts';
export { type MultiMarginOptions, multiLabelMargin, multiMargin } from './losses/margins.ts';
export {
  type CosineEmbeddingOptions,
  cosineEmbedding,
  type TripletMarginOptions,
  tripletMargin,
} from './losses/ranking.ts';
export {
  type GaussianNllOptions,
  gaussianNll,
  type HuberOptions,
  huber,
  l1,
  mse,
  type PoissonNllOptions,
  poissonNll,
  type SmoothL1Options,
  smoothL1,
} from './losses/regression.ts';
export { Module } from './module/module.ts';
export {
  type LoadOptions,
  type LoadReport,
  loadModule,
  type ModuleState,
  moduleState,
  type TensorState,
} from './module/module-state.ts';
export { Parallel, type ParallelOptions, Residual } from './module/residual.ts';
export { type Layer, Sequential } from './module/sequential.ts';
export { type SummaryOptions, summary } from './module/summary.ts';
export { withTensors } from './module/with-tensors.ts';
export {
  BatchNorm1d,
  BatchNorm2d,
  type BatchNormFunctionOptions,
  type BatchNormOptions,
  batchNorm,
} from './normalization/batch-norm.ts';
export { GroupNorm, type GroupNormFunctionOptions, groupNorm } from './normalization/group-norm.ts';
export {
  LayerNorm,
  type LayerNormFunctionOptions,
  layerNorm,
  RMSNorm,
  type RMSNormOptions,
  rmsNorm,
} from './normalization/layer-norm.ts';
export type { AffineOptions, NormOptions } from './normalization/norm-statistics.ts';
export {
  SpectralNorm,
  type SpectralNormOptions,
  WeightNorm,
  type WeightNormOptions,
  weightNorm,
} from './normalization/weight-norms.ts';
export { type CellOptions, GRUCell, LSTMCell, RNNCell } from './recurrent/cell-modules.ts';
export { type CellWeights, gruCell, lstmCell, type RnnNonlinearity, rnnCell } from './recurrent/cells.ts';
export {
  gru,
  lstm,
  type RecurrentFunctionOptions,
  rnn,
  type SequenceOptions,
  type SequenceResult,
} from './recurrent/functions.ts';
export { GRU, LSTM, type RecurrentOptions, RNN, type SequenceMap, type WeightName } from './recurrent/layers.ts';
export type { RecurrentWeights } from './recurrent/sequences.ts';
export { Flatten, InputShape, PixelShuffle, pixelShuffle, Reshape } from './reshape-layers.ts';
export { init };
