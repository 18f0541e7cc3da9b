import { type Tensor, zeros } from '@tapegrad/core';
import {
  adaptiveAvgPool2d,
  avgPool1d,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  dense,
  globalAvgPool,
  maxPool2d,
  pixelShuffle,
  upsample,
} from '@tapegrad/nn';

const x = zeros([8, 3, 27, 28]);
const weight = zeros([16, 3, 3, 5]);

conv2d(x, zeros([16, 4, 3, 3]));
// error: ShapeError<"expects 4 channels but receives 3">
conv2d(x, zeros([16, 3, 3]));
// error: ShapeError<"conv2d: expected a weight of shape [out, in / groups, ...kernel], got [16, 3, 3]">
conv2d(zeros([3, 27, 28]), weight);
// error: ShapeError<"expected an input of shape [batch, channels, height, width], got [3, 27, 28]">
conv2d(x, zeros([16, 3, 3, 3]), undefined, { groups: 3 });
// error: ShapeError<"expects 9 channels but receives 3">
convTranspose2d(x, zeros([16, 3, 3, 3]));
// error: ShapeError<"expects 16 channels but receives 3">
conv2d(x, weight, undefined, { paddding: 1 });
// error: 'paddding' does not exist in type
maxPool2d(x, 2, { countIncludePad: true });
// error: 'countIncludePad' does not exist in type

const convolved: Tensor<readonly [0]> = conv2d(x, weight, undefined, { stride: 2, padding: [1, 2] });
// error: Type 'Tensor<readonly [8, 16, 14, 14]>' is not assignable
const same: Tensor<readonly [0]> = conv1d(zeros([2, 4, 1000]), zeros([6, 2, 5]), undefined, {
  // error: Type 'Tensor<readonly [2, 6, 1000]>' is not assignable
  ...{ groups: 2, padding: 'same' },
});
const stretched: Tensor<readonly [0]> = convTranspose1d(zeros([2, 4, 9]), zeros([4, 2, 5]), undefined, { stride: 3 });
// error: Type 'Tensor<readonly [2, 2, 29]>' is not assignable
const unknown: Tensor<readonly [0]> = conv2d(x as Tensor, weight);
// error: Type 'Tensor<readonly [number, 16, number, number]>' is not assignable
const weighed: Tensor<readonly [0]> = conv2d(x, weight as Tensor);
// error: Type 'Tensor<readonly [8, number, number, number]>' is not assignable
const pooled: Tensor<readonly [0]> = maxPool2d(x, [3, 2], { stride: 2 });
// error: Type 'Tensor<readonly [8, 3, 13, 14]>' is not assignable
const averaged: Tensor<readonly [0]> = avgPool1d(zeros([8, 64]), 4);
// error: Type 'Tensor<readonly [8, 16]>' is not assignable
const adapted: Tensor<readonly [0]> = adaptiveAvgPool2d(x, [5, 6]);
// error: Type 'Tensor<readonly [8, 3, 5, 6]>' is not assignable
const means: Tensor<readonly [0]> = globalAvgPool(x);
// error: Type 'Tensor<readonly [8, 3]>' is not assignable
const larger: Tensor<readonly [0]> = upsample(x, { scale: 2, mode: 'bilinear' });
// error: Type 'Tensor<readonly [8, 3, 54, 56]>' is not assignable
const shuffled: Tensor<readonly [0]> = pixelShuffle(zeros([8, 64, 7, 8]), 2);
// error: Type 'Tensor<readonly [8, 16, 14, 16]>' is not assignable

const network = (images: Tensor<readonly [number, 1, 28, 28]>, labels: Tensor<readonly [1568, 10]>) => {
  const first = maxPool2d(conv2d(images, zeros([16, 1, 3, 3]), zeros([16]), { padding: 'same' }), 2);
  const second = maxPool2d(conv2d(first, zeros([32, 16, 3, 3]), zeros([32]), { padding: 1 }), 2);
  return dense(globalAvgPool(second), labels);
  // error: ShapeError<"matmul: inner dimensions 32 and 1568 differ">
};

export { adapted, averaged, convolved, larger, means, network, pooled, same, shuffled, stretched, unknown, weighed };
