/**
 * Layers and losses in functions generic in the number of examples or the shape compile, and their results have the
 * shapes that their types say.
 */

import { ones, Random, type Shape, type Tensor, zeros } from '@tapegrad/core';
import {
  BatchNorm1d,
  Conv2d,
  crossEntropy,
  Dense,
  Dropout,
  dense,
  Embedding,
  Flatten,
  GELU,
  huber,
  LayerNorm,
  LSTM,
  MaxPool2d,
  Module,
  mse,
  nll,
  ReLU,
  Residual,
  Sequential,
} from '@tapegrad/nn';
import { expect, test } from 'vitest';

const random = new Random(1);

type Rows<N extends number, K extends number> = Tensor<readonly [N, K]>;
type Images<N extends number> = Tensor<readonly [N, 1, 28, 28]>;

test('layers of any number of examples', () => {
  const one = <N extends number>(x: Rows<N, 8>): Rows<N, 4> => new Dense(8, 4, { random }).forward(x);
  const asFunction = <N extends number>(x: Rows<N, 8>): Rows<N, 4> => dense(x, zeros([8, 4]), zeros([4]));
  const several = <N extends number>(x: Rows<N, 8>): Rows<N, 4> =>
    new Sequential(new Dense(8, 16, { random }), new ReLU(), new Dense(16, 4, { random })).forward(x);
  const same = <N extends number>(x: Rows<N, 8>): Rows<N, 8> =>
    new Residual(new Dense(8, 8, { random }), new GELU()).forward(
      new LayerNorm(8).forward(new BatchNorm1d(8).forward(x)),
    );
  const pictures = <N extends number>(x: Images<N>): Rows<N, 10> =>
    new Sequential(
      new Conv2d(1, 4, 3, { random }),
      new ReLU(),
      new MaxPool2d(2),
      new Flatten(),
      new Dense(4 * 13 * 13, 10, { random }),
    ).forward(x);
  const words = <N extends number>(x: Tensor<readonly [N]>): Rows<N, 16> =>
    new Embedding(10, 16, { random }).forward(x);
  const sequences = <N extends number, T extends number>(x: Tensor<readonly [N, T, 8]>): Tensor<readonly [N, T, 4]> =>
    new LSTM(8, 4, { random }).forward(x).output;
  const x = random.normal([5, 8]);
  expect(one(x).shape).toEqual([5, 4]);
  expect(asFunction(x).shape).toEqual([5, 4]);
  expect(several(x).shape).toEqual([5, 4]);
  expect(same(x).shape).toEqual([5, 8]);
  expect(pictures(zeros([2, 1, 28, 28])).shape).toEqual([2, 10]);
  expect(words(zeros([3], { dtype: 'int32' })).shape).toEqual([3, 16]);
  expect(sequences(zeros([2, 3, 8])).shape).toEqual([2, 3, 4]);
});

test('layers and losses of any shape', () => {
  const thinned = <S extends Shape>(x: Tensor<S>): Tensor<S> =>
    new Dropout(0.5, { random }).forward(new ReLU().forward(x));
  const loss = <S extends Shape>(x: Tensor<S>, y: Tensor<S>): Tensor<readonly []> => mse(x, y);
  const losses = <S extends Shape>(x: Tensor<S>, y: Tensor<S>): Tensor<S> => huber(x, y, { reduction: 'none' });
  const labelled = <N extends number, C extends number>(x: Rows<N, C>, y: Tensor<readonly [N]>): Tensor<readonly []> =>
    crossEntropy(x, y).add(nll(x.logSoftmax(1), y));
  expect(thinned(ones([2, 3])).shape).toEqual([2, 3]);
  expect(loss(ones([2]), zeros([2])).item()).toBe(1);
  expect(losses(ones([2]), zeros([2])).toArray()).toEqual([0.5, 0.5]);
  expect(labelled(zeros([2, 1]), zeros([2], { dtype: 'int32' })).item()).toBe(0);
});

test('modules that are generic themselves', () => {
  class Net<In extends number> extends Module {
    readonly first: Dense<In, 16>;
    readonly second = new Dense(16, 3, { random });

    constructor(features: In) {
      super();
      this.first = new Dense(features, 16, { random });
    }

    forward<N extends number>(x: Rows<N, In>): Rows<N, 3> {
      return this.second.forward(this.first.forward(x).relu());
    }
  }
  class Twice extends Module {
    forward<S extends Shape>(x: Tensor<S>): Tensor<S> {
      return x.add(x);
    }
  }
  expect(new Net(8).forward(zeros([5, 8])).shape).toEqual([5, 3]);
  expect(new Twice().forward(ones([2])).toArray()).toEqual([2, 2]);
});
