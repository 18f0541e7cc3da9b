/** Calls that must throw, and the errors expected of them. */

import type { DType } from '../arrays/dtype.ts';
import type { Shape } from '../arrays/shape.ts';
import type { Window } from '../arrays/views.ts';
import { ArgumentError, DTypeError, ShapeError } from '../error-classes.ts';
import { arity, binary, comparisons, type Primitive, unary } from '../primitives.ts';
import { type ArrayInput, nameOf } from './case.ts';
import { array, listed, usual } from './inputs.ts';

/** The classes of the errors, by name. */
export const errorClasses = { ShapeError, DTypeError, ArgumentError } as const;

/** A call that must throw. */
export interface ErrorCase {
  readonly name: string;
  readonly primitive: Primitive;
  readonly inputs: readonly ArrayInput[];
  readonly attributes: unknown;
  readonly throws: keyof typeof errorClasses;
  /** A part of the message that explains the fault. */
  readonly message: string;
}

const refused = (
  throws: ErrorCase['throws'],
  message: string,
  primitive: Primitive,
  inputs: readonly ArrayInput[],
  attributes?: unknown,
): ErrorCase => ({ name: nameOf(primitive, inputs, attributes), primitive, inputs, attributes, throws, message });

const x = (shape: Shape, dtype: DType = 'float32') => array(shape, dtype, usual(dtype));
const indices = (shape: Shape, ...list: readonly number[]) => array(shape, 'int32', listed(...list));

const shapeError = refused.bind(undefined, 'ShapeError');
const dtypeError = refused.bind(undefined, 'DTypeError');
const argumentError = refused.bind(undefined, 'ArgumentError');

const ofFloats = (Object.keys(unary) as (keyof typeof unary)[]).filter((name) => unary[name] === 'floats');
const pairs = Object.keys({ ...binary, ...comparisons }) as (keyof typeof binary | keyof typeof comparisons)[];
const ofAxis = {
  ...{ argmax: 2, argmin: 2, cumsum: 2 },
  ...{ sum: [2], mean: [2], prod: [2], prodOfOthers: [2], max: [2], min: [2] },
} as const;

const window = (how: Partial<Window>): readonly Window[] => [
  { size: 2, stride: 1, dilation: 1, padding: [0, 0], ...how },
];
const slice = (start: number, size: number, step: number) => ({ starts: [start], sizes: [size], steps: [step] });

/** Calls whose logits and labels don't match. `before` has the operands that precede the logits. */
const labelled = (primitive: Primitive, before: readonly ArrayInput[]): readonly ErrorCase[] => [
  ...(['int32', 'bool'] as const).map((dtype) =>
    dtypeError(`expected float32 or float64, got ${dtype}`, primitive, [...before, x([2, 3], dtype), indices([2], 0)]),
  ),
  dtypeError('expected int32 indices, got float32', primitive, [...before, x([2, 3]), x([2])]),
  ...[
    [x([2, 3]), indices([3], 0)],
    [x([2, 3]), indices([2, 1], 0)],
    [x([2, 3, 1]), indices([2], 0)],
    [x([2, 0]), indices([2], 0)],
  ].map((operands) =>
    shapeError('expected logits [n, c] with c > 0 and labels [n]', primitive, [...before, ...operands]),
  ),
  argumentError('index 3 at position 1 is out of range for an axis of length 3', primitive, [
    ...before,
    x([2, 3]),
    indices([2], 0, 3),
  ]),
];

/** Calls of every primitive that checks its operands. */
export const errorCases: readonly ErrorCase[] = [
  ...ofFloats.flatMap((primitive) => [
    dtypeError('expected float32 or float64, got int32', primitive, [x([3], 'int32')]),
    dtypeError('expected float32 or float64, got bool', primitive, [x([3], 'bool')]),
  ]),
  ...(['neg', 'abs', 'sign', 'relu'] as const).map((primitive) =>
    dtypeError('expected numbers, got bool', primitive, [x([3], 'bool')]),
  ),
  ...pairs.flatMap((primitive) => [
    dtypeError('operands are float32 and int32', primitive, [x([3]), x([3], 'int32')]),
    dtypeError('operands are float64 and float32', primitive, [x([3], 'float64'), x([3])]),
    shapeError('cannot broadcast [2, 3] with [2]: 3 and 2 differ', primitive, [x([2, 3]), x([2])]),
    shapeError('cannot broadcast [0] with [2]: 0 and 2 differ', primitive, [x([0]), x([2])]),
  ]),
  ...(['add', 'sub', 'mul', 'remainder'] as const).map((primitive) =>
    dtypeError('expected numbers, got bool', primitive, [x([3], 'bool'), x([3], 'bool')]),
  ),
  ...(['div', 'pow', 'atan2'] as const).flatMap((primitive) =>
    (['int32', 'bool'] as const).map((dtype) =>
      dtypeError(`expected float32 or float64, got ${dtype}`, primitive, [x([3], dtype), x([3], dtype)]),
    ),
  ),

  dtypeError('operands are float64 and float32', 'activationGrad', [x([3], 'float64'), x([3])], 'relu'),
  ...(['int32', 'bool'] as const).map((dtype) =>
    dtypeError(`expected float32 or float64, got ${dtype}`, 'activationGrad', [x([3], dtype), x([3], dtype)], 'tanh'),
  ),
  shapeError('expected equal shapes, got [3] and [1]', 'activationGrad', [x([3]), x([1])], 'sigmoid'),

  dtypeError('expected a bool condition, got float32', 'where', [x([3]), x([3]), x([3])]),
  dtypeError('operands are float32 and float64', 'where', [x([3], 'bool'), x([3]), x([3], 'float64')]),
  shapeError('cannot broadcast [4] with [3]', 'where', [x([4], 'bool'), x([3]), x([3])]),
  argumentError("unknown dtype 'float16'", 'cast', [x([3])], 'float16'),

  argumentError('[2, -1] is not a shape', 'full', [], { shape: [2, -1], value: 0, dtype: 'float32' }),
  argumentError('[1.5] is not a shape', 'full', [], { shape: [1.5], value: 0, dtype: 'float32' }),
  argumentError('is too large', 'full', [], { shape: [2 ** 20, 2 ** 20], value: 0, dtype: 'bool' }),
  argumentError("unknown dtype 'float16'", 'full', [], { shape: [2], value: 0, dtype: 'float16' }),
  argumentError('1.5 is not an int32', 'full', [], { shape: [2], value: 1.5, dtype: 'int32' }),
  argumentError('2147483648 is not an int32', 'full', [], { shape: [2], value: 2 ** 31, dtype: 'int32' }),
  argumentError('NaN is not an int32', 'full', [], { shape: [2], value: Number.NaN, dtype: 'int32' }),
  argumentError('2 is not a bool', 'full', [], { shape: [2], value: 2, dtype: 'bool' }),

  ...Object.entries(ofAxis).flatMap(([primitive, axes]) => [
    argumentError('axis 2 is out of range for rank 2', primitive as keyof typeof ofAxis, [x([2, 3])], axes),
    argumentError('axis 2 is out of range for rank 0', primitive as keyof typeof ofAxis, [x([])], axes),
  ]),
  argumentError('expected a count from 0 to 3, the length of axis 1, got 4', 'argsort', [x([2, 3])], {
    axis: 1,
    descending: false,
    count: 4,
  }),
  argumentError('axis 2 is out of range for rank 2', 'argsort', [x([2, 3])], { axis: 2, descending: false }),
  argumentError('axis -1 is out of range', 'sum', [x([2, 3])], [-1]),
  argumentError('axis 0.5 is out of range', 'sum', [x([2, 3])], [0.5]),
  ...(['sum', 'prod', 'cumsum', 'argmax', 'argmin'] as const).map((primitive) =>
    dtypeError(
      'expected numbers, got bool',
      primitive,
      [x([3], 'bool')],
      primitive === 'sum' || primitive === 'prod' ? [0] : 0,
    ),
  ),
  ...(['int32', 'bool'] as const).map((dtype) =>
    dtypeError(`expected float32 or float64, got ${dtype}`, 'mean', [x([3], dtype)], [0]),
  ),
  ...(['int32', 'bool'] as const).map((dtype) =>
    dtypeError(`expected float32 or float64, got ${dtype}`, 'prodOfOthers', [x([3], dtype)], [0]),
  ),
  ...(['max', 'min'] as const).flatMap((primitive) => [
    argumentError('axis 0 of [0] is empty', primitive, [x([0])], [0]),
    argumentError('axis 1 of [3, 0, 2] is empty', primitive, [x([3, 0, 2])], [0, 1]),
  ]),
  argumentError('axis 0 of [0, 3] is empty', 'argmax', [x([0, 3])], 0),
  argumentError('axis 0 of [0, 3] is empty', 'argmin', [x([0, 3])], 0),

  shapeError('cannot reshape [2, 3] (6 elements) to [4] (4 elements)', 'reshape', [x([2, 3])], [4]),
  argumentError('[-1] is not a shape', 'reshape', [x([2, 3])], [-1]),
  argumentError('[0, 0] does not name each axis of [2, 3] once', 'permute', [x([2, 3])], [0, 0]),
  argumentError('[0] does not name each axis of [2, 3] once', 'permute', [x([2, 3])], [0]),
  argumentError('[1, 2] does not name each axis of [2, 3] once', 'permute', [x([2, 3])], [1, 2]),
  shapeError('cannot broadcast [3] with [2]', 'broadcastTo', [x([3])], [2]),
  shapeError('[2, 3] does not broadcast to [3]', 'broadcastTo', [x([2, 3])], [3]),
  shapeError('[3] does not broadcast to [1]', 'broadcastTo', [x([3])], [1]),

  argumentError('start 9, size 1, step 1 does not fit axis 0 of length 9', 'slice', [x([9])], slice(9, 1, 1)),
  argumentError('start -1, size 1, step 1 does not fit', 'slice', [x([9])], slice(-1, 1, 1)),
  argumentError('start 5, size 3, step 2 does not fit', 'slice', [x([9])], slice(5, 3, 2)),
  argumentError('start 5, size 3, step -3 does not fit', 'slice', [x([9])], slice(5, 3, -3)),
  argumentError('start 0, size 1, step 0 does not fit', 'slice', [x([9])], slice(0, 1, 0)),
  argumentError('start 0.5, size 2, step 0.5 does not fit', 'slice', [x([9])], slice(0.5, 2, 0.5)),
  argumentError('start 0, size 3, step 0.5 does not fit', 'slice', [x([9])], slice(0, 3, 0.5)),
  argumentError('start NaN, size 0, step 1 does not fit', 'slice', [x([9])], slice(Number.NaN, 0, 1)),
  argumentError('[-1] is not a shape', 'slice', [x([9])], slice(0, -1, 1)),
  argumentError('a start, a size and a step for each axis of [2, 3]', 'slice', [x([2, 3])], slice(0, 1, 1)),
  shapeError('expected shape [3], got [4]', 'scatterSlice', [x([4])], { ...slice(0, 3, 1), shape: [9] }),
  argumentError('start 7, size 3, step 1 does not fit axis 0 of length 9', 'scatterSlice', [x([3])], {
    ...slice(7, 3, 1),
    shape: [9],
  }),

  argumentError('expected at least one array', 'concat', [], 0),
  argumentError('axis 0 is out of range for rank 0', 'concat', [x([]), x([])], 0),
  argumentError('axis 2 is out of range for rank 2', 'concat', [x([2, 3]), x([2, 3])], 2),
  dtypeError('operands are float32 and int32', 'concat', [x([3]), x([3], 'int32')], 0),
  shapeError('[2, 3] and [2, 4] differ in an axis other than 0', 'concat', [x([2, 3]), x([2, 4])], 0),
  shapeError('[2, 3] and [3] differ in an axis other than 0', 'concat', [x([2, 3]), x([3])], 0),

  dtypeError('expected int32 indices, got float32', 'take', [x([9]), x([2])], 0),
  argumentError('axis 1 is out of range for rank 1', 'take', [x([9]), indices([2], 0)], 1),
  argumentError(
    'index 9 at position 1 is out of range for an axis of length 9',
    'take',
    [x([9]), indices([3], 8, 9)],
    0,
  ),
  argumentError(
    'index -1 at position 0 is out of range for an axis of length 7',
    'take',
    [x([5, 7]), indices([], -1)],
    1,
  ),
  argumentError('index 0 at position 0 is out of range for an axis of length 0', 'take', [x([0]), indices([1], 0)], 0),
  argumentError('index 7 at position 2 is out of range', 'take', [x([0, 7]), indices([3], 6, 5, 7)], 1),
  dtypeError('expected numbers, got bool', 'scatterAdd', [x([2], 'bool'), indices([2], 0)], { axis: 0, size: 3 }),
  dtypeError('expected int32 indices, got float64', 'scatterAdd', [x([2]), x([2], 'float64')], { axis: 0, size: 3 }),
  argumentError('axis 1 is out of range for rank 1', 'scatterAdd', [x([2]), indices([2], 0)], { axis: 1, size: 3 }),
  argumentError(
    'index 3 at position 1 is out of range for an axis of length 3',
    'scatterAdd',
    [x([2]), indices([2], 0, 3)],
    {
      axis: 0,
      size: 3,
    },
  ),
  shapeError('got [2, 5] with indices [3]', 'scatterAdd', [x([2, 5]), indices([3], 0)], { axis: 0, size: 3 }),
  argumentError('[-1] is not a shape', 'scatterAdd', [x([2]), indices([2], 0)], { axis: 0, size: -1 }),

  shapeError('inner dimensions 3 and 4 differ', 'matmul', [x([2, 3]), x([4, 5])]),
  shapeError('expected two or more axes each, got [3] and [3, 2]', 'matmul', [x([3]), x([3, 2])]),
  shapeError('expected two or more axes each, got [2, 3] and []', 'matmul', [x([2, 3]), x([])]),
  shapeError('cannot broadcast [2] with [3]', 'matmul', [x([2, 4, 5]), x([3, 5, 6])]),
  dtypeError('operands are float32 and float64', 'matmul', [x([2, 3]), x([3, 2], 'float64')]),
  dtypeError('expected numbers, got bool', 'matmul', [x([2, 3], 'bool'), x([3, 2], 'bool')]),

  shapeError('inner dimensions 3 and 4 differ ([2, 3] and [4, 5])', 'affine', [x([2, 3]), x([4, 5]), x([5])]),
  shapeError('expected a bias of shape [4], got [3]', 'affine', [x([2, 3]), x([3, 4]), x([3])]),
  shapeError('got [3], [3, 4], [4]', 'affine', [x([3]), x([3, 4]), x([4])]),
  shapeError('got [2, 3], [1, 3, 4], [4]', 'affine', [x([2, 3]), x([1, 3, 4]), x([4])]),
  shapeError('got [2, 3], [3, 4], [1, 4]', 'affine', [x([2, 3]), x([3, 4]), x([1, 4])]),
  dtypeError('operands are float32 and float64', 'affine', [x([2, 3]), x([3, 2], 'float64'), x([2])]),
  dtypeError('operands are float32 and float64', 'affine', [x([2, 3]), x([3, 2]), x([2], 'float64')]),
  dtypeError('expected numbers, got bool', 'affine', [x([2, 3], 'bool'), x([3, 2], 'bool'), x([2], 'bool')]),

  ...labelled('crossEntropy', []),
  ...labelled('crossEntropyGrad', [x([2])]),
  dtypeError('operands are float64 and float32', 'crossEntropyGrad', [x([2], 'float64'), x([2, 3]), indices([2], 0)]),
  shapeError('expected equal shapes, got [1] and [2]', 'crossEntropyGrad', [x([1]), x([2, 3]), indices([2], 0)]),

  ...(['normalize', 'normalizeGrad', 'normalizeWeightGrad'] as const).flatMap((primitive) => {
    const of = { axes: [1], eps: 1e-5, centered: true, shape: [3] };
    const parts = (wanted: Shape, dtype: DType = 'float32') =>
      primitive === 'normalizeWeightGrad'
        ? [x([2, 3], dtype), x([2, 3])]
        : primitive === 'normalize'
          ? [x([2, 3]), x(wanted, dtype), x([3])]
          : [x([2, 3]), x([2, 3]), x(wanted, dtype)];
    return [
      ...(['int32', 'bool'] as const).map((dtype) =>
        dtypeError(
          `expected float32 or float64, got ${dtype}`,
          primitive,
          new Array<ArrayInput>(arity[primitive]).fill(x([2, 3], dtype)),
          of,
        ),
      ),
      dtypeError('operands are', primitive, parts([3], 'float64'), of),
      shapeError('[2, 2, 3] does not broadcast to [2, 3]', primitive, parts([2, 2, 3]), { ...of, shape: [2, 2, 3] }),
      shapeError('cannot broadcast [2] with [2, 3]', primitive, parts([2]), { ...of, shape: [2] }),
      argumentError('axis 2 is out of range for rank 2', primitive, parts([3]), { ...of, axes: [2] }),
    ];
  }),
  shapeError('expected equal shapes, got [3] and [2, 3]', 'normalizeGrad', [x([3]), x([2, 3]), x([3])], {
    ...{ axes: [1], eps: 1e-5, centered: true },
  }),
  shapeError('expected equal shapes, got [3] and [2, 3]', 'normalizeWeightGrad', [x([3]), x([2, 3])], {
    ...{ axes: [1], eps: 1e-5, centered: true, shape: [3] },
  }),
  ...(['int32', 'bool'] as const).map((dtype) =>
    dtypeError(`expected float32 or float64, got ${dtype}`, 'moments', [x([3], dtype)], [0]),
  ),
  argumentError('axis 1 is out of range for rank 1', 'moments', [x([3])], [1]),

  shapeError(
    'a window that spans 5 does not fit axis 1 of padded length 4',
    'unfold',
    [x([2, 3])],
    window({ size: 3, dilation: 2, padding: [1, 0] }),
  ),
  shapeError('does not fit axis 0 of padded length 1', 'unfold', [x([9])], window({ padding: [-4, -4] })),
  shapeError('2 windows need at least as many axes, got [9]', 'unfold', [x([9])], [...window({}), ...window({})]),
  ...[{ size: 0 }, { stride: 0 }, { dilation: 0 }, { size: 1.5 }, { padding: [0.5, 0] as const }].flatMap((how) => [
    argumentError('of a window must be integers > 0', 'unfold', [x([9])], window(how)),
    argumentError('of a window must be integers > 0', 'fold', [x([2, 8])], { windows: window(how), shape: [9] }),
  ]),
  shapeError('expected windows of shape [2, 8], got [3, 7]', 'fold', [x([3, 7])], { windows: window({}), shape: [9] }),
  shapeError('a shape of as many axes as windows', 'fold', [x([2, 8])], { windows: window({}), shape: [1, 9] }),
  argumentError('[-9] is not a shape', 'fold', [x([2, 8])], { windows: window({}), shape: [-9] }),
  dtypeError('expected numbers, got bool', 'fold', [x([2, 8], 'bool')], { windows: window({}), shape: [9] }),

  ...(['conv', 'convInput', 'convWeight'] as const).flatMap((primitive) => {
    const attributes = (how: object) => ({ windows: window({}), groups: 1, shape: [9], ...how });
    const shapes = { x: [3, 4, 9], w: [6, 4, 2], y: [3, 6, 8] } as const;
    const [a, b] = { conv: ['x', 'w'], convInput: ['y', 'w'], convWeight: ['x', 'y'] }[primitive] as ['x', 'w'];
    const call = (how: { readonly [A in 'x' | 'w' | 'y']?: Shape }, of: object = {}) =>
      [primitive, [x(how[a] ?? shapes[a]), x(how[b] ?? shapes[b])], attributes(of)] as const;
    return [
      dtypeError(
        'operands are float32 and float64',
        primitive,
        [x(shapes[a]), x(shapes[b], 'float64')],
        attributes({}),
      ),
      dtypeError('expected numbers, got bool', primitive, [x(shapes[a], 'bool'), x(shapes[b], 'bool')], attributes({})),
      ...[0, 1.5, -2].map((groups) => argumentError('an integer number of groups above 0', ...call({}, { groups }))),
      shapeError(
        'a window that spans 11 does not fit axis 2 of padded length 9',
        ...call({ w: [6, 4, 11] }, { windows: window({ size: 11 }) }),
      ),
      ...(primitive === 'convWeight'
        ? []
        : [shapeError('a weight of size [2] after the channels', ...call({ w: [6, 4, 3] }))]),
      ...(primitive === 'conv'
        ? [
            shapeError('3 axes each for 1 windows', ...call({ x: [3, 4, 9, 9] })),
            shapeError('a weight for 4 channels and so of shape [o, 4, …]', ...call({ w: [6, 2, 2] })),
            shapeError('a weight for 4 channels in 2 groups', ...call({}, { groups: 2 })),
          ]
        : [shapeError('expected positions of shape [3, 6, 8], got [3, 6, 7]', ...call({ y: [3, 6, 7] }))]),
    ];
  }),

  dtypeError('operands are float64 and float32', 'maxPool', [x([9], 'float64'), x([9])], window({})),
  dtypeError('expected numbers, got bool', 'maxPool', [x([9], 'bool'), x([9], 'bool')], window({})),
  dtypeError('expected numbers, got bool', 'maxUnpool', [x([8], 'bool'), x([9], 'bool')], window({})),
  shapeError('expected equal shapes, got [9] and [8]', 'maxPool', [x([9]), x([8])], window({})),
  shapeError('expected positions of shape [8], got [9]', 'maxUnpool', [x([9]), x([9])], window({})),
  dtypeError('operands are float64 and float32', 'maxUnpool', [x([8], 'float64'), x([9])], window({})),
  shapeError(
    'window 0 along axis 0 of length 9 has only padding',
    'maxPool',
    [x([9]), x([9])],
    window({ padding: [2, 0] }),
  ),
  shapeError(
    'window 9 along axis 1 of length 9 has only padding',
    'maxUnpool',
    [x([2, 10]), x([2, 9])],
    window({ padding: [0, 2] }),
  ),
  shapeError(
    'window 0 along axis 0 of length 1 has only padding',
    'maxPool',
    [x([1]), x([1])],
    window({ dilation: 2, padding: [1, 1] }),
  ),
];
