/** Cases of the primitives that reduce the elements along axes. */

import { type DType, isFloat } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import type { Primitive } from '../../primitives.ts';
import { type ArrayInput, type Case, newCase } from '../case.ts';
import {
  anyDType,
  array,
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

const manyAxes = [
  [0, 2, 4],
  [1, 3],
  [4, 0],
];

/**
 * Returns every nonempty set of axes of a shape, or only a few sets if it has many axes. A scalar has only the empty
 * set.
 */
function axesOf({ length: rank }: Shape): readonly (readonly number[])[] {
  if (rank === 0) return [[]];
  if (rank > 3) return manyAxes;
  return Array.from({ length: 2 ** rank - 1 }, (_, bits) =>
    Array.from({ length: rank }, (_, axis) => axis).filter((axis) => ((bits + 1) >> axis) & 1),
  );
}

const everyAxis = (shape: Shape) => shape.map((_, axis) => axis);

/** Shapes that are long along one axis and short along the other. */
const longShapes: readonly Shape[] = [
  [1031, 3],
  [3, 1031],
  [130, 17],
];

/** Arrays longer than any block that an interpreter may process, along every axis. */
const veryLongShapes: readonly Shape[] = [[veryLong], [7001, 3], [2, veryLong], [5, 4001]];

type OverAxes = 'sum' | 'mean' | 'prod' | 'prodOfOthers' | 'max' | 'min';
type AlongAxis = 'argmax' | 'argmin' | 'cumsum';

/** Numbers of every dtype for which sums cancel, wrap or spread a NaN, and extrema tie. */
const hard: { readonly [D in DType]: readonly Values[] } = {
  float32: [listed(1e8, 1, -1e8, 1), listed(0, -0), listed(1e-45, 2e-45, -1e-40)],
  float64: [listed(1e16, 1, -1e16, 1), listed(0, -0), listed(5e-324, 1e-323, -1e-310)],
  int32: [listed(2 ** 31 - 1, -5, 2 ** 30), listed(-(2 ** 31)), listed(0, 1)],
  bool: [listed(0), listed(1)],
};

const infinity = Number.POSITIVE_INFINITY;

/** Rows with NaN or infinities at the start, at the end and in the middle. */
const notFinite = [
  listed(1, 2, Number.NaN, 4, 5, 6, 7),
  listed(Number.NaN, 1, 2, 3, 4, 5, 6, 7, 8),
  listed(1, infinity, 3, 4, 5),
  listed(infinity, 1, -infinity, 2, 3, 4, 5, 6),
  listed(-infinity),
];

/** Returns the inputs on which a reduction is tested. `empty` says whether it accepts empty axes. */
function inputsOf(dtype: DType, values: Values, empty: boolean): readonly ArrayInput[] {
  const shapes: readonly Shape[] = [
    ...lengths.map((length) => [length]),
    ...oddShapes.filter((shape) => empty || !shape.includes(0)),
    ...layoutShapes,
    ...longShapes,
  ];
  const awkward = dtype === 'float32' || dtype === 'float64' ? [...hard[dtype], ...notFinite] : hard[dtype];
  return [
    ...shapes.map((shape) => array(shape, dtype, values)),
    ...[...layoutShapes, [130, 17]].flatMap((shape) =>
      unusualLayouts.map((layout) => array(shape, dtype, values, layout)),
    ),
    ...awkward.flatMap((others) => [array([37], dtype, others), array([5, 7], dtype, others)]),
    array([3, special[dtype].length], dtype, listed(...special[dtype])),
  ];
}

const overAxes = (primitive: OverAxes, dtypes: readonly DType[], values: (dtype: DType) => Values): readonly Case[] =>
  dtypes.flatMap((dtype) => [
    ...inputsOf(dtype, values(dtype), primitive !== 'max' && primitive !== 'min').flatMap((input) =>
      axesOf(input.shape).map((axes): Case => newCase(primitive, [input], axes)),
    ),
    ...(isFloat(dtype) ? veryLongShapes : []).flatMap((shape) =>
      everyAxis(shape).map((axis): Case => newCase(primitive, [array(shape, dtype, values(dtype))], [axis])),
    ),
    newCase(primitive, [array([5, 7], dtype, values(dtype))], []),
  ]);

/** An extremum of no elements is an error, unless the result is empty as well. */
const emptyExtrema = (primitive: 'max' | 'min'): readonly Case[] =>
  numeric.flatMap((dtype) => [
    newCase(primitive, [array([0, 3], dtype, usual(dtype))], [1]),
    newCase(primitive, [array([3, 0, 2], dtype, usual(dtype))], [0, 2]),
  ]);

/** Numbers whose products stay in range even for many factors. */
const factors = (dtype: DType): Values => (dtype === 'int32' ? usual(dtype) : uniform(-1.4, 1.4));

/**
 * Factors whose product is a finite number although partial products overflow or underflow, in several orders; and
 * zeros among them.
 */
const farFactors = (primitive: 'prod' | 'prodOfOthers'): readonly Case[] =>
  floats.flatMap((dtype) => {
    const [far, near] = dtype === 'float32' ? [2 ** 120, 2 ** -120] : [2 ** 1000, 2 ** -1000];
    const least = dtype === 'float32' ? 2 ** -149 : 2 ** -1074;
    return [
      [far, far, near, near],
      [near, near, far, far, 3],
      [far, near, far, near, -1.5],
      [far, 0, far, near],
      [0, far, -0, near],
      [least, least, far, far, 0.3],
      [far, far, far, near, near, near, far, far, near, near],
      [Infinity, near, near],
      [Infinity, 0, 2],
      [far, Number.NaN, near],
      [far, far, far, far, far, far, far],
    ].flatMap((list) => [
      newCase(primitive, [array([list.length], dtype, listed(...list))], [0]),
      newCase(primitive, [array([list.length, 3], dtype, listed(...list.flatMap((x) => [x, 1, x])))], [0]),
    ]);
  });

const alongAxis = (primitive: AlongAxis, dtypes: readonly DType[], values: (dtype: DType) => Values): readonly Case[] =>
  dtypes.flatMap((dtype) =>
    [
      ...inputsOf(dtype, values(dtype), primitive === 'cumsum'),
      ...(isFloat(dtype) ? [[veryLong]] : []).map((shape) => array(shape, dtype, values(dtype))),
    ].flatMap((input) => everyAxis(input.shape).map((axis): Case => newCase(primitive, [input], axis))),
  );

const emptyArguments = (primitive: 'argmax' | 'argmin'): readonly Case[] =>
  numeric.map((dtype) => newCase(primitive, [array([0, 3], dtype, usual(dtype))], 1));

const eitherEnd = (input: ArrayInput, axis: number, count?: number): readonly Case[] =>
  [false, true].map((descending) =>
    newCase('argsort', [input], { axis, descending, ...(count !== undefined && { count }) }),
  );

export const reductionCases = {
  sum: overAxes('sum', numeric, usual),
  mean: overAxes('mean', anyDType.filter(isFloat), usual),
  prod: [...overAxes('prod', numeric, factors), ...farFactors('prod')],
  prodOfOthers: [...overAxes('prodOfOthers', anyDType.filter(isFloat), factors), ...farFactors('prodOfOthers')],
  max: [...overAxes('max', anyDType, tied), ...emptyExtrema('max')],
  min: [...overAxes('min', anyDType, tied), ...emptyExtrema('min')],
  argmax: [...alongAxis('argmax', numeric, tied), ...emptyArguments('argmax')],
  argmin: [...alongAxis('argmin', numeric, tied), ...emptyArguments('argmin')],
  cumsum: alongAxis('cumsum', numeric, usual),
  argsort: anyDType.flatMap((dtype) => [
    ...inputsOf(dtype, tied(dtype), true)
      .filter((input) => !input.shape.includes(1031))
      .flatMap((input) => everyAxis(input.shape).flatMap((axis) => eitherEnd(input, axis))),
    ...eitherEnd(array([131, 3], dtype, usual(dtype)), 0),
    ...[0, 1, 3, 64, 65, 131].flatMap((count) => eitherEnd(array([131, 3], dtype, usual(dtype)), 0, count)),
    ...[1, 4, 5].flatMap((count) => eitherEnd(array([5, 2], dtype, tied(dtype)), 0, count)),
  ]),
} satisfies { readonly [P in Primitive]?: readonly Case[] };
