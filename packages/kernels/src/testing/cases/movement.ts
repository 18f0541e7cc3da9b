/** Cases of the primitives that move elements: views, copies, indexing and its adjoint. */

import type { DType } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import type { Primitive, Slice } from '../../primitives.ts';
import { type ArrayInput, type Case, newCase } from '../case.ts';
import { anyDType, array, layoutShapes, listed, numeric, special, unusualLayouts, usual } from '../inputs.ts';
import { type Layout, layouts } from '../layouts.ts';

const nan = Number.NaN;
const infinity = Number.POSITIVE_INFINITY;

const constants: { readonly [D in DType]: readonly number[] } = {
  float32: [0, -0, 1, -2.5, 0.1, nan, infinity],
  float64: [0, -0, 1, -2.5, 0.1, nan, -infinity],
  int32: [0, 7, -(2 ** 31)],
  bool: [0, 1],
};

const fullCases: readonly Case[] = anyDType.flatMap((dtype) =>
  constants[dtype].flatMap((value) =>
    [[], [0], [1], [17], [1031], [2, 0, 3], [5, 7]].map((shape): Case => newCase('full', [], { shape, value, dtype })),
  ),
);

/** Makes an input with special numbers of a dtype, which a movement must preserve to the last bit. */
const precious = (shape: Shape, dtype: DType, layout?: Layout): ArrayInput =>
  array(shape, dtype, dtype === 'bool' ? usual(dtype) : listed(...special[dtype], 11, 12, 13), layout);

/** Makes arrays of every dtype in every layout, for one movement. */
const moved = (shape: Shape): readonly ArrayInput[] =>
  anyDType.flatMap((dtype) => layouts.map((layout) => precious(shape, dtype, layout)));

const reshapes: readonly (readonly [from: Shape, to: Shape])[] = [
  [[], [1, 1]],
  [[1], []],
  [[0], [0, 3]],
  [[3, 0, 2], [0]],
  [[24], [2, 3, 4]],
  [[5, 7], [35]],
  [
    [5, 7],
    [7, 5],
  ],
  [
    [2, 3, 4],
    [6, 4],
  ],
  [
    [2, 3, 4],
    [2, 12],
  ],
  [
    [2, 3, 4],
    [4, 6],
  ],
  [
    [2, 3, 4],
    [1, 2, 1, 3, 4, 1],
  ],
  [[2, 1, 3], [6]],
  [
    [2, 1, 3, 1],
    [3, 2],
  ],
  [
    [33, 35],
    [3, 11, 35],
  ],
  [
    [4, 6],
    [2, 2, 3, 2],
  ],
];

const permutations: readonly (readonly [Shape, readonly number[]])[] = [
  [[], []],
  [[5], [0]],
  [
    [5, 7],
    [1, 0],
  ],
  [
    [5, 7],
    [0, 1],
  ],
  [
    [2, 3, 4],
    [0, 2, 1],
  ],
  [
    [2, 3, 4],
    [1, 0, 2],
  ],
  [
    [2, 3, 4],
    [1, 2, 0],
  ],
  [
    [2, 3, 4],
    [2, 0, 1],
  ],
  [
    [2, 3, 4],
    [2, 1, 0],
  ],
  [
    [3, 0, 2],
    [2, 0, 1],
  ],
  [
    [2, 3, 1, 2, 3],
    [4, 2, 0, 3, 1],
  ],
];

const stretches: readonly (readonly [Shape, Shape])[] = [
  [[], []],
  [[], [3, 2]],
  [[], [0]],
  [[1], [0]],
  [[0], [3, 0]],
  [[5], [5]],
  [[7], [5, 7]],
  [
    [5, 1],
    [5, 7],
  ],
  [
    [1, 7],
    [2, 5, 7],
  ],
  [
    [2, 1, 3, 1],
    [2, 2, 4, 3, 5],
  ],
];

const sliceOf = (starts: readonly number[], sizes: readonly number[], steps: readonly number[]): Slice => ({
  starts,
  sizes,
  steps,
});

const slices: readonly (readonly [Shape, Slice])[] = [
  [[], sliceOf([], [], [])],
  [[9], sliceOf([0], [9], [1])],
  [[9], sliceOf([2], [4], [1])],
  [[9], sliceOf([1], [4], [2])],
  [[9], sliceOf([8], [9], [-1])],
  [[9], sliceOf([7], [3], [-3])],
  [[9], sliceOf([4], [1], [5])],
  [[9], sliceOf([9], [0], [1])],
  [[0], sliceOf([0], [0], [1])],
  [[5, 7], sliceOf([1, 2], [3, 4], [1, 1])],
  [[5, 7], sliceOf([0, 6], [3, 3], [2, -3])],
  [[5, 7], sliceOf([4, 0], [5, 7], [-1, 1])],
  [[5, 7], sliceOf([2, 0], [0, 7], [1, 1])],
  [[2, 3, 4], sliceOf([1, 2, 3], [2, 2, 2], [-1, -2, -3])],
  [[2, 3, 4], sliceOf([1, 0, 1], [1, 3, 2], [1, 1, 2])],
];

function concatCases(): readonly Case[] {
  const concat = (axis: number, ...inputs: ArrayInput[]): Case => newCase('concat', inputs, axis);
  return anyDType.flatMap((dtype) => {
    const x = (shape: Shape, layout?: Layout) => precious(shape, dtype, layout);
    return [
      concat(0, x([5])),
      concat(0, x([3]), x([0]), x([4])),
      concat(0, x([0]), x([0])),
      concat(0, x([5, 7]), x([2, 7]), x([1, 7])),
      concat(1, x([5, 7]), x([5, 2]), x([5, 1])),
      concat(1, x([5, 0]), x([5, 3])),
      concat(1, x([2, 3, 4]), x([2, 1, 4])),
      concat(2, x([2, 3, 4]), x([2, 3, 1])),
      ...unusualLayouts.flatMap((layout) => [
        concat(0, x([5, 7], layout), x([2, 7])),
        concat(1, x([5, 7]), x([5, 33], layout)),
      ]),
      newCase('concat', [x([5, 7]), { sameAs: 0 }], 1),
    ];
  });
}

interface Lookup {
  readonly shape: Shape;
  readonly axis: number;
  readonly indices: Shape;
  readonly list: readonly number[];
}

const lookups: readonly Lookup[] = [
  { shape: [9], axis: 0, indices: [], list: [4] },
  { shape: [9], axis: 0, indices: [5], list: [8, 0, 3, 3, 1] },
  { shape: [9], axis: 0, indices: [2, 3], list: [1, 7, 1, 0] },
  { shape: [9], axis: 0, indices: [0], list: [0] },
  { shape: [0], axis: 0, indices: [0, 2], list: [0] },
  { shape: [5, 7], axis: 0, indices: [11], list: [4, 0, 2] },
  { shape: [5, 7], axis: 1, indices: [11], list: [6, 0, 2, 5] },
  { shape: [5, 7], axis: 1, indices: [], list: [3] },
  { shape: [5, 7], axis: 0, indices: [1], list: [2] },
  { shape: [0, 7], axis: 1, indices: [3], list: [6, 1, 1] },
  { shape: [5, 130], axis: 0, indices: [37], list: [1, 3, 0, 4] },
  { shape: [7, 5], axis: 0, indices: [1031], list: [1, 6, 0, 4, 4] },
  { shape: [130, 5], axis: 1, indices: [3], list: [1, 3, 0] },
  { shape: [2, 3, 4], axis: 1, indices: [2, 2], list: [2, 0, 1, 1] },
  { shape: [2, 3, 4], axis: 2, indices: [5], list: [3, 0, 3] },
  { shape: [2, 3, 4], axis: 0, indices: [3, 1], list: [1, 0, 1] },
];

const indexLayouts: readonly Layout[] = ['window', 'transposed', 'strided', 'reversed', 'broadcast'];

const takeCases: readonly Case[] = lookups.flatMap(({ shape, axis, indices, list }) => [
  ...moved(shape).map((x): Case => newCase('take', [x, array(indices, 'int32', listed(...list))], axis)),
  ...indexLayouts.map(
    (layout): Case =>
      newCase('take', [precious(shape, 'float32'), array(indices, 'int32', listed(...list), layout)], axis),
  ),
]);

function scatterCases(): readonly Case[] {
  const scattered = ({ shape, axis, indices }: Lookup) => [
    ...shape.slice(0, axis),
    ...indices,
    ...shape.slice(axis + 1),
  ];
  return lookups.flatMap((lookup) => {
    const into = { axis: lookup.axis, size: lookup.shape[lookup.axis]! };
    const list = listed(...lookup.list);
    const shape = scattered(lookup);
    const scatter = (dtype: DType, layout: Layout, indexLayout: Layout): Case =>
      newCase(
        'scatterAdd',
        [array(shape, dtype, usual(dtype), layout), array(lookup.indices, 'int32', list, indexLayout)],
        into,
      );
    return [
      ...numeric.flatMap((dtype) => layouts.map((layout) => scatter(dtype, layout, 'contiguous'))),
      ...indexLayouts.map((layout) => scatter('float32', 'contiguous', layout)),
    ];
  });
}

/**
 * Cases in which so many entries are added at each index that the order of addition matters, in a short and in a longer
 * table.
 */
const crowded: readonly Case[] = numeric.flatMap((dtype) =>
  [4, 2000].map((size) =>
    newCase('scatterAdd', [array([1031], dtype, usual(dtype)), array([1031], 'int32', listed(2, 0, 2, 1, 2))], {
      axis: 0,
      size,
    }),
  ),
);

const reverse = (shape: Shape): Slice => ({
  starts: shape.map((length) => length - 1),
  sizes: shape,
  steps: shape.map(() => -1),
});

export const movementCases = {
  full: fullCases,
  reshape: reshapes.flatMap(([from, to]) => moved(from).map((x): Case => newCase('reshape', [x], to))),
  permute: permutations.flatMap(([shape, order]) => moved(shape).map((x): Case => newCase('permute', [x], order))),
  broadcastTo: stretches.flatMap(([from, to]) => moved(from).map((x): Case => newCase('broadcastTo', [x], to))),
  slice: [
    ...slices.flatMap(([shape, slice]) => moved(shape).map((x): Case => newCase('slice', [x], slice))),
    ...layoutShapes.map((shape): Case => newCase('slice', [precious(shape, 'float32')], reverse(shape))),
  ],
  scatterSlice: slices.flatMap(([shape, slice]) =>
    moved(slice.sizes).map((x): Case => newCase('scatterSlice', [x], { ...slice, shape })),
  ),
  concat: concatCases(),
  take: takeCases,
  scatterAdd: [...scatterCases(), ...crowded],
} satisfies { readonly [P in Primitive]?: readonly Case[] };
