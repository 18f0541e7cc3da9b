import { zeros } from '@tapegrad/core';
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  Dense,
  Embedding,
  Flatten,
  GlobalAvgPool,
  InputShape,
  MaxPool2d,
  PixelShuffle,
  ReLU,
  Reshape,
  Sequential,
  Upsample,
} from '@tapegrad/nn';

const model = new Sequential(
  new Conv2d(1, 16, 3, { padding: 'same' }),
  new ReLU(),
  new MaxPool2d(2),
  new Conv2d(16, 32, 3, { padding: 1 }),
  new MaxPool2d(2),
  new Flatten(),
  new Dense(1568, 10),
);
model.forward(zeros([64, 1, 32, 32]));
// error: ShapeError<"expects 1568 features but receives 2048">
model.forward(zeros([64, 3, 28, 28]));
// error: ShapeError<"expects 1 channels but receives 3">
const logits: readonly [9, 10] = model.forward(zeros([64, 1, 28, 28])).shape;
// error: Type '64' is not assignable to type '9'

new Sequential(new InputShape([1, 28, 28]), new Conv2d(1, 16, 3), new MaxPool2d(2), new Flatten(), new Dense(1568, 10));
// error: ShapeError<"expects 1568 features but receives 2704">
new Sequential(new InputShape([28]), new Dense(28, 10)).forward(zeros([4, 27]));
// error: ShapeError<"expects examples of shape [28] but receives [27]">
new Sequential(new Conv2d(1, 16, 3), new Conv2d(32, 8, 3));
// error: ShapeError<"expects 32 channels but receives 16">
new Sequential(new Embedding(100, 8), new Flatten(), new Dense(64, 10)).forward(zeros([4, 5], { dtype: 'int32' }));
// error: ShapeError<"expects 64 features but receives 40">
new Sequential(new InputShape([784]), new Dense(784, 6272), new Reshape([32, 7, 7]));
// error: ShapeError<"expects 1568 elements per example but receives 6272">
new Conv2d(1, 16, 3, { paddding: 1 });
// error: 'paddding' does not exist in type
new MaxPool2d(2, { dilate: 1 });
// error: 'dilate' does not exist in type

const pictures = zeros([1, 3, 27, 28]);
const strided: readonly [0] = new Conv2d(3, 16, [3, 5], { stride: 2, padding: [1, 1] }).forward(pictures).shape;
// error: Type 'readonly [1, 16, 14, 13]' is not assignable
const dilated: readonly [0] = new Conv1d(4, 8, 5, { dilation: 3 }).forward(zeros([2, 4, 1000])).shape;
// error: Type 'readonly [2, 8, 988]' is not assignable
const unknown: readonly [0] = new Conv2d(3, 16, 3).forward(zeros([1, 3, 28 as number, 28])).shape;
// error: Type 'readonly [1, 16, number, 26]' is not assignable
const twice = new ConvTranspose2d(16, 3, 3, { stride: 2, padding: 1, outputPadding: 1 });
const transposed: readonly [0] = twice.forward(zeros([1, 16, 7, 9])).shape;
// error: Type 'readonly [1, 3, 14, 18]' is not assignable
const averaged: readonly [0] = new AvgPool2d(3, { stride: 2 }).forward(zeros([8, 64, 7, 8])).shape;
// error: Type 'readonly [8, 64, 3, 3]' is not assignable
const open: readonly [0] = new MaxPool2d(2, { ceilMode: true }).forward(zeros([8, 64, 7, 8])).shape;
// error: Type 'readonly [8, 64, number, number]' is not assignable
const adapted: readonly [0] = new AdaptiveAvgPool2d([5, 6]).forward(zeros([8, 64, 7, 8])).shape;
// error: Type 'readonly [8, 64, 5, 6]' is not assignable
const pooled: readonly [0] = new GlobalAvgPool().forward(zeros([8, 64, 7, 8])).shape;
// error: Type 'readonly [8, 64]' is not assignable
const larger: readonly [0] = new Upsample({ scale: [2, 3] }).forward(zeros([8, 64, 7, 8])).shape;
// error: Type 'readonly [8, 64, 14, 24]' is not assignable
const shuffled: readonly [0] = new PixelShuffle(2).forward(zeros([8, 64, 7, 8])).shape;

// error: Type 'readonly [8, 16, 14, 16]' is not assignable

export { adapted, averaged, dilated, larger, logits, open, pooled, shuffled, strided, transposed, unknown };
