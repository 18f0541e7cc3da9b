/** Cases of the fused primitives, which do in one pass what a composition does in several. */

import type { FloatDType } from '../../arrays/dtype.ts';
import type { Activation, Primitive } from '../../primitives.ts';
import { type Case, newCase } from '../case.ts';
import {
  array,
  floats,
  layoutShapes,
  lengths,
  listed,
  oddShapes,
  special,
  uniform,
  unusualLayouts,
  usual,
} from '../inputs.ts';
import type { Layout } from '../layouts.ts';
import type { Values } from '../values.ts';

const activations: readonly Activation[] = ['relu', 'tanh', 'sigmoid'];

const activationGradCases = (dtype: FloatDType, of: Activation): readonly Case[] => {
  // Values of relu are at least 0; those of tanh and sigmoid are at most 1.
  const values = of === 'relu' ? listed(0, 0.5, 3, 0, 1e-30) : uniform(of === 'tanh' ? -1 : 0, 1, 2);
  return [
    ...[...lengths.map((length) => [length]), ...oddShapes, ...layoutShapes].map((shape) =>
      newCase('activationGrad', [array(shape, dtype, usual(dtype)), array(shape, dtype, values)], of),
    ),
    ...unusualLayouts.map((layout) =>
      newCase('activationGrad', [array([33, 35], dtype, usual(dtype), layout), array([33, 35], dtype, values)], of),
    ),
    newCase('activationGrad', [array([5, 7], dtype, values), { sameAs: 0 }], of),
    newCase(
      'activationGrad',
      [array([41], dtype, listed(...special[dtype])), array([41], dtype, listed(0, 1, 0.5, Number.NaN))],
      of,
    ),
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

/** Rows of logits with infinities, NaN or huge numbers, such as a row of -Infinity alone. */
const extremeRows = listed(
  ...[-Infinity, 0, 1, 2, -Infinity],
  ...[Number.NaN, 0, 1, 2, 3],
  ...[0, Infinity, 1, 2, 3],
  ...[-Infinity, -Infinity, -Infinity, -Infinity, -Infinity],
  ...[0, 1e30, 1, -1e30, 2],
  ...[-Infinity, 7, -Infinity, -Infinity, -Infinity],
);

interface Row {
  readonly shape: readonly [rows: number, classes: number];
  readonly values: Values;
  readonly layout?: Layout;
  readonly labelLayout?: Layout;
}

const rowsOf = (dtype: FloatDType): readonly Row[] => [
  ...logitShapes.flatMap((shape) =>
    [usual(dtype), uniform(990, 1010), uniform(-50, 50)].map((values) => ({ shape, values })),
  ),
  ...unusualLayouts.map((layout) => ({ shape: [7, 10] as const, values: usual(dtype), layout })),
  ...unusualLayouts.map((labelLayout) => ({ shape: [7, 10] as const, values: usual(dtype), labelLayout })),
  { shape: [6, 5], values: extremeRows },
];

const operands = (dtype: FloatDType, { shape, values, layout, labelLayout }: Row) =>
  [array(shape, dtype, values, layout), array([shape[0]], 'int32', uniform(0, shape[1], 3), labelLayout)] as const;

export const fusedCases = {
  activationGrad: floats.flatMap((dtype) => activations.flatMap((of) => activationGradCases(dtype, of))),
  crossEntropy: floats.flatMap((dtype) =>
    rowsOf(dtype).map((row): Case => newCase('crossEntropy', operands(dtype, row), undefined)),
  ),
  crossEntropyGrad: floats.flatMap((dtype) => [
    ...rowsOf(dtype).map((row): Case => {
      const g = array([row.shape[0]], dtype, usual(dtype, 2), row.layout);
      return newCase('crossEntropyGrad', [g, ...operands(dtype, row)], undefined);
    }),
    newCase(
      'crossEntropyGrad',
      [
        array([4], dtype, listed(Infinity, 1, -Infinity, Number.NaN)),
        ...operands(dtype, { shape: [4, 5], values: usual(dtype) }),
      ],
      undefined,
    ),
  ]),
} satisfies { readonly [P in Primitive]?: readonly Case[] };
