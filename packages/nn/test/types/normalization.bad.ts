import { zeros } from '@tapegrad/core';
import { BatchNorm2d, Conv2d, Dense, GroupNorm, LayerNorm, Sequential } from '@tapegrad/nn';

new Sequential(new Dense(784, 256), new LayerNorm(128));
// error: ShapeError<"expects 128 features but receives 256">
new BatchNorm2d(16).forward(zeros([8, 3, 28, 28]));
// error: ShapeError<"expects 16 channels but receives 3">
new GroupNorm(2, 4).forward(zeros([8, 6]));
// error: ShapeError<"expects 4 channels but receives 6">
new Sequential(new Conv2d(3, 16, 3), new BatchNorm2d(32));
// error: ShapeError<"expects 32 channels but receives 16">
