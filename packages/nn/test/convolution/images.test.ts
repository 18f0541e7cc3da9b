/** Convolutions, poolings and rearrangements: errors, initial weights, and equivalent computations. */

import { arange, type DType, ones, Random, type Shape, type Tensor, tensor, zeros } from '@tapegrad/core';
import {
  AdaptiveAvgPool2d,
  AvgPool2d,
  adaptiveAvgPool2d,
  avgPool1d,
  avgPool2d,
  Conv1d,
  Conv2d,
  ConvTranspose2d,
  conv1d,
  conv2d,
  convTranspose1d,
  convTranspose2d,
  Flatten,
  globalAvgPool,
  InputShape,
  init,
  MaxPool2d,
  maxPool1d,
  maxPool2d,
  PixelShuffle,
  pixelShuffle,
  Reshape,
  Sequential,
  summary,
  Upsample,
  type UpsampleOptions,
  upsample,
} from '@tapegrad/nn';
import { gradcheck } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const maps = (...shape: Shape): Tensor => zeros(shape, { dtype: 'float64' });
const ints = (...shape: Shape): Tensor => zeros(shape, { dtype: 'int32' satisfies DType });
const picture = maps(2, 3, 5, 6);

// biome-ignore format: a line each
const refused: readonly (readonly [message: string, call: () => unknown])[] = [
  ['conv2d: expected an input of shape [batch, channels, height, width], got [3, 5, 6]', () => conv2d(maps(3, 5, 6), maps(4, 3, 3, 3))],
  ['conv1d: expected an input of shape [batch, channels, length], got [2, 3, 5, 6]', () => conv1d(picture, maps(4, 3, 3))],
  ['conv2d: expected a weight of shape [out, in / groups, ...kernel], got [4, 3, 3]', () => conv2d(picture, maps(4, 3, 3))],
  ['conv2d: expects 2 channels but receives 3, in an input of shape [2, 3, 5, 6]', () => conv2d(picture, maps(4, 2, 3, 3))],
  ['conv2d: expected a bias of shape [4], got [3]', () => conv2d(picture, maps(4, 3, 3, 3), maps(3))],
  ['conv2d: expected groups that divide the 4 channels of the result, got 3', () => conv2d(picture, maps(4, 1, 3, 3), undefined, { groups: 3 })],
  ['conv2d: expected a stride as an integer of at least 1, or 2 of them, got 0', () => conv2d(picture, maps(4, 3, 3, 3), undefined, { stride: 0 })],
  ['conv2d: expected a dilation as an integer of at least 1, or 2 of them, got [1, 1, 1]', () => conv2d(picture, maps(4, 3, 3, 3), undefined, { dilation: [1, 1, 1] })],
  ['conv2d: expected a padding as an integer of at least 0, or 2 of them, got [1, -1]', () => conv2d(picture, maps(4, 3, 3, 3), undefined, { padding: [1, -1] })],
  ["conv2d: padding 'same' requires a stride of 1, got [2, 2]", () => conv2d(picture, maps(4, 3, 3, 3), undefined, { padding: 'same', stride: 2 })],
  ['conv2d: expected float32 or float64, got int32; cast it first', () => conv2d(ints(2, 3, 5, 6), ints(4, 3, 3, 3))],
  ['conv: a window that spans 7 does not fit axis 2 of padded length 5', () => conv2d(picture, maps(4, 3, 7, 3))],
  ['conv2d: expected an input of float32, like the weight, got float64; cast one of them first', () => conv2d(picture, zeros([4, 3, 3, 3]))],
  ['convTranspose2d: expects 4 channels but receives 3, in an input of shape [2, 3, 5, 6]', () => convTranspose2d(picture, maps(4, 3, 3, 3))],
  ['convTranspose1d: expected groups that divide the 3 channels of the input, got 2', () => convTranspose1d(maps(1, 3, 5), maps(3, 3, 3), undefined, { groups: 2 })],
  ['convTranspose2d: expected an output padding smaller than the stride or the dilation, got 2 for a stride of 2 and a dilation of 1', () => convTranspose2d(picture, maps(3, 3, 3, 3), undefined, { stride: 2, outputPadding: 2 })],
  ['convTranspose1d: the padding removes the whole result: an input of shape [1, 3, 2] gives [0]', () => convTranspose1d(maps(1, 3, 2), maps(3, 3, 3), undefined, { padding: 2 })],
  ['Conv2d: the number of channels of the input is 0, expected an integer above 0', () => new Conv2d(0, 3, 3)],
  ['Conv1d: expected a kernel size as an integer of at least 1, or 1 of them, got [3, 3]', () => new Conv1d(2, 3, [3, 3])],
  ['Conv2d: expected groups that divide 4 channels of the input and 6 of the result, got 4', () => new Conv2d(4, 6, 3, { groups: 4 })],
  ['maxPool2d: expected an input of shape [..., channels, height, width], got [5, 6]', () => maxPool2d(maps(5, 6), 2)],
  ['maxPool2d: expected a padding of at most half a window of 3, got 2', () => maxPool2d(picture, 3, { padding: 2 })],
  ['maxPool: a window that spans 7 does not fit axis 2 of padded length 5', () => maxPool2d(picture, 7)],
  ['avgPool1d: expected float32 or float64, got int32; cast it first', () => avgPool1d(ints(3, 5), 2)],
  ['avgPool1d: expected an input of shape [..., channels, length], got [5]', () => avgPool1d(maps(5), 2)],
  ['adaptiveAvgPool2d: expected a size as an integer of at least 1, or 2 of them, got 0', () => adaptiveAvgPool2d(picture, 0)],
  ['globalAvgPool: expected an input of shape [batch, channels, ...], got [2, 3]', () => globalAvgPool(maps(2, 3))],
  ['InputShape: expects examples of shape [3, 5] but receives [3, 6]', () => new InputShape([3, 5]).forward(maps(2, 3, 6))],
  ['InputShape: expects examples of shape [] but receives a scalar', () => new InputShape([]).forward(maps())],
  ['Flatten: expected an input of shape [batch, ...], got a scalar', () => new Flatten().forward(maps())],
  ['Reshape: expects 6 elements per example but receives 8', () => new Reshape([2, 3]).forward(maps(2, 8))],
  ['pixelShuffle: expected a number of channels divisible by 4, got 3', () => pixelShuffle(picture, 2)],
  ['PixelShuffle: the factor is 1.5, expected an integer above 0', () => new PixelShuffle(1.5)],
  ['maxPool: window 0 along axis 1 of length 1 has only padding', () => maxPool1d(ones([1, 1]), 2, { dilation: 2, padding: 1 })],
  ['upsample: expected either a size or a scale', () => upsample(picture, {} as UpsampleOptions)],
  ['upsample: expected one or two scales above 0 that leave an element, got 0.1,1', () => upsample(picture, { scale: [0.1, 1] })],
];

test.each(refused)('%s', (message, call) => {
  expect(call).toThrow(message);
});

describe('layers', () => {
  test('begin as PyTorch’s: uniform within one over the root of what an output sums up', () => {
    const random = new Random(3);
    const layers = [
      [new Conv2d(8, 32, 5, { groups: 2, random }), [32, 4, 5, 5], 1 / Math.sqrt(4 * 25)],
      [new ConvTranspose2d(8, 32, [5, 3], { groups: 2, random }), [8, 16, 5, 3], 1 / Math.sqrt(16 * 15)],
    ] as const;
    for (const [{ weight, bias }, shape, bound] of layers) {
      expect(weight.shape).toEqual(shape);
      expect(bias?.shape).toEqual([32]);
      const largest = Math.max(...weight.data.map(Math.abs));
      expect(largest).toBeLessThanOrEqual(bound);
      expect(largest).toBeGreaterThan(0.98 * bound);
      expect(Math.max(...bias!.data.map(Math.abs))).toBeLessThanOrEqual(bound);
    }
  });

  test('take the initialisers, the generator and the dtype that they are given', () => {
    const options = { init: init.ones(), biasInit: init.constant(2), dtype: 'float64' } as const;
    const { weight, bias } = new Conv1d(2, 3, 4, options);
    expect([weight.dtype, weight.sum().item(), bias?.toArray()]).toEqual(['float64', 24, [2, 2, 2]]);
    const made = [1, 1, 2].map((seed) => new Conv2d(2, 3, 2, { random: new Random(seed) }).weight.toArray());
    expect(made[0]).toEqual(made[1]);
    expect(made[0]).not.toEqual(made[2]);
  });

  test('say what they are', () => {
    const model = new Sequential(
      new InputShape([1, 28, 28]),
      new Conv2d(1, 16, [3, 5], { stride: 2, padding: [1, 2] }),
      new MaxPool2d(2),
      new Conv2d(16, 32, 3, { padding: 'same', groups: 4, bias: false }),
      new Upsample({ scale: 2 }),
      new AdaptiveAvgPool2d([2, 3]),
      new Flatten(),
      new Reshape([32, 6]),
    );
    const lines = summary(model, { input: [4, 1, 28, 28] }).split('\n');
    expect(lines.map((line) => line.split(/ {2,}/).slice(1).join(' | '))).toEqual([
      'kind | output | parameters',
      '',
      'InputShape([1, 28, 28]) | [4, 1, 28, 28] | 0',
      'Conv2d(1, 16, [3, 5], stride 2, padding [1, 2]) | [4, 16, 14, 14] | 256',
      'MaxPool2d(2) | [4, 16, 7, 7] | 0',
      'Conv2d(16, 32, 3, padding same, groups 4) | [4, 32, 7, 7] | 1,152',
      'Upsample(scale 2, nearest) | [4, 32, 14, 14] | 0',
      'AdaptiveAvgPool2d([2, 3]) | [4, 32, 2, 3] | 0',
      'Flatten() | [4, 192] | 0',
      'Reshape([32, 6]) | [4, 32, 6] | 0',
      '',
      'Sequential(8 layers) | [4, 32, 6] | 1,408',
    ]);
  });
});

test('a layer of known sizes is one of any', () => {
  const pools: readonly (MaxPool2d | AvgPool2d)[] = [new MaxPool2d(2), new AvgPool2d([2, 3], { stride: 2 })];
  const first: Conv2d = new Conv2d(1, 4, 3, { padding: 1, dtype: 'float64' });
  const convolutions: readonly Conv2d[] = [first, new Conv2d(4, 2, [3, 1], { dtype: 'float64' })];
  const [x, convolved] = [maps(1, 1, 9, 9), first.forward(maps(1, 1, 9, 9)) as Tensor];
  expect(pools.map((pool) => (pool.forward(x) as Tensor).shape)).toEqual([
    [1, 1, 4, 4],
    [1, 1, 4, 4],
  ]);
  expect((convolutions[1]!.forward(convolved) as Tensor).shape).toEqual([1, 2, 7, 9]);
});

describe('awkward points', () => {
  test('of equal maxima the first gets the gradient, and NaN is the largest', () => {
    const x = tensor([[5, 5, 1, Number.NaN, 7, Number.NaN]], { requiresGrad: true });
    const y = maxPool1d(x, 2);
    expect(y.toArray()).toEqual([[5, Number.NaN, Number.NaN]]);
    expect(
      y
        .backward({ seed: tensor([[1, 2, 3]]) })
        .of(x)
        .toArray(),
    ).toEqual([[1, 0, 0, 2, 0, 3]]);
  });

  test('padding is never the maximum', () => {
    expect(maxPool1d(tensor([[-3, -2, -1]]), 3, { stride: 1, padding: 1 }).toArray()).toEqual([[-2, -1, -1]]);
    expect(maxPool1d(tensor([[-Infinity, -Infinity]]), 2, { padding: 1 }).toArray()).toEqual([[-Infinity, -Infinity]]);
  });

  test('an empty batch has an empty result', () => {
    expect(conv2d(maps(0, 3, 5, 6), maps(4, 3, 3, 3)).shape).toEqual([0, 4, 3, 4]);
    expect(convTranspose2d(maps(0, 3, 5, 6), maps(3, 4, 3, 3)).shape).toEqual([0, 4, 7, 8]);
    expect(maxPool2d(maps(0, 3, 5, 6), 2).shape).toEqual([0, 3, 2, 3]);
    expect(avgPool2d(maps(0, 3, 5, 6), 2).shape).toEqual([0, 3, 2, 3]);
  });

  test('views are taken as they lie', () => {
    const x = arange(60).reshape([3, 5, 2, 2]).permute([2, 0, 1, 3]).flip(2) as Tensor;
    const copy = tensor(x.data, { shape: x.shape });
    const w = arange(24).reshape([3, 2, 2, 2]).permute([1, 0, 2, 3]) as Tensor;
    expect(conv2d(x, w).toArray()).toEqual(conv2d(copy, tensor(w.data, { shape: w.shape })).toArray());
    expect(maxPool2d(x, [2, 1]).toArray()).toEqual(maxPool2d(copy, [2, 1]).toArray());
  });

  test('integers have maxima too', () => {
    expect(maxPool1d(tensor([[3, 1, 2, 7]], { dtype: 'int32' }), 2).toArray()).toEqual([[3, 7]]);
  });
});

test('gradients of second order are those of differences', () => {
  const random = new Random(7);
  const normal = (...shape: Shape): Tensor => random.normal(shape, { dtype: 'float64' });
  const f = (x: Tensor, w: Tensor, b: Tensor): Tensor =>
    avgPool2d(maxPool2d(conv2d(x, w, b, { stride: 2, padding: 1 }).tanh(), 2), 2, { stride: 1 });
  expect(gradcheck(f as never, [normal(2, 2, 8, 8), normal(3, 2, 3, 3), normal(3)] as never).passed).toBe(true);
});

test('a transposed convolution is the adjoint of a convolution', () => {
  const random = new Random(8);
  const [x, w] = [random.normal([2, 4, 7, 9], { dtype: 'float64' }), random.normal([6, 2, 3, 2], { dtype: 'float64' })];
  const options = { stride: 2, padding: 1, groups: 2 } as const;
  const y = conv2d(x as Tensor, w as Tensor, undefined, options);
  const g = random.normal(y.shape, { dtype: 'float64' }) as Tensor;
  const back = convTranspose2d(g, w as Tensor, undefined, { ...options, outputPadding: [0, 1] });
  expect(
    back
      .mul(x as Tensor)
      .sum()
      .item(),
  ).toBeCloseTo(g.mul(y).sum().item(), 10);
});

test('an average over ones is one where the padding does not count', () => {
  expect(avgPool2d(ones([1, 1, 4, 4]), 3, { stride: 2, padding: 1, countIncludePad: false }).toArray()).toEqual([
    [
      [
        [1, 1],
        [1, 1],
      ],
    ],
  ]);
});
