import { zeros } from '@tapegrad/core';
import {
  Bilinear,
  Dense,
  Embedding,
  MultiHeadAttention,
  Residual,
  Sequential,
  TransformerEncoderLayer,
} from '@tapegrad/nn';

new Sequential(new Embedding(1000, 64), new TransformerEncoderLayer(128, 4));
// error: ShapeError<"expects 128 features but receives 64">
new Sequential(new Embedding(1000, 64), new Dense(32, 2));
// error: ShapeError<"expects 32 features but receives 64">
new MultiHeadAttention(8, 2).forward(zeros([2, 3, 6]), { causal: true });
// error: ShapeError<"expects 8 features but receives 6">
new Bilinear(3, 4, 2).forward(zeros([8, 3]), zeros([8, 3]));
// error: ShapeError<"expects 4 features but receives 3">
new Residual(new Dense(4, 5)).forward(zeros([2, 4]));
// error: ShapeError<"Residual: expected layers that keep the shape, but [2, 4] became [2, 5]">
new Residual(new Dense(4, 8), new Dense(5, 4));
// error: ShapeError<"expects 5 features but receives 8">
const vectors: readonly [2, 3, 32] = new Embedding(1000, 64).forward(zeros([2, 3], { dtype: 'int32' })).shape;

// error: Type '64' is not assignable to type '32'

export { vectors };
