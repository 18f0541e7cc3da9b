import {
  ArgumentError,
  DTypeError,
  full,
  grad,
  ones,
  Random,
  ShapeError,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from '@tapegrad/core';
import type { Scalar } from '@tapegrad/core/extend';
import {
  binaryCrossEntropy,
  cosineEmbedding,
  crossEntropy,
  ctc,
  gaussianNll,
  hinge,
  huber,
  klDivergence,
  l1,
  mse,
  multiLabelMargin,
  multiMargin,
  nll,
  poissonNll,
  type Reduction,
  sigmoidFocal,
  smoothL1,
  softmaxFocal,
  tripletMargin,
} from '@tapegrad/nn';
import { describe, expect, expectTypeOf, test } from 'vitest';

type AnyLoss = (predictions: Tensor, targets: Tensor, options?: { readonly reduction?: Reduction }) => Tensor;
type Kind = new (...args: never[]) => Error;

const pointwise: readonly (readonly [string, AnyLoss])[] = [
  ['mse', mse],
  ['l1', l1],
  ['huber', huber],
  ['hinge', hinge],
  ['binaryCrossEntropy', binaryCrossEntropy],
  ['smoothL1', smoothL1],
  ['sigmoidFocal', sigmoidFocal],
  ['poissonNll', poissonNll],
  ['klDivergence', klDivergence],
  ['gaussianNll', (p, t, options) => gaussianNll(p, t, full(p.shape, 2, { dtype: p.dtype }), options)],
];

const int = (values: readonly number[]): Tensor<readonly [number]> => tensor(Int32Array.from(values));

describe.each(pointwise)('%s', (name, loss) => {
  const column: Tensor = zeros([4, 1]);
  test.each<[string, () => unknown, Kind, string]>([
    [
      'a target to broadcast',
      () => loss(column, zeros([4])),
      ShapeError,
      `${name}: predictions of shape [4, 1] and targets of shape [4] differ; reshape one of them: losses do not broadcast`,
    ],
    ['a scalar target', () => loss(column, zeros([])), ShapeError, `${name}: predictions of shape [4, 1] and targets`],
    [
      'another dtype',
      () => loss(column, zeros([4, 1], { dtype: 'float64' })),
      DTypeError,
      `${name}: predictions are float32 and targets float64; cast one of them`,
    ],
    [
      'integers',
      () => loss(int([1]), int([1])),
      DTypeError,
      `${name}: expected float32 or float64, got int32; cast it first`,
    ],
    [
      'an empty batch',
      () => loss(zeros([0, 3]), zeros([0, 3])),
      ArgumentError,
      `${name}: the batch is empty: the predictions have shape [0, 3]`,
    ],
    [
      'an unknown reduction',
      () => loss(tensor([1]), tensor([1]), { reduction: 'max' as never }),
      ArgumentError,
      `${name}: unknown reduction 'max', expected 'mean', 'sum' or 'none'`,
    ],
  ])('refuses %s', (_, run, kind, message) => {
    expect(run).toThrow(kind);
    expect(run).toThrow(message);
  });

  test('of each element adds up to the sum, and to the mean times the number', () => {
    const x = new Random(2).normal([3, 4], { dtype: 'float64' });
    const t = x.greater(0).where(zeros([3, 4], { dtype: 'float64' }).add(1), 1);
    const [none, sum, mean] = (['none', 'sum', 'mean'] as const).map((reduction) => loss(x, t, { reduction }));
    expect(none!.shape).toEqual([3, 4]);
    expect(sum!.item()).toBeCloseTo(none!.sum().item(), 12);
    expect(mean!.item()).toBeCloseTo(none!.sum().item() / 12, 12);
  });
});

test('the shape of a loss is known while typing', () => {
  const p = zeros([8, 3]).add(0.5);
  expectTypeOf(mse(p, zeros([8, 3]))).toEqualTypeOf<Tensor<Scalar>>();
  expectTypeOf(huber(p, zeros([8, 3]), { delta: 2, reduction: 'sum' })).toEqualTypeOf<Tensor<Scalar>>();
  expectTypeOf(l1(p, zeros([8, 3]), { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8, 3]>>();
  const labels = zeros([8], { dtype: 'int32' });
  expectTypeOf(crossEntropy(p, labels)).toEqualTypeOf<Tensor<Scalar>>();
  expectTypeOf(crossEntropy(p, labels, { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8]>>();
  expectTypeOf(crossEntropy(p, zeros([8, 3]), { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8]>>();
  expectTypeOf(mse(p as Tensor, p, { reduction: 'none' })).toEqualTypeOf<Tensor>();
  expectTypeOf(klDivergence(p, p, { reduction: 'batchMean' })).toEqualTypeOf<Tensor<Scalar>>();
  expectTypeOf(nll(p, labels, { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8]>>();
  expectTypeOf(multiMargin(p, labels, { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8]>>();
  expectTypeOf(tripletMargin(p, p, p, { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8]>>();
  const pictures = zeros([8, 3, 4, 5]);
  const places = zeros([8, 4, 5], { dtype: 'int32' });
  expectTypeOf(crossEntropy(pictures, places, { reduction: 'none' })).toEqualTypeOf<Tensor<readonly [8, 4, 5]>>();
  expectTypeOf(softmaxFocal(pictures, places)).toEqualTypeOf<Tensor<Scalar>>();
});

test.each<[string, () => unknown, string]>([
  [
    'huber without width',
    () => huber(tensor([1]), tensor([1]), { delta: 0 }),
    'huber: delta is 0, expected a number above 0',
  ],
  [
    'hinge of labels 0 and 1',
    () => hinge(tensor([1, 2]), tensor([1, 0])),
    'hinge: the target at index 1 is 0, expected -1 or 1',
  ],
  [
    'binaryCrossEntropy of no probability',
    () => binaryCrossEntropy(tensor([1, 2]), tensor([1, 1.5])),
    'binaryCrossEntropy: the target at index 1 is 1.5, expected a probability, from 0 to 1',
  ],
  [
    'smoothL1 of no width',
    () => smoothL1(ones([1]), ones([1]), { beta: -1 }),
    'smoothL1: beta is -1, expected a finite number >= 0',
  ],
  [
    'poissonNll of less than nothing',
    () => poissonNll(ones([2]), tensor([0, -1])),
    'poissonNll: the target at index 1 is -1, expected a number >= 0',
  ],
  [
    'klDivergence of less than nothing',
    () => klDivergence(ones([2]), tensor([0, -1])),
    'klDivergence: the target at index 1 is -1, expected a number >= 0',
  ],
  [
    'gaussianNll of a negative variance',
    () => gaussianNll(ones([2]), ones([2]), tensor([1, -1])),
    'gaussianNll: the variance at index 1 is -1, expected a number >= 0',
  ],
  [
    'gaussianNll without eps',
    () => gaussianNll(ones([2]), ones([2]), ones([2]), { eps: 0 }),
    'gaussianNll: eps is 0, expected a number above 0',
  ],
  [
    'sigmoidFocal of a share above 1',
    () => sigmoidFocal(ones([1]), ones([1]), { alpha: 1.5 }),
    'sigmoidFocal: alpha is 1.5, expected a number up to 1',
  ],
  [
    'softmaxFocal of a negative power',
    () => softmaxFocal(ones([1, 2]), int([0]), { gamma: -1 }),
    'softmaxFocal: gamma is -1, expected a number >= 0',
  ],
  [
    'multiMargin of another power',
    () => multiMargin(ones([1, 2]), int([0]), { power: 3 as never }),
    'multiMargin: power is 3, expected 1 or 2',
  ],
  [
    'multiMargin of no class',
    () => multiMargin(ones([1, 2]), int([2])),
    'multiMargin: label 2 at index 0 is out of range: 2 classes are labelled 0 to 1',
  ],
  [
    'multiLabelMargin of no class',
    () => multiLabelMargin(ones([2, 3]), int([0, -1, 9, 1, 3, 0]).reshape([2, 3])),
    'multiLabelMargin: label 3 at index 4 is out of range: 3 classes are labelled 0 to 2, and -1 ends a list',
  ],
  [
    'cosineEmbedding of a label',
    () => cosineEmbedding(ones([2, 3]), ones([2, 3]), tensor([1, 0])),
    'cosineEmbedding: the target at index 1 is 0, expected -1 or 1',
  ],
  [
    'cosineEmbedding of a margin',
    () => cosineEmbedding(ones([1, 3]), ones([1, 3]), ones([1]), { margin: 2 }),
    'cosineEmbedding: margin is 2, expected a number from -1 to 1',
  ],
  [
    'tripletMargin without margin',
    () => tripletMargin(ones([1, 3]), ones([1, 3]), ones([1, 3]), { margin: 0 }),
    'tripletMargin: margin is 0, expected a number above 0',
  ],
])('%s is refused', (_, run, message) => {
  expect(run).toThrow(ArgumentError);
  expect(run).toThrow(message);
});

test.each<[string, () => unknown, Kind, string]>([
  [
    'nll of a picture',
    () => nll(ones([2, 3, 4]), ones([2, 3]) as never),
    ShapeError,
    'nll: logits of shape [2, 3, 4] need labels of shape [2, 4], got [2, 3]',
  ],
  [
    'a weight too few',
    () => nll(ones([2, 3]), int([0, 1]), { weight: ones([2]) }),
    ShapeError,
    'nll: expected a weight for each class, of shape [3], got [2]',
  ],
  [
    'a weight of another dtype',
    () => nll(ones([2, 3]), int([0, 1]), { weight: ones([3], { dtype: 'float64' }) }),
    DTypeError,
    'nll: predictions are float32 and weights float64; cast one of them',
  ],
  [
    'nothing but ignored labels',
    () => nll(ones([2, 3]), int([9, 9]), { ignoreIndex: 9 }),
    ArgumentError,
    'nll: the mean is undefined: all labels are ignored or have weight 0',
  ],
  [
    'an ignored label beside a wrong one',
    () => nll(ones([2, 3]), int([9, 8]), { ignoreIndex: 9 }),
    ArgumentError,
    'nll: label 8 at index 1 is out of range',
  ],
  [
    'an ignored probability',
    () => crossEntropy(ones([2, 3]), ones([2, 3]), { ignoreIndex: 9 }),
    ArgumentError,
    'ignoreIndex requires labels',
  ],
  [
    'a weight that stretches the logits',
    () => binaryCrossEntropy(ones([3]), ones([3]), { posWeight: ones([2, 3]) }),
    ShapeError,
    '[2, 3]',
  ],
  [
    'variances to broadcast',
    () => gaussianNll(ones([2, 3]), ones([2, 3]), ones([3])),
    ShapeError,
    'gaussianNll: expected variances of shape [2, 3] or [2, 1], got [3]',
  ],
  [
    'scores of pictures',
    () => multiMargin(ones([2, 3, 4]), ones([2, 4]) as never),
    ShapeError,
    'multiMargin: expected scores of shape [n, c], got [2, 3, 4]; reshape them',
  ],
  [
    'fewer lists',
    () => multiLabelMargin(ones([2, 3]), ones([2]) as Tensor),
    ShapeError,
    'need labels of this shape, got [2]',
  ],
  [
    'lists of floats',
    () => multiLabelMargin(ones([2, 3]), ones([2, 3])),
    DTypeError,
    'multiLabelMargin: the labels are float32, expected int32; cast them',
  ],
  [
    'targets of each number',
    () => cosineEmbedding(ones([2, 3]), ones([2, 3]), ones([2, 3])),
    ShapeError,
    'cosineEmbedding: vectors of shape [2, 3] need targets of shape [2], got [2, 3]',
  ],
  [
    'fewer negatives',
    () => tripletMargin(ones([2, 3]), ones([2, 3]), ones([1, 3]) as Tensor),
    ShapeError,
    'tripletMargin: predictions of shape [2, 3] and targets of shape [1, 3] differ',
  ],
  [
    'numbers for vectors',
    () => tripletMargin(ones([]), ones([]), ones([])),
    ShapeError,
    'expected vectors along the last axis',
  ],
])('%s is refused', (_, run, kind, message) => {
  expect(run).toThrow(kind);
  expect(run).toThrow(message);
});

test('losses that are summed for each row add up', () => {
  const [x, y] = [new Random(2).normal([4, 3]), new Random(3).normal([4, 3])];
  const labels = int([2, 0, 1, 1]);
  const lists = int([2, -1, 0, 0, 1, -1, 0, 1, 2, -1, 0, 0]).reshape([4, 3]);
  const signs = tensor([1, -1, 1, -1]);
  const losses: readonly ((reduction: Reduction) => Tensor)[] = [
    (reduction) => crossEntropy(x, labels, { reduction }),
    (reduction) => nll(x, labels, { reduction }),
    (reduction) => softmaxFocal(x, labels, { reduction }),
    (reduction) => multiMargin(x, labels, { reduction }),
    (reduction) => multiLabelMargin(x, lists, { reduction }) as Tensor,
    (reduction) => cosineEmbedding(x, y, signs, { reduction }),
    (reduction) => tripletMargin(x, y, x.mul(y), { reduction }),
  ];
  for (const loss of losses) {
    const each = loss('none');
    expect(each.shape).toEqual([4]);
    expect(loss('sum').item()).toBeCloseTo(each.sum().item(), 5);
    expect(loss('mean').item()).toBeCloseTo(each.sum().item() / 4, 5);
    expect(() => loss('max' as never)).toThrow("unknown reduction 'max'");
  }
});

test('gaussianNll of a variance of 0 is that of eps, and it can grow again', () => {
  const [p, t] = [tensor([1]), tensor([3])];
  const of = (value: number) => {
    const v = tensor([value], { requiresGrad: true });
    const loss = gaussianNll(p, t, v, { eps: 0.5 });
    return [loss.item(), loss.backward().of(v).item()];
  };
  expect(of(0)).toEqual(of(0.5));
  expect(of(0)[1]).toBeLessThan(0);
});

test('klDivergence is 0 where a probability is 0, whatever was predicted', () => {
  const x = tensor([Number.NEGATIVE_INFINITY, Math.log(0.5)], { requiresGrad: true });
  const t = tensor([0, 0.5], { requiresGrad: true });
  const losses = klDivergence(x, t, { reduction: 'none' });
  expect([...losses.data].map(Math.abs)).toEqual([0, 0]);
  const gradients = losses.sum().backward();
  expect(gradients.of(x).add(0).toArray()).toEqual([0, -0.5]);
  expect(gradients.of(t).toArray()).toEqual([0, 1]);
});

test('focal losses stay finite where they are sure, of any power', () => {
  for (const gamma of [0, 0.5, 1, 2]) {
    const x = tensor([200, -200, 0], { requiresGrad: true });
    const ofNumbers = sigmoidFocal(x, tensor([1, 0, 1]), { gamma });
    expect(ofNumbers.backward().of(x).data.every(Number.isFinite)).toBe(true);
    const rows = tensor(
      [
        [200, -200],
        [0, 0],
      ],
      { requiresGrad: true },
    );
    const ofRows = softmaxFocal(rows, int([0, 1]), { gamma });
    expect(ofRows.backward().of(rows).data.every(Number.isFinite)).toBe(true);
  }
});

test('softmaxFocal without a discount is crossEntropy', () => {
  const x: Tensor = new Random(5).normal([4, 3, 2], { dtype: 'float64' });
  const labels = int([0, 1, 2, -1, 1, 1, 0, 2]).reshape([4, 2]) as Tensor;
  const options = { weight: tensor([1, 2, 0.5], { dtype: 'float64' }), ignoreIndex: -1 };
  const expected = crossEntropy(x, labels, options).item();
  expect(softmaxFocal(x, labels, { ...options, gamma: 0 }).item()).toBeCloseTo(expected, 14);
  expect(nll(x.logSoftmax(1), labels, options).item()).toBeCloseTo(expected, 14);
});

test('an ignored row gets no gradient', () => {
  const x = tensor(
    [
      [1, 2],
      [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY],
    ],
    { requiresGrad: true },
  );
  const loss = nll(x, int([0, -100]), { ignoreIndex: -100 });
  expect(loss.item()).toBe(-1);
  expect(loss.backward().of(x).toArray()).toEqual([
    [-1, 0],
    [0, 0],
  ]);
});

describe('inside vmap, each example has the gradient that it has alone', () => {
  const random = new Random(8);
  const normal = (...shape: number[]): Tensor => random.normal(shape, { dtype: 'float64' });
  const labels = int([0, 1, 2, 2, 1, 0, 1, 1]).reshape([4, 2]) as Tensor;
  const lists = int(Array.from({ length: 24 }, (_, i) => ((i * i) % 4) - 1)).reshape([4, 2, 3]) as Tensor;
  const weight = tensor([1, 2, 0.5], { dtype: 'float64' });
  const examples: readonly (readonly [name: string, loss: (x: Tensor, t: Tensor) => Tensor, targets: Tensor])[] = [
    ['crossEntropy', (x, t) => crossEntropy(x, t, { weight, ignoreIndex: 9, labelSmoothing: 0.1 }), labels],
    ['nll', (x, t) => nll(x.logSoftmax(1), t, { ignoreIndex: 0 }), labels],
    ['softmaxFocal', (x, t) => softmaxFocal(x, t), labels],
    ['multiMargin', (x, t) => multiMargin(x, t), labels],
    ['multiLabelMargin', (x, t) => multiLabelMargin(x, t), lists],
    ['ctc', (x, t) => ctc(x.logSoftmax(1).reshape([1, 2, 3]), t.reshape([1, 2]), [2], [1]), labels.maximum(1)],
    ['gaussianNll', (x, t) => gaussianNll(x, t, t.mul(t)), normal(4, 2, 3)],
    ['poissonNll', (x, t) => poissonNll(x, t.abs(), { full: true }), normal(4, 2, 3)],
    ['klDivergence', (x, t) => klDivergence(x, t.softmax(1)), normal(4, 2, 3)],
    ['sigmoidFocal', (x, t) => sigmoidFocal(x, t.sigmoid()), normal(4, 2, 3)],
    ['binaryCrossEntropy', (x, t) => binaryCrossEntropy(x, t.sigmoid(), { posWeight: weight }), normal(4, 2, 3)],
    ['cosineEmbedding', (x, t) => cosineEmbedding(x, t, ones([2], { dtype: 'float64' })), normal(4, 2, 3)],
    ['tripletMargin', (x, t) => tripletMargin(x, t, t.neg()), normal(4, 2, 3)],
  ];
  const x = normal(4, 2, 3);

  test.each(examples)('%s', (_, loss, targets) => {
    const alone = [0, 1, 2, 3].map((i) => grad(loss)(x.index(i), targets.index(i)).data);
    const together = vmap(grad(loss))(x, targets);
    expect([0, 1, 2, 3].map((i) => together.index(i).data)).toEqual(alone);
  });

  test('and labels are checked in all of them', () => {
    const wrong = int([0, 1, 2, 2, 1, 3, 1, 1]).reshape([4, 2]) as Tensor;
    expect(() => vmap((row: Tensor, t: Tensor) => nll(row, t))(x, wrong)).toThrow('label 3 at index 5 is out of range');
  });
});
