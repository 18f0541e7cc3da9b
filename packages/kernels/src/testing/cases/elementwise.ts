/** Cases of the primitives that compute each element from the corresponding elements of the operands. */

import { type DType, type FloatDType, isFloat } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import type { Binary, Primitive } from '../../primitives.ts';
import { type ArrayInput, type Case, newCase } from '../case.ts';
import {
  anyDType,
  array,
  everyMagnitude,
  floats,
  layoutShapes,
  lengths,
  listed,
  numeric,
  oddShapes,
  special,
  tied,
  uniform,
  unusualLayouts,
  usual,
  veryLong,
} from '../inputs.ts';
import type { Values } from '../values.ts';

type Range = readonly [low: number, high: number];

/** The arguments on which a unary function is tested, besides the special values. */
interface Domain {
  /** Typical arguments. */
  readonly usual: Range;
  /** The range in which the function is neither 0, infinite nor flat. */
  readonly wide?: { readonly [D in FloatDType]: Range };
  /** Arguments of every magnitude. */
  readonly magnitudes?: 'positive' | 'signed';
}

const both = (range: Range) => ({ float32: range, float64: range });
const exponents: { readonly [D in FloatDType]: Range } = { float32: [-105, 89], float64: [-746, 710] };

const ofFloat = {
  exp: { usual: [-5, 5], wide: exponents, magnitudes: 'signed' },
  expm1: { usual: [-2, 2], wide: exponents, magnitudes: 'signed' },
  log: { usual: [0.1, 10], wide: both([0.99, 1.01]), magnitudes: 'positive' },
  log1p: { usual: [-0.9, 3], wide: both([-0.01, 0.01]), magnitudes: 'positive' },
  sqrt: { usual: [0.1, 10], magnitudes: 'positive' },
  sin: { usual: [-10, 10], wide: both([-1e5, 1e5]), magnitudes: 'signed' },
  cos: { usual: [-10, 10], wide: both([-1e5, 1e5]), magnitudes: 'signed' },
  tan: { usual: [-10, 10], wide: both([-1e5, 1e5]), magnitudes: 'signed' },
  asin: { usual: [-1, 1], wide: both([0.99, 1.01]), magnitudes: 'signed' },
  acos: { usual: [-1, 1], wide: both([0.99, 1.01]), magnitudes: 'signed' },
  atan: { usual: [-3, 3], magnitudes: 'signed' },
  sinh: { usual: [-3, 3], wide: exponents, magnitudes: 'signed' },
  cosh: { usual: [-3, 3], wide: exponents, magnitudes: 'signed' },
  tanh: { usual: [-3, 3], wide: both([-25, 25]), magnitudes: 'signed' },
  sigmoid: { usual: [-5, 5], wide: exponents, magnitudes: 'signed' },
  softplus: { usual: [-5, 5], wide: exponents, magnitudes: 'signed' },
  erf: { usual: [-3, 3], wide: both([-6.5, 6.5]), magnitudes: 'signed' },
  erfc: { usual: [-3, 3], wide: { float32: [-7, 10.5], float64: [-7, 27.5] }, magnitudes: 'signed' },
  floor: { usual: [-5, 5], wide: both([-1e7, 1e7]), magnitudes: 'signed' },
  ceil: { usual: [-5, 5], wide: both([-1e7, 1e7]), magnitudes: 'signed' },
  round: { usual: [-5, 5], wide: both([-1e7, 1e7]), magnitudes: 'signed' },
} as const satisfies { readonly [P in Primitive]?: Domain };

const onFloat = Object.keys(ofFloat) as readonly (keyof typeof ofFloat)[];

type Unary = keyof typeof ofFloat | 'neg' | 'abs' | 'sign' | 'relu' | 'stopGradient';

// The union is too large for the compiler to see that a case of any of its members is a `Case`.
const unary = (primitive: Unary, input: ArrayInput): Case => newCase(primitive, [input], undefined) as Case;

/** Tests a unary function in every layout, at every length, on typical and on special numbers. */
function unaryCases(primitive: Unary, dtype: DType, values: Values, more: readonly Values[] = []): readonly Case[] {
  const shapes: readonly Shape[] = [...lengths.map((length) => [length]), ...oddShapes, ...layoutShapes];
  const list = special[dtype];
  return [
    ...shapes.map((shape) => array(shape, dtype, values)),
    ...layoutShapes.flatMap((shape) => unusualLayouts.map((layout) => array(shape, dtype, values, layout))),
    ...more.map((others) => array([1031], dtype, others)),
    array([veryLong], dtype, values, 'offset'),
    array([list.length], dtype, listed(...list)),
    array([list.length], dtype, listed(...list), 'strided'),
  ].map((input) => unary(primitive, input));
}

function floatCases(primitive: keyof typeof ofFloat): readonly Case[] {
  const domain: Domain = ofFloat[primitive];
  return floats.flatMap((dtype) => {
    const more: Values[] = [];
    if (domain.wide) more.push(uniform(...domain.wide[dtype]));
    if (primitive === 'round') more.push(listed(0.5, 1.5, 2.5, -0.5, -1.5, 2 ** 52 + 1, 2 ** 22 + 0.5, -0.4));
    if (domain.magnitudes) more.push(everyMagnitude(dtype, domain.magnitudes === 'signed'));
    return unaryCases(primitive, dtype, uniform(...domain.usual), more);
  });
}

const broadcasts: readonly (readonly [Shape, Shape])[] = [
  [[], [5]],
  [[5], []],
  [[1], [1, 1]],
  [[5, 7], [7]],
  [[7], [5, 7]],
  [
    [5, 1],
    [1, 7],
  ],
  [
    [5, 7],
    [5, 1],
  ],
  [
    [1, 33],
    [35, 1],
  ],
  [
    [4, 1],
    [5, 1, 3],
  ],
  [
    [2, 1, 3, 1, 2],
    [3, 1, 4, 1],
  ],
  [
    [3, 5, 130],
    [5, 1],
  ],
  [
    [3, 4, 5, 30],
    [3, 1, 5, 30],
  ],
  [
    [3, 1, 5, 30],
    [3, 4, 1, 1],
  ],
  [
    [2, 3, 70],
    [2, 1, 1],
  ],
  [
    [33, 1],
    [33, 1],
  ],
  [
    [33, 1],
    [1, 1],
  ],
  [[0], [1]],
  [
    [2, 1],
    [2, 0],
  ],
  [[3, 0, 2], []],
];

const longPairs: readonly (readonly [Shape, Shape])[] = [
  [[veryLong], [veryLong]],
  [[veryLong], []],
  [
    [2, veryLong],
    [2, 1],
  ],
  [[veryLong], [2, veryLong]],
  [[7001, 3], [3]],
  [
    [7001, 1],
    [7001, 3],
  ],
];

/**
 * Tests a binary function in every relevant pair of layouts, broadcast both ways, and with one array as both
 * operands.
 */
function binaryCases(primitive: Binary, dtype: DType, first: Values, second: Values): readonly Case[] {
  const pair = (x: ArrayInput, y: ArrayInput): Case => newCase(primitive, [x, y], undefined);
  const twice = (x: ArrayInput): Case => newCase(primitive, [x, { sameAs: 0 }], undefined);
  const x = (shape: Shape, layout?: ArrayInput['layout']) => array(shape, dtype, first, layout);
  const y = (shape: Shape, layout?: ArrayInput['layout']) => array(shape, dtype, second, layout);

  const list = special[dtype];
  const n = list.length;
  const column = listed(...list);
  // Every special value paired with every other, with and without a broadcast.
  const firsts = listed(...list.flatMap((value) => list.map(() => value)));
  return [
    ...lengths.map((length) => pair(x([length]), y([length]))),
    ...oddShapes.map((shape) => pair(x(shape), y(shape))),
    ...layoutShapes.flatMap((shape) =>
      unusualLayouts.flatMap((layout) => [
        pair(x(shape, layout), y(shape)),
        pair(x(shape), y(shape, layout)),
        pair(x(shape, layout), y(shape, layout)),
      ]),
    ),
    ...broadcasts.map(([a, b]) => pair(x(a), y(b))),
    ...(isFloat(dtype) ? longPairs : []).map(([a, b]) => pair(x(a), y(b))),
    ...['contiguous' as const, ...unusualLayouts].map((layout) => twice(x([5, 7], layout))),
    pair(array([n, n], dtype, firsts), array([n, n], dtype, column)),
    pair(array([n, 1], dtype, column), array([n], dtype, column)),
    pair(array([n, n], dtype, firsts, 'transposed'), array([n, n], dtype, column, 'strided')),
  ];
}

const usualPairs = (primitive: Binary, dtypes: readonly DType[]) =>
  dtypes.flatMap((dtype) => binaryCases(primitive, dtype, usual(dtype, 1), usual(dtype, 2)));

/** Operands with many equal elements. */
const tiedPairs = (primitive: Binary) =>
  anyDType.flatMap((dtype) => binaryCases(primitive, dtype, tied(dtype, 1), tied(dtype, 2)));

const wholePowers = floats.map(
  (dtype): Case =>
    newCase(
      'pow',
      [array([41], dtype, uniform(-3, 3)), array([41], dtype, listed(-3, -2, -1, -0.5, 0, 0.5, 1, 2, 3, 4, 7))],
      undefined,
    ),
);

/** Operands whose remainder is 0, and operands whose quotient rounds to an integer. */
const tiedRemainders = floats.map(
  (dtype): Case =>
    newCase(
      'remainder',
      [array([36], dtype, listed(-6, -3, 0.3, 1, -0.3, 6)), array([36], dtype, listed(3, 0.1, -3, -0.1, 1.5))],
      undefined,
    ),
);

function whereCases(dtype: DType): readonly Case[] {
  const where = (condition: ArrayInput, x: ArrayInput, y: ArrayInput): Case =>
    newCase('where', [condition, x, y], undefined);
  const condition = (shape: Shape, layout?: ArrayInput['layout']) => array(shape, 'bool', uniform(0, 2, 3), layout);
  const x = (shape: Shape, layout?: ArrayInput['layout']) => array(shape, dtype, usual(dtype, 1), layout);
  const y = (shape: Shape, layout?: ArrayInput['layout']) => array(shape, dtype, usual(dtype, 2), layout);
  const list = special[dtype];
  const shapes: readonly Shape[] = [...lengths.map((length) => [length]), ...oddShapes];
  return [
    ...shapes.map((shape) => where(condition(shape), x(shape), y(shape))),
    ...unusualLayouts.flatMap((layout) => [
      where(condition([5, 7], layout), x([5, 7]), y([5, 7])),
      where(condition([5, 7]), x([5, 7], layout), y([5, 7])),
      where(condition([33, 35], layout), x([33, 35], layout), y([33, 35], layout)),
    ]),
    where(condition([veryLong]), x([veryLong]), y([veryLong])),
    where(condition([]), x([5, 7]), y([7])),
    where(condition([5, 7]), x([]), y([])),
    where(condition([5, 1]), x([1, 7]), y([3, 1, 1])),
    where(condition([2, 1]), x([0]), y([1])),
    where(condition([list.length]), array([list.length], dtype, listed(...list)), y([])),
    newCase('where', [condition([5, 7]), x([5, 7]), { sameAs: 1 }], undefined),
  ];
}

// Excludes numbers that int32 can't hold, since casting them throws.
const castable: { readonly [D in DType]: readonly number[] } = {
  ...special,
  float32: [0, -0, 0.5, -0.5, 1.9, -1.9, 2, 1e-45, 16777217, 2147483520, -(2 ** 31)],
  float64: [0, -0, 0.5, -0.5, 1.9, -1.9, 2, 5e-324, 2 ** 31 - 0.5, -(2 ** 31) - 0.5],
};

const castCases: readonly Case[] = anyDType.flatMap((from) =>
  anyDType.flatMap((to) => {
    const list = to === 'int32' ? castable[from] : special[from];
    return [
      ...[[], [0], [1], [17], [1031], [veryLong], [5, 7]].map((shape) => array(shape, from, usual(from))),
      ...unusualLayouts.map((layout) => array([5, 7], from, usual(from), layout)),
      array([list.length], from, listed(...list)),
      array([list.length], from, listed(...list), 'strided'),
    ].map((input): Case => newCase('cast', [input], to));
  }),
);

const everywhere = (primitive: Unary, dtypes: readonly DType[]) =>
  dtypes.flatMap((dtype) => unaryCases(primitive, dtype, usual(dtype)));

export const elementwiseCases = {
  ...(Object.fromEntries(onFloat.map((primitive) => [primitive, floatCases(primitive)])) as Record<
    keyof typeof ofFloat,
    readonly Case[]
  >),
  neg: everywhere('neg', numeric),
  abs: everywhere('abs', numeric),
  sign: everywhere('sign', numeric),
  relu: everywhere('relu', numeric),
  stopGradient: everywhere('stopGradient', anyDType),
  add: usualPairs('add', numeric),
  sub: usualPairs('sub', numeric),
  mul: usualPairs('mul', numeric),
  div: usualPairs('div', floats),
  pow: [...floats.flatMap((dtype) => binaryCases('pow', dtype, uniform(0.1, 4, 1), uniform(-3, 3, 2))), ...wholePowers],
  remainder: [...usualPairs('remainder', numeric), ...tiedRemainders],
  atan2: usualPairs('atan2', floats),
  maximum: tiedPairs('maximum'),
  minimum: tiedPairs('minimum'),
  equal: tiedPairs('equal'),
  less: tiedPairs('less'),
  lessEqual: tiedPairs('lessEqual'),
  where: anyDType.flatMap(whereCases),
  cast: castCases,
} satisfies { readonly [P in Primitive]?: readonly Case[] };
