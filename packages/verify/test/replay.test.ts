/** Central differences for any tensor of a tape, computed by replaying the tape. */

import {
  ArgumentError,
  concat,
  DTypeError,
  parameter,
  Random,
  ShapeError,
  TapeError,
  type Tensor,
  tensor,
} from '@tapegrad/core';
import { centralDifferences, compare } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const float64 = { dtype: 'float64' } as const;
const leaf = (...list: number[]): Tensor => tensor(list, { ...float64, requiresGrad: true });

function expectSlopes(slopes: Tensor, expected: readonly number[]): void {
  expect(slopes.dtype).toBe('float64');
  const { data } = slopes;
  expect(data).toHaveLength(expected.length);
  expected.forEach((slope, i) => {
    if (Number.isNaN(slope)) expect(data[i]).toBeNaN();
    else expect(Math.abs(data[i]! - slope)).toBeLessThan(1e-9 * Math.max(1, Math.abs(slope)));
  });
}

describe('finds the derivative by', () => {
  const x = leaf(0.5, -1.5);

  test('an input', () => {
    expectSlopes(centralDifferences(x.mul(x).mul(x).sum(), x), [0.75, 6.75]);
  });

  test('a result on the way, as if it were an input', () => {
    const y = x.mul(x);
    const loss = y.mul(y).add(x).sum();
    expectSlopes(centralDifferences(loss, y), [0.5, 4.5]);
    expectSlopes(centralDifferences(loss, x), [1.5, -12.5]);
  });

  test('the loss itself', () => {
    const loss = x.sum();
    expectSlopes(centralDifferences(loss, loss), [1]);
  });

  test('a view, through concat, slices and transposes', () => {
    const w = tensor(
      [
        [1, 2],
        [3, 4],
      ],
      { ...float64, requiresGrad: true },
    );
    const both = concat([w.transpose(), w.slice(0, 0, 1)], 0);
    const loss = both.mul(both).sum();
    expectSlopes(centralDifferences(loss, w), [4, 8, 6, 8]);
    expectSlopes(centralDifferences(loss, both), [2, 6, 4, 8, 2, 4]);
  });

  test('a few elements alone', () => {
    const long = leaf(1, 2, 3, 4);
    expectSlopes(centralDifferences(long.mul(long).sum(), long, { places: [3, 1] }), [NaN, 4, NaN, 8]);
  });

  test('large and small numbers', () => {
    const [far, near] = [leaf(1e6), leaf(1e-6)];
    expectSlopes(centralDifferences(far.mul(far).sum(), far), [2e6]);
    expectSlopes(centralDifferences(near.mul(near).sum(), near), [2e-6]);
  });

  test('what was held constant, constant', () => {
    expectSlopes(centralDifferences(x.mul(x.detach()).sum(), x), [0.5, -1.5]);
  });

  test('every element of a large random tape, as the sweep does', () => {
    const random = new Random(4);
    const draw = (...shape: number[]): Tensor =>
      tensor(random.normal(shape, float64).data, { shape, requiresGrad: true });
    const [a, w, v] = [draw(3, 4), draw(4, 4), draw(4, 2)];
    const hidden = a.matmul(w).softmax(1);
    const loss = hidden.matmul(v).sin().logSumExp();
    const gradients = loss.backward({ wanted: [a, w, v, hidden], retainGraph: true });
    for (const y of [a, w, v, hidden]) expectSlopes(centralDifferences(loss, y), [...gradients.of(y).data]);
  });
});

describe('sees a kink', () => {
  const nan = Number.NaN;
  const kinks: readonly (readonly [name: string, f: (x: Tensor) => Tensor, slopes: readonly number[]])[] = [
    ['at the element', (x) => x.relu(), [nan, 1, 0, nan]],
    ['as close by as can be seen', (x) => x.add(1e-12).abs(), [nan, 1, -1, nan]],
    ['but none a short way off', (x) => x.add(1e-5).abs(), [1, 1, -1, 1]],
    ['on either side', (x) => x.sub(1e-7).abs(), [-1, 1, -1, -1]],
    ['or a long step off', (x) => x.sub(6e-4).abs(), [-1, 1, -1, -1]],
    ['nor further away', (x) => x.sub(0.01).abs(), [-1, 1, -1, -1]],
    [
      'that is small beside the slope',
      (x) => x.relu().mul(1e-3).add(x.sin()),
      [nan, Math.cos(1) + 1e-3, Math.cos(1), nan],
    ],
    ['and none in curvature', (x) => x.mul(x).mul(50), [0, 100, -100, 0]],
  ];

  test.each(kinks)('%s', (_, f, slopes) => {
    const x = leaf(0, 1, -1, 0);
    expectSlopes(centralDifferences(f(x).sum(), x), slopes);
  });
});

describe('keeps to the scale of the element', () => {
  test.each([1e-100, 1e-12, 1e-6, 1, 1e6, 1e12])('%d', (scale) => {
    const x = leaf(0.5 * scale, 2 * scale);
    expectSlopes(centralDifferences(x.log().sum(), x), [2 / scale, 0.5 / scale]);
    const cubes = centralDifferences(x.div(scale).pow(3).sum().mul(scale), x);
    expectSlopes(cubes, [0.75, 12]);
  });

  test('and is known for its error by compare', () => {
    const x = leaf(0.5, -1.5, 2);
    // The slopes are small compared with the loss, so the loss's rounding errors dominate.
    const loss = x.mul(1e-4).sin().sum().add(1e4);
    const [slopes, gradient] = [centralDifferences(loss, x), loss.backward({ retainGraph: true }).of(x)];
    expect(compare('g', slopes, gradient)).toMatchObject({ passed: true, verdict: 'tolerance' });
    expect(compare('g', gradient, slopes)).toMatchObject({ passed: true, verdict: 'tolerance' });
    expect(compare('g', slopes, gradient.mul(1.1)).passed).toBe(false);
    expect(compare('g', slopes, gradient.mul(-2))).toMatchObject({ verdict: 'factor', named: '-2' });
    // Otherwise the difference would be more than rounding explains.
    expect(compare('g', slopes.mul(1), gradient).passed).toBe(false);
  });

  test('and leaves what it could not tell to nobody', () => {
    const x = leaf(0, 1, -1);
    const loss = x.relu().sum();
    const [slopes, gradient] = [centralDifferences(loss, x), loss.backward({ retainGraph: true }).of(x)];
    expect(compare('g', slopes, gradient).passed).toBe(true);
    const few = centralDifferences(loss, x, { places: [0] });
    expect(compare('g', few, gradient)).toMatchObject({ passed: false, verdict: 'different' });
    expect(compare('g', few, gradient).message).toBe(
      'g could not be compared: central differences determine no element',
    );
  });
});

describe('throws', () => {
  const x = leaf(1, 2);
  const changed = parameter(tensor([1, 2], float64), { name: 'changed' });
  const afterwards = changed.mul(changed).sum();
  changed.assign(changed.detach().mul(2));
  const consumed = x.mul(x).sum();
  consumed.backward();
  const narrow = tensor([1], { requiresGrad: true });

  test.each([
    ['float32', DTypeError, () => centralDifferences(narrow.sum(), narrow)],
    ['a loss of several elements', ShapeError, () => centralDifferences(x.mul(2), x)],
    ['a tensor that the loss does not depend on', TapeError, () => centralDifferences(x.sum(), leaf(1))],
    ['a tape that is used up', TapeError, () => centralDifferences(consumed, x)],
    ['a parameter that changed since', TapeError, () => centralDifferences(afterwards, changed)],
    ['an element that is not there', ArgumentError, () => centralDifferences(x.sum(), x, { places: [2] })],
    ['no tensor', ArgumentError, () => centralDifferences(x.sum(), 1 as never)],
  ] as const)('%s', (_, kind, call) => {
    expect(call).toThrow(kind);
  });
});
