import { type ArrayLike, abstract, callPrimitive, type DType, formatShape, type Primitive } from '@tapegrad/kernels';

import { describe, expect, test } from 'vitest';

/** `float32 [2, 3]` as a type. */
function parse(text: string): ArrayLike {
  const [dtype, ...shape] = text.match(/[a-z]\w+|\d+/g)!;
  return { dtype: dtype as DType, shape: shape.map(Number) };
}

const formatType = ({ dtype, shape }: ArrayLike): string => `${dtype} ${formatShape(shape)}`;

const windows = [
  { size: 3, stride: 2, dilation: 1, padding: [1, 1] },
  { size: 2, stride: 1, dilation: 3, padding: [0, -1] },
];

// The results of the interpreters are compared with the reference; their types are compared with the abstract
// interpreter.
describe('the type of a result follows from the types of the operands', () => {
  test.each<readonly [Primitive, operands: readonly string[], attributes: unknown, result: string]>([
    ['full', [], { shape: [2, 0], value: 1, dtype: 'bool' }, 'bool [2, 0]'],
    ['neg', ['int32 [2, 3]'], undefined, 'int32 [2, 3]'],
    ['exp', ['float64 []'], undefined, 'float64 []'],
    ['stopGradient', ['bool [4]'], undefined, 'bool [4]'],
    ['add', ['float32 [5, 1]', 'float32 [2, 1, 7]'], undefined, 'float32 [2, 5, 7]'],
    ['mul', ['int32 [3, 0]', 'int32 [1]'], undefined, 'int32 [3, 0]'],
    ['maximum', ['bool [2]', 'bool []'], undefined, 'bool [2]'],
    ['equal', ['int32 [2]', 'int32 [3, 1]'], undefined, 'bool [3, 2]'],
    ['less', ['float64 []', 'float64 []'], undefined, 'bool []'],
    ['lessEqual', ['bool [2]', 'bool [2]'], undefined, 'bool [2]'],
    ['where', ['bool [3, 1]', 'int32 [1, 2]', 'int32 []'], undefined, 'int32 [3, 2]'],
    ['cast', ['bool [2, 3]'], 'float64', 'float64 [2, 3]'],

    ['sum', ['float32 [2, 3, 4]'], [0, 2], 'float32 [1, 3, 1]'],
    ['sum', ['int32 [2, 3]'], [], 'int32 [2, 3]'],
    ['max', ['bool [2, 3]'], [1], 'bool [2, 1]'],
    ['min', ['float64 [0, 3]'], [1], 'float64 [0, 1]'],
    ['argmax', ['float32 [2, 3]'], 0, 'int32 [1, 3]'],
    ['argmin', ['int32 [2, 3]'], 1, 'int32 [2, 1]'],
    ['cumsum', ['float64 [2, 3]'], 1, 'float64 [2, 3]'],

    ['reshape', ['float32 [2, 3]'], [3, 1, 2], 'float32 [3, 1, 2]'],
    ['permute', ['int32 [2, 3, 4]'], [2, 0, 1], 'int32 [4, 2, 3]'],
    ['broadcastTo', ['bool [3, 1]'], [2, 3, 0], 'bool [2, 3, 0]'],
    ['slice', ['float32 [5, 7]'], { starts: [4, 0], sizes: [2, 3], steps: [-2, 3] }, 'float32 [2, 3]'],
    ['scatterSlice', ['float32 [2]'], { starts: [4], sizes: [2], steps: [-2], shape: [9] }, 'float32 [9]'],
    ['concat', ['int32 [2, 3]', 'int32 [2, 0]', 'int32 [2, 1]'], 1, 'int32 [2, 4]'],
    ['take', ['bool [2, 3, 4]', 'int32 [5, 6]'], 1, 'bool [2, 5, 6, 4]'],
    ['take', ['float32 [2, 3]', 'int32 []'], 0, 'float32 [3]'],
    ['scatterAdd', ['float64 [2, 5, 6, 4]', 'int32 [5, 6]'], { axis: 1, size: 3 }, 'float64 [2, 3, 4]'],

    ['matmul', ['float32 [2, 3]', 'float32 [3, 4]'], undefined, 'float32 [2, 4]'],
    ['matmul', ['int32 [5, 1, 2, 0]', 'int32 [6, 0, 4]'], undefined, 'int32 [5, 6, 2, 4]'],
    ['affine', ['float32 [5, 2, 3]', 'float32 [3, 4]', 'float32 [4]'], undefined, 'float32 [5, 2, 4]'],
    ['unfold', ['bool [8, 7, 6]'], windows, 'bool [8, 3, 2, 4, 2]'],
    ['fold', ['float64 [8, 3, 2, 4, 2]'], { windows, shape: [7, 6] }, 'float64 [8, 7, 6]'],
  ])('%s of %j with %j', (primitive, operands, attributes, result) => {
    expect(formatType(callPrimitive(abstract, primitive, operands.map(parse), attributes))).toBe(result);
  });
});
