import { Random, type Tensor, tensor } from '@tapegrad/core';
import { Imputer, LabelEncoder, MinMaxScaler, OneHotEncoder, StandardScaler } from '@tapegrad/data';
import { decodeCheckpoint, encodeCheckpoint, restoreState } from '@tapegrad/files';
import { describe, expect, test } from 'vitest';

const data = new Random(1).normal([50, 3], { mean: 5, std: 2, dtype: 'float64' });
const table = data.mul(tensor([1, 10, 100], { dtype: 'float64' })).add(tensor([0, 1e6, -3], { dtype: 'float64' }));
const values = ['b', 'a', 'c', 'a'];

/** All transforms that must be fitted, with data to fit and every call that requires it. */
const transforms = {
  StandardScaler: { make: () => new StandardScaler(), data: table, uses: ['apply', 'invert'] },
  MinMaxScaler: { make: () => new MinMaxScaler(), data: table, uses: ['apply', 'invert'] },
  Imputer: { make: () => new Imputer(), data: table, uses: ['apply'] },
  LabelEncoder: { make: () => new LabelEncoder(), data: values, uses: ['apply', 'invert'] },
  OneHotEncoder: { make: () => new OneHotEncoder(), data: values, uses: ['apply'] },
} as const;

interface Fitted {
  readonly isFitted: boolean;
  fit(data: unknown): Fitted;
  load(state: unknown): Fitted;
  state(): unknown;
  apply(x: unknown): Tensor;
}
const cases = Object.entries(transforms).map(([name, { make, ...rest }]) => ({
  name,
  ...rest,
  make: make as unknown as () => Fitted,
}));

describe.each(cases)('$name', ({ name, make, data, uses }) => {
  test.each(uses)('refuses %s before it is fitted', (use) => {
    const call = make() as unknown as Record<string, (x: unknown) => unknown>;
    expect(() => call[use]!(use === 'invert' && name === 'LabelEncoder' ? [0] : data)).toThrow(
      `${name}: it is not fitted; call fit with the training data`,
    );
  });

  test('is fitted once', () => {
    const fitted = make().fit(data);
    const before = fitted.state();
    expect(fitted.isFitted).toBe(true);
    expect(() => fitted.fit(data)).toThrow(`${name}.fit: it is fitted already`);
    expect(fitted.state()).toEqual(before);
    expect(() => make().load(before).fit(data)).toThrow('it is fitted already');
  });

  test('its state goes through JSON', () => {
    const fitted = make().fit(data);
    const loaded = make().load(JSON.parse(JSON.stringify(fitted.state())));
    expect(loaded.isFitted).toBe(true);
    expect(loaded.apply(data).toArray()).toEqual(fitted.apply(data).toArray());
  });

  test.each([undefined, null, {}, [], { mean: ['a'], std: [1] }, { categories: ['a', 'a'] }])(
    'refuses the state %j, and stays',
    (state) => {
      const transform = make();
      expect(() => transform.load(state)).toThrow(`${name}.load: expected`);
      expect(transform.isFitted).toBe(false);
    },
  );

  test('has an empty state before it is fitted, which makes another unfitted', () => {
    const fitted = make().fit(data);
    fitted.load(make().state());
    expect(fitted.isFitted).toBe(false);
    expect(() => fitted.apply(data)).toThrow('it is not fitted');
    expect(fitted.fit(data).isFitted).toBe(true);
  });

  test('comes back from a checkpoint into one that is not fitted', () => {
    const fitted = make().fit(data);
    const fresh = make();
    restoreState(decodeCheckpoint(encodeCheckpoint({ transform: fitted })), { transform: fresh });
    expect(fresh.state()).toEqual(fitted.state());
  });

  test('refuses no data, and options that it has not', () => {
    expect(() => make().fit([])).toThrow(`${name}.fit: expected`);
    if (name !== 'LabelEncoder') {
      const Make = make().constructor as new (options: object) => unknown;
      expect(() => new Make({ axes: 1 })).toThrow(`${name}: unknown option 'axes'`);
    }
  });
});

describe('scalers', () => {
  test('StandardScaler gives mean 0 and deviation 1, in batches as in one piece', () => {
    const whole = new StandardScaler().fit(table);
    const scaled = whole.apply(table);
    for (let f = 0; f < 3; f++) {
      const column = scaled.slice(1, f, f + 1);
      expect(column.mean().item()).toBeCloseTo(0, 9);
      expect(column.variance([0, 1], { correction: 0 }).item()).toBeCloseTo(1, 9);
    }
    const batches = new StandardScaler().fit([0, 10, 35].map((start, i) => table.slice(0, start, [10, 35, 50][i])));
    for (const key of ['mean', 'std'] as const) {
      batches.state()[key].forEach((value, f) => {
        expect(value / whole.state()[key][f]!).toBeCloseTo(1, 12);
      });
    }
    expect(whole.invert(scaled).sub(table).abs().max().item()).toBeLessThan(1e-9);
  });

  test('a large mean costs no digits', () => {
    const x = tensor([[1e9 + 1], [1e9 + 2], [1e9 + 3]], { dtype: 'float64' });
    expect(new StandardScaler().fit(x).state().std[0]).toBeCloseTo(Math.sqrt(2 / 3), 12);
    const float32 = tensor([[16_000_000], [16_000_001], [16_000_002]]);
    expect(new StandardScaler().fit(float32).apply(float32).toArray()[1]![0]).toBe(0);
  });

  test('each channel of images has its own statistics, and null joins all numbers', () => {
    const images = new Random(1).normal([4, 3, 5, 5]);
    const scaler = new StandardScaler().fit(images);
    expect(scaler.state().mean).toHaveLength(3);
    const mean = images.permute([1, 0, 2, 3]).index(1).mean().item();
    expect(scaler.state().mean[1]).toBeCloseTo(mean, 6);
    expect(new StandardScaler({ axis: null }).fit(images).state().mean).toHaveLength(1);
    expect(
      new MinMaxScaler({ axis: null })
        .fit(tensor([1, 5, 3]))
        .apply(tensor([2, 5]))
        .toArray(),
    ).toEqual([0.25, 1]);
    expect(new StandardScaler({ axis: 3 }).fit(images).state().mean).toHaveLength(5);
  });

  test('a constant feature is shifted only', () => {
    const x = tensor([[3], [3]]);
    expect(
      new StandardScaler()
        .fit(x)
        .apply(tensor([[3], [5]]))
        .toArray(),
    ).toEqual([[0], [2]]);
    expect(
      new MinMaxScaler({ range: [-1, 1] })
        .fit(x)
        .apply(tensor([[3], [5]]))
        .toArray(),
    ).toEqual([[-1], [1]]);
  });

  test('MinMaxScaler maps to a range and back', () => {
    const scaler = new MinMaxScaler({ range: [-1, 1] }).fit(table);
    const scaled = scaler.apply(table);
    expect(scaled.min(0).toArray()).toEqual([-1, -1, -1]);
    scaled
      .max(0)
      .toArray()
      .forEach((most) => {
        expect(most).toBeCloseTo(1, 12);
      });
    expect(scaler.invert(scaled).sub(table).abs().max().item()).toBeLessThan(1e-9);
  });

  test.each([
    [
      'missing numbers',
      () =>
        new StandardScaler().fit(
          tensor([
            [1, 2],
            [3, Number.NaN],
          ]),
        ),
      'got NaN at element 3 of feature 1; fill',
    ],
    [
      'an infinity',
      () => new MinMaxScaler().fit(tensor([[Infinity]])),
      'expected finite numbers, got Infinity at element 0',
    ],
    [
      'integers',
      () => new StandardScaler().fit(tensor([[1]], { dtype: 'int32' })),
      'expected float32 or float64, got int32',
    ],
    ['a vector', () => new StandardScaler().fit(tensor([1, 2])), 'along axis 1, got shape [2], or { axis: null }'],
    [
      'other features',
      () => new StandardScaler().fit(table).apply(tensor([[1]])),
      'the 3 features that it was fitted to, got 1',
    ],
    [
      'batches that differ',
      () => new StandardScaler().fit([table, tensor([[1]])]),
      'expected 3 features, as in the first batch, got 1',
    ],
    ['no tensor', () => new StandardScaler().fit(5 as never), 'StandardScaler.fit: expected a tensor, got 5'],
    [
      'a parameter',
      () => new StandardScaler().fit(table).apply(tensor([[1, 2, 3]], { requiresGrad: true })),
      'no gradient',
    ],
    ['half an axis', () => new StandardScaler({ axis: 0.5 }), 'expected an axis of 0 or more, or null, got 0.5'],
    ['an empty range', () => new MinMaxScaler({ range: [1, 1] }), 'with low < high, got [1, 1]'],
    ['a deviation of 0', () => new StandardScaler().load({ mean: [0], std: [0] }), "above 0 as 'std', got 0"],
    [
      'a range the wrong way round',
      () => new MinMaxScaler().load({ min: [1], max: [0] }),
      'expected min <= max, got 1 and 0',
    ],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});

describe('Imputer', () => {
  const x = tensor([
    [1, Number.NaN],
    [Number.NaN, 4],
    [5, 6],
    [3, 11],
  ]);
  test.each([
    ['mean', [3, 7]],
    ['median', [3, 6]],
    [-1, [-1, -1]],
  ] as const)('fills with %s', (strategy, fill) => {
    const imputer = new Imputer({ with: strategy }).fit(x);
    expect(imputer.state().fill).toEqual(fill);
    expect(imputer.apply(x).toArray()).toEqual([
      [1, fill[1]],
      [fill[0], 4],
      [5, 6],
      [3, 11],
    ]);
    expect(new Imputer({ with: strategy }).fit([x.slice(0, 0, 1), x.slice(0, 1, 4)].values()).state()).toEqual(
      imputer.state(),
    );
  });

  test('refuses a feature without numbers, unless it has one', () => {
    const empty = tensor([[Number.NaN, 1]]);
    expect(() => new Imputer().fit(empty)).toThrow('Imputer.fit: feature 0 has no number');
    expect(new Imputer({ with: 0 }).fit(empty).apply(empty).toArray()).toEqual([[0, 1]]);
    expect(() => new Imputer({ with: 'mode' as never })).toThrow(
      "Imputer: expected 'mean', 'median' or a finite number, got 'mode'",
    );
  });
});

describe('encoders', () => {
  test('number categories in order, and back', () => {
    const labels = new LabelEncoder().fit(['x', 10, 9, true, false, 'X']);
    expect(labels.categories).toEqual([false, true, 9, 10, 'X', 'x']);
    expect(labels.apply(['x', 9]).dtype).toBe('int32');
    expect(labels.invert(labels.apply(['x', 9, true]))).toEqual(['x', 9, true]);
    const rows = new OneHotEncoder({ dtype: 'float64' }).fit(values);
    expect(rows.apply(values).dtype).toBe('float64');
    expect(rows.invert(rows.apply(values))).toEqual(values);
  });

  test('unknown and missing values become zeros on demand', () => {
    const rows = new OneHotEncoder({ unknown: 'zeros' }).fit(['a', null, undefined]);
    expect(rows.apply(['a', null, 'b']).toArray()).toEqual([[1], [0], [0]]);
  });

  test.each([
    [
      'an unknown value',
      () => new LabelEncoder().fit(values).apply(['a', 'd']),
      "LabelEncoder.apply: 'd' at 1 is not in the training data, expected 'a', 'b', 'c'",
    ],
    [
      'a missing value',
      () => new OneHotEncoder().fit(['a', null]),
      'OneHotEncoder.fit: expected text, a number or a boolean at 1, got null',
    ],
    ['NaN', () => new LabelEncoder().fit([Number.NaN]), 'expected text, a number or a boolean at 0, got NaN'],
    [
      'an index beyond the end',
      () => new LabelEncoder().fit(values).invert([3]),
      'expected indices from 0 to 2, got 3',
    ],
    [
      'rows of another length',
      () => new OneHotEncoder().fit(values).invert(tensor([[1, 2]])),
      'expected rows of 3 numbers',
    ],
    [
      'another policy',
      () => new OneHotEncoder({ unknown: 'ignore' as never }),
      "expected 'error' or 'zeros' as unknown, got 'ignore'",
    ],
  ])('refuse %s', (_, call, message) => {
    expect(call).toThrow(message);
  });
});
