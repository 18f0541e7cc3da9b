import { Random, zeros } from '@tapegrad/core';
import {
  avgPool2d,
  BatchNorm1d,
  binaryCrossEntropy,
  Conv2d,
  ConvTranspose2d,
  conv2d,
  cosineEmbedding,
  crossEntropy,
  ctc,
  Dense,
  Dropout,
  Embedding,
  GELU,
  GRU,
  GroupNorm,
  gaussianNll,
  hinge,
  huber,
  klDivergence,
  LayerNorm,
  LSTM,
  l1,
  MaxPool2d,
  MultiHeadAttention,
  mse,
  multiLabelMargin,
  multiMargin,
  nll,
  poissonNll,
  RMSNorm,
  RNN,
  sigmoidFocal,
  smoothL1,
  softmaxFocal,
  TransformerEncoder,
  tripletMargin,
  Upsample,
  upsample,
} from '@tapegrad/nn';

const random = new Random(1);
const p = zeros([2, 2]);
const labels = zeros([2], { dtype: 'int32' });
const targets = zeros([2, 2], { dtype: 'int32' });
const maps = zeros([1, 1, 2, 2]);

mse(p, p, { reductions: 'sum' });
// error: 'reductions' does not exist in type
l1(p, p, { reduce: 'sum' });
// error: 'reduce' does not exist in type
huber(p, p, { beta: 1 });
// error: 'beta' does not exist in type
smoothL1(p, p, { delta: 1 });
// error: 'delta' does not exist in type
hinge(p, p, { margin: 1 });
// error: 'margin' does not exist in type
binaryCrossEntropy(p, p, { posweight: 2 });
// error: 'posweight' does not exist in type
sigmoidFocal(p, p, { gama: 2 });
// error: 'gama' does not exist in type
gaussianNll(p, p, p, { epsilon: 1 });
// error: 'epsilon' does not exist in type
poissonNll(p, p, { log: true });
// error: 'log' does not exist in type
klDivergence(p, p, { logTargets: true });
// error: 'logTargets' does not exist in type
crossEntropy(p, labels, { labelsmoothing: 0.1 });
// error: 'labelsmoothing' does not exist in type
crossEntropy(p, p, { label_smoothing: 0.1 });
// error: 'label_smoothing' does not exist in type
nll(p, labels, { ignore: 0 });
// error: 'ignore' does not exist in type
softmaxFocal(p, labels, { alpha: 1 });
// error: 'alpha' does not exist in type
multiMargin(p, labels, { p: 2 });
// error: 'p' does not exist in type
multiLabelMargin(p, targets, { margin: 2 });
// error: 'margin' does not exist in type
cosineEmbedding(p, p, zeros([2]), { margins: 0 });
// error: 'margins' does not exist in type
tripletMargin(p, p, p, { p: 2 });
// error: 'p' does not exist in type
ctc(zeros([1, 2, 3]), targets, [2], [1], { blanks: 0 });
// error: 'blanks' does not exist in type
new Dense(2, 2, { biases: false });
// error: 'biases' does not exist in type
new Embedding(2, 2, { padding: 0 });
// error: 'padding' does not exist in type
new BatchNorm1d(2, { epsilon: 1 });
// error: 'epsilon' does not exist in type
new LayerNorm(2, { elementwiseAffine: false });
// error: 'elementwiseAffine' does not exist in type
new RMSNorm(2, { bias: false });
// error: 'bias' does not exist in type
new GroupNorm(1, 2, { epsilon: 1 });
// error: 'epsilon' does not exist in type
new GELU({ approximation: 'tanh' });
// error: 'approximation' does not exist in type
new GRU(2, 2, { layers: 2 });
// error: 'layers' does not exist in type
new LSTM(2, 2, { biDirectional: true });
// error: 'biDirectional' does not exist in type
new RNN(2, 2, { activation: 'relu' });
// error: 'activation' does not exist in type
new MultiHeadAttention(2, 1, { kdim: 2 });
// error: 'kdim' does not exist in type
new TransformerEncoder(1, 2, 1, { normfirst: true });
// error: 'normfirst' does not exist in type
new Dropout(0.5, { random, inplace: true });
// error: 'inplace' does not exist in type
new Upsample({ scale: 2, modes: 'bilinear' });
// error: is not assignable to type 'never'
upsample(maps, { size: 4, align_corners: true, mode: 'bilinear' });
// error: is not assignable to type 'never'
new Conv2d(1, 2, 3, { pad: 1 });
// error: 'pad' does not exist in type
new ConvTranspose2d(1, 2, 3, { output_padding: 1 });
// error: 'output_padding' does not exist in type
conv2d(maps, zeros([1, 1, 1, 1]), undefined, { strides: 2 });
// error: 'strides' does not exist in type
new MaxPool2d(2, { strides: 2 });
// error: 'strides' does not exist in type
avgPool2d(maps, 2, { count_include_pad: false });
// error: 'count_include_pad' does not exist in type
