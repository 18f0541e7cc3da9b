/** Cases of the primitives that do in one pass what a composition does in several. */

import type { FloatDType } from '../../dtype.ts';
import type { Activation, Primitive } from '../../primitives.ts';
import { type Case, newCase } from '../case.ts';
import { array, floats, layoutShapes, lengths, listed, oddShapes, uniform, unusualLayouts, usual } from '../inputs.ts';

const activations: readonly Activation[] = ['relu', 'tanh', 'sigmoid'];

const slopeCases = (dtype: FloatDType, of: Activation): readonly Case[] => {
  // Values of relu are 0 or positive, of tanh and sigmoid at most 1.
  const values = of === 'relu' ? listed(0, 0.5, 3, 0, 1e-30) : uniform(of === 'tanh' ? -1 : 0, 1, 2);
  return [
    ...[...lengths.map((length) => [length]), ...oddShapes, ...layoutShapes].map((shape) =>
      newCase('timesSlope', [array(shape, dtype, usual(dtype)), array(shape, dtype, values)], of),
    ),
    ...unusualLayouts.map((layout) =>
      newCase('timesSlope', [array([33, 35], dtype, usual(dtype), layout), array([33, 35], dtype, values)], of),
    ),
    newCase('timesSlope', [array([5, 7], dtype, values), { sameAs: 0 }], of),
  ];
};

/** [rows, classes] */
const logitShapes = [
  [1, 1],
  [1, 2],
  [3, 5],
  [4, 8],
  [7, 10],
  [2, 33],
  [300, 10],
  [5, 1000],
  [40, 1031],
  [2, 20_000],
  [0, 4],
] as const;

const labelsOf = (rows: number, classes: number) => array([rows], 'int32', uniform(0, classes, 3));

const rowCases = (make: (rows: number, classes: number, dtype: FloatDType) => readonly Case[]): readonly Case[] =>
  floats.flatMap((dtype) => logitShapes.flatMap(([rows, classes]) => make(rows, classes, dtype)));

export const fusedCases = {
  timesSlope: floats.flatMap((dtype) => activations.flatMap((of) => slopeCases(dtype, of))),
  crossEntropy: rowCases((rows, classes, dtype) =>
    [usual(dtype), uniform(990, 1010), uniform(-50, 50)].map((values) =>
      newCase('crossEntropy', [array([rows, classes], dtype, values), labelsOf(rows, classes)], undefined),
    ),
  ),
  crossEntropySlope: rowCases((rows, classes, dtype) => [
    newCase(
      'crossEntropySlope',
      [array([rows], dtype, usual(dtype, 2)), array([rows, classes], dtype, usual(dtype)), labelsOf(rows, classes)],
      undefined,
    ),
    newCase(
      'crossEntropySlope',
      [
        array([rows], dtype, usual(dtype, 2), 'broadcast'),
        array([rows, classes], dtype, uniform(990, 1010), 'transposed'),
        labelsOf(rows, classes),
      ],
      undefined,
    ),
  ]),
} satisfies { readonly [P in Primitive]?: readonly Case[] };
