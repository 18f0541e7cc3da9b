import {
  type Convolution,
  callPrimitive,
  contiguous,
  createWasm,
  type DType,
  type Kernels,
  type NdArray,
  type Primitive,
  plain,
  type Shape,
  windowPositions,
} from '@tapegrad/kernels';
import { reference } from '@tapegrad/kernels/reference';

import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import * as any from './arbitraries.ts';

/** A call of a primitive, as data, so that a counterexample can be read. */
interface Call {
  readonly primitive: Primitive;
  readonly inputs: readonly NdArray[];
  readonly attributes?: unknown;
}

const run = (kernels: Kernels<NdArray>, { primitive, inputs, attributes }: Call): NdArray =>
  callPrimitive(kernels, primitive, inputs, attributes);

const elements = (x: NdArray): number[] => {
  const { data, offset } = contiguous(x);
  return Array.from(data.subarray(offset, offset + x.size));
};

const described = (x: NdArray) => ({ shape: x.shape, dtype: x.dtype, elements: elements(x) });

const dtypes = fc.constantFrom('float32', 'float64', 'int32');

/** An array of any shape, with matching arguments. */
const onArray = <T>(of: (x: NdArray) => fc.Arbitrary<T>, options?: Parameters<typeof any.shapes>[0]): fc.Arbitrary<T> =>
  fc.tuple(any.shapes(options), dtypes).chain(([shape, dtype]) => any.arrays(shape, dtype).chain(of));

const axisOf = (x: NdArray) => fc.nat({ max: x.shape.length - 1 });
const axesOf = (x: NdArray) => fc.subarray(x.shape.map((_, axis) => axis));
const windowsOf = (x: NdArray) =>
  fc.integer({ min: 0, max: Math.min(2, x.shape.length) }).chain((count) => any.windows(x.shape, count));

/** Arrays whose shapes broadcast to a common one. */
const broadcasting = (...dtypes: readonly DType[]): fc.Arbitrary<NdArray[]> =>
  any
    .shapes()
    .chain((shape) => any.forEach(dtypes, (dtype) => any.broadcastable(shape).chain((s) => any.arrays(s, dtype))));

const products: fc.Arbitrary<NdArray[]> = fc
  .tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }), any.shapes({ maxRank: 2 }), dtypes)
  .chain(([m, k, n, batch, dtype]) =>
    any.forEach(
      [
        [m, k],
        [k, n],
      ],
      (matrix) => any.broadcastable(batch).chain((lead) => any.arrays([...lead, ...matrix], dtype)),
    ),
  );

const affineMaps: fc.Arbitrary<NdArray[]> = fc
  .tuple(fc.nat({ max: 9 }), fc.nat({ max: 9 }), fc.nat({ max: 9 }), any.shapes({ maxRank: 2 }), dtypes)
  .chain(([m, k, n, batch, dtype]) =>
    any.forEach([[...batch, m, k], [k, n], [n]], (shape) => any.arrays(shape, dtype)),
  );

/** The shapes of x, w and y in a convolution, and the windows of the weight. */
const convolutions = fc
  .record({
    axes: fc.array(fc.integer({ min: 1, max: 7 }), { maxLength: 3 }),
    images: fc.integer({ min: 1, max: 3 }),
    groups: fc.integer({ min: 1, max: 2 }),
    inputs: fc.integer({ min: 1, max: 3 }),
    outputs: fc.integer({ min: 1, max: 5 }),
  })
  .chain(({ axes, images, groups, inputs, outputs }) =>
    any.windows(axes, axes.length).map((windows) => ({
      x: [images, groups * inputs, ...axes],
      w: [groups * outputs, inputs, ...windows.map(({ size }) => size)],
      y: [images, groups * outputs, ...windows.map((window, i) => windowPositions(axes[i]!, window))],
      of: { windows, groups },
    })),
  );

/** One of the three forms of a convolution, with two of those shapes. */
const convolution = (a: 'x' | 'y', b: 'w' | 'y', attributes: (of: Convolution, x: Shape) => unknown): Operands =>
  fc
    .tuple(convolutions, dtypes)
    .chain(([{ of, ...shapes }, dtype]) =>
      any
        .forEach([shapes[a], shapes[b]], (shape) => any.arrays(shape, dtype))
        .map((inputs) => [inputs, attributes(of, shapes.x)]),
    );

/** Windows without padding, which therefore contain at least one element, for an array. */
const poolsOn = (x: NdArray) =>
  windowsOf(x).map((windows) =>
    windows.map((window) => ({ ...window, dilation: 1, padding: [0, 0] as const, size: 1 + (window.size % 2) })),
  );

/** Inputs and attributes of a primitive. */
type Operands = fc.Arbitrary<readonly [inputs: readonly NdArray[], attributes?: unknown]>;

const alone = onArray((x) => fc.constant([[x]] as const));
const overAxes = (minLength: number): Operands => onArray((x) => axesOf(x).map((axes) => [[x], axes]), { minLength });
const alongAxis = (minLength: number): Operands =>
  onArray((x) => axisOf(x).map((axis) => [[x], axis]), { minRank: 1, minLength });
const pairs: Operands = dtypes.chain((dtype) => broadcasting(dtype, dtype).map((inputs) => [inputs]));

const operands: { readonly [P in Primitive]?: Operands } = {
  neg: alone,
  relu: alone,
  add: pairs,
  mul: pairs,
  maximum: pairs,
  less: pairs,
  equal: pairs,
  where: dtypes.chain((dtype) => broadcasting('bool', dtype, dtype).map((inputs) => [inputs])),
  cast: onArray((x) => fc.constantFrom('float32', 'int32', 'bool').map((dtype) => [[x], dtype])),
  sum: overAxes(0),
  max: overAxes(1),
  min: overAxes(1),
  argmax: alongAxis(1),
  argmin: alongAxis(1),
  cumsum: alongAxis(0),
  reshape: onArray((x) => any.reshapes(x.shape).map((shape) => [[x], shape])),
  permute: onArray((x) => any.permutations(x.shape.length).map((order) => [[x], order])),
  broadcastTo: any
    .shapes()
    .chain((shape) => any.broadcastable(shape).chain((from) => any.arrays(from).map((x) => [[x], shape]))),
  slice: onArray((x) => any.slices(x.shape).map((slice) => [[x], slice])),
  scatterSlice: any
    .shapes()
    .chain((shape) =>
      any.slices(shape).chain((slice) => any.arrays(slice.sizes).map((x) => [[x], { ...slice, shape }])),
    ),
  concat: onArray(
    (x) =>
      fc
        .tuple(axisOf(x), fc.nat({ max: 4 }))
        .chain(([axis, length]) => any.arrays(x.shape.with(axis, length), x.dtype).map((y) => [[x, y, x], axis])),
    { minRank: 1 },
  ),
  take: onArray((x) => axisOf(x).chain((axis) => any.indices(x.shape[axis]!).map((list) => [[x, list], axis])), {
    minRank: 1,
  }),
  matmul: products.map((inputs) => [inputs]),
  affine: affineMaps.map((inputs) => [inputs]),
  unfold: onArray((x) => windowsOf(x).map((windows) => [[x], windows])),
  conv: convolution('x', 'w', (of) => of),
  convInput: convolution('y', 'w', (of, x) => ({ ...of, shape: x.slice(2) })),
  convWeight: convolution('x', 'y', (of) => of),
  maxPool: onArray((x) => poolsOn(x).map((windows) => [[x, x], windows]), { minLength: 2 }),
};

const interpreters = { plain, wasm: createWasm() };

describe.each(Object.entries(interpreters))('%s and reference agree on arrays of any strides', (_, kernels) => {
  test.each(Object.entries(operands))('%s', (primitive, arbitrary) => {
    const calls = arbitrary.map(
      ([inputs, attributes]): Call => ({ primitive: primitive as Primitive, inputs, attributes }),
    );
    fc.assert(
      fc.property(calls, (c) => {
        expect(described(run(kernels, c))).toEqual(described(run(reference, c)));
      }),
    );
  });

  // Long enough that kernels work in blocks of rows.
  test.each(['sub', 'less', 'maximum'] as const)('%s of long broadcasts', (primitive) => {
    const shapes = fc.tuple(
      fc.integer({ min: 1, max: 4 }),
      fc.integer({ min: 1, max: 20 }),
      fc.integer({ min: 1, max: 90 }),
    );
    const calls = shapes.chain((shape) =>
      any.forEach([1, 2], () => any.broadcastable(shape).chain((own) => any.arrays(own, 'float32'))),
    );
    fc.assert(
      fc.property(calls, (inputs) => {
        const c: Call = { primitive, inputs };
        expect(described(run(kernels, c))).toEqual(described(run(reference, c)));
      }),
    );
  });
});

/** An array, a call of a linear primitive that moves its elements, and the call that must be the adjoint. */
interface LinearPair {
  readonly x: NdArray;
  readonly forward: Call;
  readonly backward: (y: NdArray) => Call;
}

const adjoints: { readonly [name: string]: fc.Arbitrary<LinearPair> } = {
  'slice and scatterSlice': onArray((x) =>
    any.slices(x.shape).map((slice) => ({
      x,
      forward: { primitive: 'slice', inputs: [x], attributes: slice },
      backward: (y) => ({ primitive: 'scatterSlice', inputs: [y], attributes: { ...slice, shape: x.shape } }),
    })),
  ),
  'take and scatterAdd': onArray(
    (x) =>
      axisOf(x).chain((axis) =>
        any.indices(x.shape[axis]!).map((list) => ({
          x,
          forward: { primitive: 'take', inputs: [x, list], attributes: axis },
          backward: (y) => ({
            primitive: 'scatterAdd',
            inputs: [y, list],
            attributes: { axis, size: x.shape[axis]! },
          }),
        })),
      ),
    { minRank: 1 },
  ),
  'unfold and fold': onArray((x) =>
    windowsOf(x).map((windows) => ({
      x,
      forward: { primitive: 'unfold', inputs: [x], attributes: windows },
      backward: (y) => ({
        primitive: 'fold',
        inputs: [y],
        attributes: { windows, shape: x.shape.slice(x.shape.length - windows.length) },
      }),
    })),
  ),
  'maxPool and maxUnpool': onArray(
    (x) =>
      fc.tuple(poolsOn(x), any.arrays(x.shape, x.dtype)).map(([windows, by]) => ({
        x,
        forward: { primitive: 'maxPool', inputs: [x, by], attributes: windows },
        backward: (y) => ({ primitive: 'maxUnpool', inputs: [y, by], attributes: windows }),
      })),
    { minLength: 2 },
  ),
  'permute and its inverse': onArray((x) =>
    any.permutations(x.shape.length).map((order) => ({
      x,
      forward: { primitive: 'permute', inputs: [x], attributes: order },
      backward: (y) => ({ primitive: 'permute', inputs: [y], attributes: order.map((_, axis) => order.indexOf(axis)) }),
    })),
  ),
  'broadcastTo and sum': onArray((x) =>
    any
      .forEach(x.shape, (length) => (length === 1 ? fc.nat({ max: 4 }) : fc.constant(length)))
      .map((shape) => ({
        x,
        forward: { primitive: 'broadcastTo', inputs: [x], attributes: shape },
        backward: (y) => ({
          primitive: 'sum',
          inputs: [y],
          attributes: shape.flatMap((length, axis) => (length === x.shape[axis] ? [] : [axis])),
        }),
      })),
  ),
};

/** The inner product, exact on small integers. */
const inner = (x: NdArray, y: NdArray): number => {
  const b = elements(y);
  return elements(x).reduce((sum, value, i) => sum + value * b[i]!, 0);
};

describe.each(Object.entries({ ...interpreters, reference }))('adjoint in %s', (_, kernels) => {
  test.each(Object.entries(adjoints))('%s', (_name, pairs) => {
    const withCotangent = pairs.chain(({ x, forward, backward }) =>
      any.arrays(run(kernels, forward).shape, x.dtype).map((y) => ({ x, y, forward, backward: backward(y) })),
    );
    fc.assert(
      fc.property(withCotangent, ({ x, y, forward, backward }) => {
        const back = run(kernels, backward);
        expect(back.shape).toEqual(x.shape);
        expect(inner(back, x)).toBe(inner(y, run(kernels, forward)));
      }),
    );
  });
});
