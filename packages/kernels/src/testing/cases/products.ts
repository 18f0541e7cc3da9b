/** Cases of the matrix product, and of the windows that turn convolutions into products. */

import type { DType } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import type { Window } from '../../arrays/views.ts';
import type { Primitive } from '../../primitives.ts';
import { type Case, newCase } from '../case.ts';
import { anyDType, array, listed, numeric, slide, unusualLayouts, usual } from '../inputs.ts';
import { type Layout, layouts } from '../layouts.ts';

const product = (a: Shape, b: Shape, dtype: DType, aLayout?: Layout, bLayout?: Layout): Case =>
  newCase('matmul', [array(a, dtype, usual(dtype, 1), aLayout), array(b, dtype, usual(dtype, 2), bLayout)], undefined);

/** [m, k, n] around the edges of the tiles that divide a product: the tile itself, one less and one more. */
const sizes: readonly (readonly [m: number, k: number, n: number])[] = [
  [1, 1, 1],
  [1, 7, 1],
  [1, 5, 9],
  [9, 5, 1],
  [2, 3, 4],
  [3, 1, 3],
  [4, 4, 4],
  [5, 4, 3],
  [6, 8, 16],
  [7, 9, 15],
  [8, 16, 8],
  [9, 17, 33],
  [16, 16, 16],
  [17, 31, 19],
  [1, 300, 2],
  [3, 5, 530],
  [65, 130, 33],
  [131, 263, 3],
  [131, 2, 263],
  [0, 3, 2],
  [2, 0, 3],
  [2, 3, 0],
  [0, 0, 0],
];

const batches: readonly (readonly [Shape, Shape])[] = [
  [
    [3, 4, 5],
    [3, 5, 6],
  ],
  [
    [3, 4, 5],
    [5, 6],
  ],
  [
    [4, 5],
    [3, 5, 6],
  ],
  [
    [1, 4, 5],
    [3, 5, 6],
  ],
  [
    [2, 1, 4, 5],
    [3, 5, 6],
  ],
  [
    [2, 3, 1, 5],
    [2, 1, 5, 1],
  ],
  [
    [0, 4, 5],
    [5, 6],
  ],
  [
    [3, 2, 0],
    [3, 0, 2],
  ],
  [
    [2, 17, 9],
    [2, 9, 33],
  ],
];

const nan = Number.NaN;
const infinity = Number.POSITIVE_INFINITY;

/** A non-finite element spoils only its row or its column. */
const spoiled: readonly Case[] = (['float32', 'float64'] as const).flatMap((dtype) =>
  [nan, infinity].flatMap((value): Case[] => {
    const once = listed(value, ...Array.from({ length: 62 }, (_, i) => i - 30));
    return [
      newCase('matmul', [array([7, 9], dtype, once), array([9, 5], dtype, usual(dtype))], undefined),
      newCase('matmul', [array([5, 9], dtype, usual(dtype)), array([9, 7], dtype, once)], undefined),
    ];
  }),
);

/** Products of large integers, which wrap as their factors do. */
const wrapping: Case = newCase(
  'matmul',
  [
    array([5, 9], 'int32', listed(2 ** 31 - 1, -46341, 123456789, -(2 ** 31))),
    array([9, 6], 'int32', listed(2 ** 31 - 1, 65537, -98765431, 7, -(2 ** 31))),
  ],
  undefined,
);

const matmulCases: readonly Case[] = [
  ...numeric.flatMap((dtype) => [
    ...sizes.map(([m, k, n]) => product([m, k], [k, n], dtype)),
    ...batches.map(([a, b]) => product(a, b, dtype)),
    ...[
      [5, 7, 6],
      [9, 17, 33],
    ].flatMap(([m, k, n]) =>
      unusualLayouts.flatMap((layout) => [
        product([m!, k!], [k!, n!], dtype, layout, 'contiguous'),
        product([m!, k!], [k!, n!], dtype, 'contiguous', layout),
        product([m!, k!], [k!, n!], dtype, layout, layout),
      ]),
    ),
    ...unusualLayouts.map((layout) => product([3, 4, 5], [2, 3, 5, 6], dtype, layout, layout)),
    newCase('matmul', [array([7, 7], dtype, usual(dtype)), { sameAs: 0 }], undefined),
  ]),
  ...spoiled,
  wrapping,
];

const transformed = (x: Shape, w: Shape, dtype: DType, layout: Layout = 'contiguous'): Case =>
  newCase(
    'affine',
    [
      array(x, dtype, usual(dtype, 1), layout),
      array(w, dtype, usual(dtype, 2), layout),
      array([w[1]!], dtype, usual(dtype, 3), layout),
    ],
    undefined,
  );

const affineCases: readonly Case[] = numeric.flatMap((dtype) => [
  ...sizes.map(([m, k, n]) => transformed([m, k], [k, n], dtype)),
  ...[
    [3, 4, 5],
    [2, 3, 4, 5],
    [2, 1, 5],
    [0, 4, 5],
  ].flatMap((x) => [transformed(x, [5, 6], dtype), transformed(x, [5, 1], dtype)]),
  ...unusualLayouts.flatMap((layout) => [
    transformed([5, 7], [7, 6], dtype, layout),
    transformed([9, 17], [17, 33], dtype, layout),
    transformed([9, 17], [17, 1], dtype, layout),
    transformed([3, 4, 5], [5, 6], dtype, layout),
  ]),
]);

/** A non-finite bias spoils only its column. */
const spoiledColumns: readonly Case[] = (['float32', 'float64'] as const).flatMap((dtype) =>
  [nan, infinity].map((value) => {
    const bias = array([6], dtype, listed(value, 0, -1, 2, 3, 4));
    return newCase('affine', [array([7, 9], dtype, usual(dtype)), array([9, 6], dtype, usual(dtype)), bias], undefined);
  }),
);

const windowed: readonly (readonly [Shape, readonly Window[]])[] = [
  [[3], []],
  [[9], [slide(3)]],
  [[9], [slide(1)]],
  [[9], [slide(9)]],
  [[9], [slide(3, { stride: 3 })]],
  [[9], [slide(2, { stride: 4 })]],
  [[9], [slide(3, { dilation: 3 })]],
  [[9], [slide(3, { padding: [1, 1] })]],
  [[9], [slide(3, { padding: [0, 2], stride: 2 })]],
  [[9], [slide(2, { padding: [-1, -2] })]],
  [[9], [slide(2, { padding: [3, -4] })]],
  [[2], [slide(2, { padding: [3, 3] })]],
  [[0], [slide(2, { padding: [1, 1] })]],
  [[0, 5], [slide(2)]],
  [[3, 6], [slide(3, { padding: [1, 1] })]],
  [
    [6, 7],
    [slide(3), slide(2)],
  ],
  [
    [2, 3, 6, 7],
    [slide(3, { padding: [1, 1] }), slide(3, { padding: [1, 1] })],
  ],
  [
    [2, 6, 7],
    [slide(2, { stride: 2 }), slide(3, { stride: 2, dilation: 2, padding: [1, 0] })],
  ],
  [
    [3, 4, 5],
    [slide(2), slide(2, { padding: [1, 1] }), slide(3, { stride: 2, padding: [-1, 1] })],
  ],
];

/** Returns the shape of the result of `unfold`. */
function unfolded(shape: Shape, windows: readonly Window[]): Shape {
  const lead = shape.slice(0, shape.length - windows.length);
  const positions = windows.map(({ size, stride, dilation, padding }, i) => {
    const room = shape[lead.length + i]! + padding[0] + padding[1] - (size - 1) * dilation;
    return Math.ceil(room / stride);
  });
  return [...lead, ...windows.map(({ size }) => size), ...positions];
}

export const productCases = {
  matmul: matmulCases,
  affine: [...affineCases, ...spoiledColumns],
  unfold: windowed.flatMap(([shape, windows]) =>
    anyDType.flatMap((dtype) =>
      layouts.map((layout): Case => newCase('unfold', [array(shape, dtype, usual(dtype), layout)], windows)),
    ),
  ),
  fold: windowed.flatMap(([shape, windows]) =>
    numeric.flatMap((dtype) =>
      layouts.map((layout): Case => {
        const x = array(unfolded(shape, windows), dtype, usual(dtype), layout);
        return newCase('fold', [x], { windows, shape: shape.slice(shape.length - windows.length) });
      }),
    ),
  ),
} satisfies { readonly [P in Primitive]?: readonly Case[] };
