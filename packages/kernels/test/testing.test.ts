import {
  ArgumentError,
  type ArrayLike,
  contiguous,
  type DType,
  dtypes,
  type Kernels,
  NdArray,
  type Primitive,
  plain,
  primitives,
} from '@tapegrad/kernels';
import {
  type ArrayInput,
  type Case,
  cases,
  casesOf,
  checkCase,
  checkErrorCase,
  errorCases,
  expectation,
  layOut,
  layouts,
  mismatch,
  overNdArrays,
  runCase,
  ulpDistance,
} from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';

const dtypesOf = (c: Case): readonly DType[] =>
  c.primitive === 'full' ? [c.attributes.dtype] : c.inputs.flatMap((x) => ('sameAs' in x ? [] : [x.dtype]));

describe('the case table', () => {
  test('is plain data', () => {
    expect(structuredClone(cases)).toEqual(cases);
    expect(structuredClone(errorCases)).toEqual(errorCases);
  });

  test('names each case once', () => {
    expect(new Set(cases.map(({ name }) => name)).size).toBe(cases.length);
    expect(new Set(errorCases.map(({ name }) => name)).size).toBe(errorCases.length);
  });

  test.each(primitives.filter((primitive) => primitive !== 'full'))('tries %s in every layout', (primitive) => {
    const inputs = casesOf(primitive).flatMap((c) => c.inputs as readonly ArrayInput[]);
    expect(layouts.filter((layout) => inputs.every((input) => input.layout !== layout))).toEqual([]);
    expect(inputs.some(({ shape }) => shape.includes(0))).toBe(true);
  });

  test.each(dtypes)('tries every primitive that takes %s', (dtype) => {
    const refused = errorCases.filter((c) => c.throws === 'DTypeError' && c.inputs.some((x) => x.dtype === dtype));
    const untried = primitives.filter((primitive) => casesOf(primitive).every((c) => !dtypesOf(c).includes(dtype)));
    expect(untried.filter((primitive) => refused.every((c) => c.primitive !== primitive))).toEqual([]);
  });

  test('has arrays of whose data nothing but their elements can be read unnoticed', () => {
    const x = layOut([2, 2], 'float32', 'strided', { list: [1, 2, 3, 4] });
    expect(Array.from(contiguous(x).data)).toEqual([1, 2, 3, 4]);
    expect(x.data.filter(Number.isNaN)).toHaveLength(x.data.length - 4);
  });
});

/** The plain interpreter with one primitive replaced. */
const spoiled = (primitive: Primitive, replacement: (...args: never[]) => NdArray): Kernels<NdArray> => ({
  ...plain,
  [primitive]: replacement,
});

const complaintsOf = (kernels: Kernels<NdArray>, primitive: Primitive) =>
  casesOf(primitive).filter((c) => checkCase(kernels, c) !== undefined).length;

describe('an interpreter is found out that', () => {
  const exact = plain as unknown as Record<string, (...args: readonly unknown[]) => NdArray>;

  test.each(primitives)('is off in the last element of %s', (primitive) => {
    const kernels = spoiled(primitive, (...args) => {
      const { data, offset, dtype, shape, size } = contiguous(exact[primitive]!(...args));
      const copy = data.slice(offset, offset + size);
      const last = copy[size - 1]!;
      copy[size - 1] = Number.isFinite(last) ? 2 * last + 1 - Number(dtype === 'bool') * 3 * last : 0;
      return new NdArray(copy, dtype, shape);
    });
    const c = casesOf(primitive).find((candidate) => expectation(candidate).size > 0);
    expect(checkCase(kernels, c!)).toContain(' expected ');
  });

  test('gives another shape', () => {
    expect(
      complaintsOf(
        spoiled('permute', (x: NdArray) => x),
        'permute',
      ),
    ).toBeGreaterThan(0);
    expect(mismatch(casesOf('sum')[0]!, plain.full({ shape: [9, 9], value: 0, dtype: 'float32' }))).toMatch(
      /: expected shape \[.*\], got \[9, 9\]$/,
    );
  });

  test('gives another dtype', () => {
    const kernels = spoiled('less', (x: NdArray, y: NdArray) => plain.cast(plain.less(x, y), 'int32'));
    expect(checkCase(kernels, casesOf('less')[0]!)).toMatch(/: expected bool, got int32$/);
  });

  test('writes on its operands', () => {
    const kernels = spoiled('neg', (x: NdArray) => {
      const result = plain.neg(x);
      x.data.fill(0);
      return result;
    });
    expect(checkCase(kernels, casesOf('neg')[5]!)).toMatch(/: changed input 0$/);
  });

  test('throws', () => {
    const kernels = spoiled('neg', () => {
      throw new RangeError('no');
    });
    expect(checkCase(kernels, casesOf('neg')[0]!)).toMatch(/: threw RangeError: no$/);
  });

  test('loses the sign of zero', () => {
    const kernels = spoiled('neg', (x: NdArray) => plain.sub(plain.full({ shape: [], value: 0, dtype: x.dtype }), x));
    expect(
      casesOf('neg')
        .map((c) => checkCase(kernels, c))
        .find((complaint) => complaint !== undefined),
    ).toMatch(/expected -0, got 0$/);
  });

  test('computes with fewer digits', () => {
    const kernels = spoiled('exp', (x: NdArray) => {
      const rounded = plain.add(x, plain.full({ shape: [], value: 2 ** -20, dtype: x.dtype }));
      return plain.exp(rounded);
    });
    expect(checkCase(kernels, casesOf('exp').find((c) => expectation(c).dtype === 'float32')!)).toMatch(
      /, \d+ ulps away where 2 are allowed$/,
    );
  });

  test('adds with fewer digits', () => {
    const truncated = (x: NdArray) => plain.cast(plain.cast(x, 'float32'), x.dtype);
    const kernels = spoiled('sum', (x: NdArray, axes: readonly number[]) => plain.sum(truncated(x), axes));
    const c = casesOf('sum').find((candidate) => expectation(candidate).dtype === 'float64')!;
    expect(checkCase(kernels, c)).toMatch(/ away where .* is allowed$/);
  });

  test('refuses nothing', () => {
    const kernels = spoiled('exp', (x: NdArray) => x);
    const refusal = errorCases.find(({ primitive }) => primitive === 'exp')!;
    expect(checkErrorCase(kernels, refusal)).toMatch(/: expected DTypeError, but nothing was thrown$/);
  });

  test('refuses for another reason', () => {
    const kernels = spoiled('exp', () => {
      throw new ArgumentError('exp: bad');
    });
    const refusal = errorCases.find(({ primitive }) => primitive === 'exp')!;
    expect(checkErrorCase(kernels, refusal)).toMatch(/: expected DTypeError: … .* …, got ArgumentError: exp: bad$/);
  });
});

test('an interpreter of other arrays is checked through the way in and the way out', () => {
  interface Boxed extends ArrayLike {
    readonly inside: NdArray;
  }
  const box = (inside: NdArray): Boxed => ({ inside, shape: inside.shape, dtype: inside.dtype });
  const unbox = (operand: unknown): unknown => {
    if (Array.isArray(operand)) return operand.map(unbox);
    return operand instanceof Object && 'inside' in operand ? operand.inside : operand;
  };
  const boxed = Object.fromEntries(
    Object.entries(plain).map(([name, f]) => [
      name,
      (...operands: readonly unknown[]) => box((f as (...args: unknown[]) => NdArray)(...operands.map(unbox))),
    ]),
  ) as unknown as Kernels<Boxed>;

  const kernels = overNdArrays(boxed, box, ({ inside }) => inside);
  const sample = primitives.map((primitive) => casesOf(primitive).at(-1)!);
  expect(sample.map((c) => checkCase(kernels, c)).filter((complaint) => complaint !== undefined)).toEqual([]);
  expect(runCase(kernels, sample[0]!)).toEqual(runCase(plain, sample[0]!));
});

test.each([
  [1, 1, 'float32', 0],
  [0, -0, 'float64', 0],
  [Number.NaN, Number.NaN, 'float32', 0],
  [Number.NaN, 1, 'float32', Number.POSITIVE_INFINITY],
  [1, 1 + 2 ** -23, 'float32', 1],
  [1, 1 + 2 ** -52, 'float64', 1],
  [-1, -1 - 2 ** -51, 'float64', 2],
  [-1e-45, 1e-45, 'float32', 2],
  [-5e-324, 5e-324, 'float64', 2],
  [Number.MAX_VALUE, Number.POSITIVE_INFINITY, 'float64', 1],
  [3.4028234663852886e38, Number.POSITIVE_INFINITY, 'float32', 1],
  [1, 2, 'float32', 2 ** 23],
  [-1, 1, 'float64', 2 * Number('0x3ff0000000000000')],
] as const)('between %d and %d of %s lie %d ulps', (a, b, dtype, distance) => {
  expect(ulpDistance(a, b, dtype)).toBe(distance);
  expect(ulpDistance(b, a, dtype)).toBe(distance);
});
