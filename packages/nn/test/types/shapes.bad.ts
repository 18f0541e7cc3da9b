import { Random, zeros } from '@tapegrad/core';
import {
  crossEntropy,
  Dense,
  Dropout,
  GRU,
  LSTM,
  LSTMCell,
  mse,
  multiMargin,
  nll,
  ReLU,
  RNN,
  Sequential,
  tripletMargin,
} from '@tapegrad/nn';

const random = new Random(1);

new Sequential(new Dense(784, 256), new ReLU(), new Dense(128, 10));
// error: ShapeError<"expects 128 features but receives 256">
new Sequential(new Dense(784, 256, { random }), new ReLU(), new Dense(128, 10, { random }));
// error: ShapeError<"expects 128 features but receives 256">

const inner = new Sequential(new ReLU(), new Dense(256, 12));
new Sequential(new Dense(784, 256), inner, new Dense(128, 10));
// error: ShapeError<"expects 128 features but receives 12">

const model = new Sequential(new Dense(784, 10));
model.forward(zeros([64, 256]));
// error: ShapeError<"expects 784 features but receives 256">
new Dense(784, 10).forward(zeros([]));
// error: ShapeError<"expects 784 features but receives a scalar">
const w: readonly [128, 10] = model.layers[0].weight.shape;
// error: Type '784' is not assignable to type '128'

mse(zeros([8, 1]), zeros([8]));
// error: ShapeError<"mse: predictions of shape [8, 1] and targets of shape [8] differ">
crossEntropy(zeros([8, 10]), zeros([7]));
// error: ShapeError<"crossEntropy: logits of shape [8, 10] need labels of shape [8] or probabilities of shape [8, 10], got [7]">
const each: readonly [9] = crossEntropy(zeros([8, 10]), zeros([8]), { reduction: 'none' }).shape;

// error: Type '8' is not assignable to type '9'

nll(zeros([8, 10, 4, 4]), zeros([8, 4]));
// error: ShapeError<"nll: logits of shape [8, 10, 4, 4] need labels of shape [8, 4, 4], got [8, 4]">
multiMargin(zeros([8, 10]), zeros([9]));
// error: ShapeError<"multiMargin: logits of shape [8, 10] need labels of shape [8], got [9]">
tripletMargin(zeros([8, 3]), zeros([8, 3]), zeros([7, 3]));
// error: ShapeError<"tripletMargin: predictions of shape [8, 3] and targets of shape [7, 3] differ">

new LSTM(64, 256).forward(zeros([8, 5, 32]));
// error: ShapeError<"expects 64 features but receives 32">
new GRU(64, 256).forward(zeros([8, 64]));
// error: ShapeError<"expects sequences of shape [batch, steps, 64] but receives [8, 64]">
new LSTMCell(64, 256).forward(zeros([8, 32]));
// error: ShapeError<"expects 64 features but receives 32">
new RNN(64, 256).weights.weightIhL0Backward;
// error: Property 'weightIhL0Backward' does not exist
const steps: readonly [3, 6, 2] = new RNN(4, 2).forward(zeros([3, 5, 4])).output.shape;
// error: Type '5' is not assignable to type '6'

new Dropout(0.5);

// error: Expected 2 arguments, but got 1

export { each, steps, w };
