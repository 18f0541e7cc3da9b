/** Cases of convolutions and of max pooling. */

import type { DType } from '../../arrays/dtype.ts';
import type { Shape } from '../../arrays/shape.ts';
import { type Window, windowPositions } from '../../arrays/views.ts';
import type { Convolution, Primitive } from '../../primitives.ts';
import { type Case, newCase } from '../case.ts';
import { array, floats, listed, numeric, slide, special, tied, unusualLayouts, usual } from '../inputs.ts';
import type { Layout } from '../layouts.ts';
import type { Values } from '../values.ts';

/** The parameters of a convolution: the shape of x, the number of outputs, and how the weight slides. */
interface Sizes {
  readonly x: Shape;
  readonly outputs: number;
  readonly windows: readonly Window[];
  readonly groups?: number;
}

const same = slide(3, { padding: [1, 1] });
const strided = slide(3, { stride: 2, padding: [1, 1] });

const sizes: readonly Sizes[] = [
  { x: [1, 1, 1], outputs: 1, windows: [slide(1)] },
  { x: [2, 3, 9], outputs: 4, windows: [slide(3)] },
  { x: [2, 3, 9], outputs: 1, windows: [slide(4, { stride: 3, padding: [2, 1] })] },
  { x: [3, 2, 30], outputs: 5, windows: [slide(5, { dilation: 2, padding: [4, 4] })] },
  { x: [2, 4, 9], outputs: 6, windows: [slide(3, { padding: [0, 2] })], groups: 2 },
  { x: [3, 2], outputs: 4, windows: [] },
  { x: [2, 1, 5, 6], outputs: 1, windows: [slide(1), slide(1)] },
  { x: [2, 3, 5, 6], outputs: 4, windows: [same, same] },
  { x: [5, 1, 12, 11], outputs: 16, windows: [same, same] },
  { x: [2, 9, 5, 9], outputs: 19, windows: [same, slide(2)] },
  { x: [2, 3, 8, 9], outputs: 7, windows: [strided, strided] },
  { x: [2, 3, 9, 8], outputs: 2, windows: [slide(1, { stride: 2 }), slide(2, { stride: 3 })] },
  {
    x: [1, 2, 11, 13],
    outputs: 3,
    windows: [slide(3, { stride: 2, dilation: 3, padding: [3, 2] }), slide(4, { stride: 3, dilation: 2 })],
  },
  { x: [2, 3, 7, 8], outputs: 2, windows: [slide(2, { padding: [-1, -2] }), slide(2, { padding: [3, -1] })] },
  { x: [2, 3, 2, 2], outputs: 2, windows: [slide(3, { padding: [4, 5] }), slide(5, { stride: 2, padding: [3, 4] })] },
  { x: [3, 6, 5, 4], outputs: 6, windows: [same, same], groups: 6 },
  { x: [2, 6, 6, 5], outputs: 9, windows: [strided, same], groups: 3 },
  { x: [1, 33, 3, 4], outputs: 20, windows: [same, same] },
  { x: [1, 1, 24, 40], outputs: 3, windows: [slide(5, { padding: [2, 2] }), slide(5, { padding: [2, 2] })] },
  { x: [1, 2, 4, 3, 5], outputs: 3, windows: [slide(2), slide(2, { stride: 2 }), same] },
  // Windows that see only padding, along one axis or both.
  { x: [1, 1, 2], outputs: 1, windows: [slide(1, { stride: 3, padding: [1, 1] })] },
  { x: [2, 2, 4], outputs: 3, windows: [slide(2, { stride: 6, padding: [2, 2] })] },
  { x: [2, 2, 3, 4], outputs: 3, windows: [slide(1, { stride: 4, padding: [1, 1] }), slide(1)] },
  { x: [2, 2, 4, 2], outputs: 3, windows: [same, slide(1, { stride: 3, padding: [1, 1] })] },
  {
    x: [2, 1, 2, 2],
    outputs: 2,
    windows: [slide(1, { stride: 3, padding: [1, 1] }), slide(1, { stride: 3, padding: [1, 1] })],
  },
  {
    x: [1, 2, 3, 6],
    outputs: 2,
    windows: [slide(2, { stride: 5, dilation: 4, padding: [1, 2] }), slide(2, { stride: 2 })],
  },
  { x: [0, 2, 4, 4], outputs: 3, windows: [same, same] },
  { x: [2, 0, 4, 4], outputs: 3, windows: [same, same] },
  { x: [2, 2, 4, 4], outputs: 0, windows: [same, same] },
];

/** Returns the shapes of the three arrays of a convolution. */
function shapesOf({ x, outputs, windows, groups = 1 }: Sizes): {
  readonly x: Shape;
  readonly w: Shape;
  readonly y: Shape;
} {
  return {
    x,
    w: [outputs, x[1]! / groups, ...windows.map(({ size }) => size)],
    y: [x[0]!, outputs, ...windows.map((w, i) => windowPositions(x[i + 2]!, w))],
  };
}

type Form = 'conv' | 'convInput' | 'convWeight';

interface OperandOptions {
  readonly layout?: Layout;
  readonly values?: Values;
}

function convolutionCase(
  form: Form,
  given: Sizes,
  dtype: DType,
  first: OperandOptions = {},
  second: OperandOptions = {},
): Case {
  const { x, w, y } = shapesOf(given);
  const of: Convolution = { windows: given.windows, groups: given.groups ?? 1 };
  const operands = (a: Shape, b: Shape) =>
    [
      array(a, dtype, first.values ?? usual(dtype, 1), first.layout),
      array(b, dtype, second.values ?? usual(dtype, 2), second.layout),
    ] as const;
  if (form === 'conv') return newCase('conv', operands(x, w), of);
  if (form === 'convWeight') return newCase('convWeight', operands(x, y), of);
  return newCase('convInput', operands(y, w), { ...of, shape: x.slice(2) });
}

const laidOut: readonly Sizes[] = [
  { x: [2, 3, 5, 6], outputs: 4, windows: [same, strided] },
  { x: [2, 4, 9], outputs: 2, windows: [slide(3, { padding: [0, 2] })], groups: 2 },
];

/**
 * Shapes in which only some windows read a given non-finite element, and in which padding is multiplied by such an
 * element.
 */
const scattered: readonly Sizes[] = [
  { x: [1, 2, 5, 4], outputs: 2, windows: [same, same] },
  { x: [2, 1, 5, 7], outputs: 2, windows: [slide(2), slide(3, { stride: 2, dilation: 2, padding: [2, 1] })] },
  { x: [2, 2, 7], outputs: 3, windows: [slide(3, { stride: 2, padding: [1, 0] })] },
];
const notFinite = [Number.POSITIVE_INFINITY, Number.NaN].map((value) =>
  listed(...[2, -1, 0.5, 1, -3, value, 1.5, -2, 3, 1, -0.5, 1, 2, -2, 2.5, 0.1, 2]),
);

const convolutionCases = (form: Form): readonly Case[] => [
  ...numeric.flatMap((dtype) => sizes.map((given) => convolutionCase(form, given, dtype))),
  ...floats.flatMap((dtype) =>
    laidOut.flatMap((given) =>
      unusualLayouts.flatMap((layout) => [
        convolutionCase(form, given, dtype, { layout }),
        convolutionCase(form, given, dtype, {}, { layout }),
      ]),
    ),
  ),
  ...floats.flatMap((dtype) =>
    scattered.flatMap((given) =>
      notFinite.flatMap((values) => [
        convolutionCase(form, given, dtype, { values }),
        convolutionCase(form, given, dtype, {}, { values }),
      ]),
    ),
  ),
];

const pool = slide(2, { stride: 2 });

const pools: readonly (readonly [Shape, readonly Window[]])[] = [
  [[7], [slide(3)]],
  [[3], []],
  [[2, 9], [slide(3, { stride: 2, padding: [1, 1] })]],
  [[5, 9], [slide(2, { dilation: 4, padding: [-1, 0] })]],
  [
    [2, 6, 8],
    [pool, pool],
  ],
  [
    [2, 3, 7, 9],
    [pool, pool],
  ],
  [
    [2, 3, 7, 9],
    [slide(3, { padding: [1, 1] }), slide(3, { stride: 2, padding: [1, 1] })],
  ],
  [
    [3, 5, 6],
    [slide(1), slide(6)],
  ],
  [
    [2, 30, 21],
    [slide(5, { stride: 3, padding: [2, 2] }), slide(2, { dilation: 3 })],
  ],
  [
    [3, 4, 5, 4],
    [pool, slide(2), slide(3, { padding: [1, 1] })],
  ],
  [
    [0, 4, 4],
    [pool, pool],
  ],
];

function poolingCases(primitive: 'maxPool' | 'maxUnpool'): readonly Case[] {
  const one = (by: Shape, windows: readonly Window[], dtype: DType, layout?: Layout): Case[] => {
    const lead = by.length - windows.length;
    const y = [...by.slice(0, lead), ...windows.map((w, i) => windowPositions(by[lead + i]!, w))];
    const x = array(primitive === 'maxPool' ? by : y, dtype, usual(dtype, 2), layout);
    return [usual(dtype), tied(dtype)].map((values) =>
      newCase(primitive, [x, array(by, dtype, values, layout)], windows),
    );
  };
  return [
    ...numeric.flatMap((dtype) => pools.flatMap(([by, windows]) => one(by, windows, dtype))),
    ...floats.flatMap((dtype) =>
      unusualLayouts.flatMap((layout) => [
        ...one([2, 3, 7, 9], [pool, slide(3)], dtype, layout),
        ...one([3, 4, 10], [pool, pool], dtype, layout),
      ]),
    ),
    ...floats.map((dtype): Case => {
      const y = array(primitive === 'maxPool' ? [64] : [31], dtype, usual(dtype));
      return newCase(primitive, [y, array([64], dtype, listed(...special[dtype]))], [slide(4, { stride: 2 })]);
    }),
    ...floats.map((dtype): Case => {
      const by = array([8, 16], dtype, listed(...special[dtype]));
      return newCase(
        primitive,
        [array(primitive === 'maxPool' ? [8, 16] : [4, 8], dtype, usual(dtype)), by],
        [pool, pool],
      );
    }),
    ...(primitive === 'maxPool'
      ? [newCase(primitive, [array([6, 8], 'float32', usual('float32')), { sameAs: 0 }], [pool, pool])]
      : []),
  ];
}

export const convolutionTable = {
  conv: convolutionCases('conv'),
  convInput: convolutionCases('convInput'),
  convWeight: convolutionCases('convWeight'),
  maxPool: poolingCases('maxPool'),
  maxUnpool: poolingCases('maxUnpool'),
} satisfies { readonly [P in Primitive]?: readonly Case[] };
