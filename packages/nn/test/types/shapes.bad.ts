import { Random, zeros } from '@tapegrad/core';
import { crossEntropy, Dense, Dropout, mse, ReLU, Sequential } from '@tapegrad/nn';

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

new Dropout(0.5);

// error: Expected 2 arguments, but got 1

export { each, w };
