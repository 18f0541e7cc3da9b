/**
 * Result types of the elementwise primitives, and of the others that every program includes, with checks of their
 * operands.
 */

import { checkDType, type DType, hasNumber } from '../arrays/dtype.ts';
import { broadcastShapes, checkShape, formatShape, type Shape, sameShape, sizeOf } from '../arrays/shape.ts';
import { ArgumentError, DTypeError, ShapeError } from '../error-classes.ts';
import {
  type ArrayLike,
  type Binary,
  binary,
  type CommonKernels,
  comparisons,
  type Kernels,
  mapEntries,
  type Operands,
  type Slice,
  type Unary,
  unary,
} from '../primitives.ts';
import {
  checkAxis,
  checkFloat,
  checkInt32,
  checkNumeric,
  checkSameDType,
  checkSameShape,
  type,
} from './dtype-checks.ts';

/** Throws unless the dtype can hold a value. */
function checkValue(call: string, value: number, dtype: DType): void {
  if (!hasNumber(dtype, value))
    throw new ArgumentError(`${call}: ${value} is not ${dtype === 'bool' ? 'a bool, 0 or 1' : 'an int32'}`);
}

type Check = (call: string, x: ArrayLike) => void;

const checks: { readonly [O in Operands]: Check } = { floats: checkFloat, numbers: checkNumeric, any: () => {} };

const pairType = (call: string, x: ArrayLike, y: ArrayLike, operands: Operands, dtype: DType): ArrayLike => {
  checkSameDType(call, x, y);
  checks[operands](call, x);
  return type(broadcastShapes(call, x.shape, y.shape), dtype);
};

const withAxis = (shape: Shape, axis: number, length: number): Shape => shape.map((n, i) => (i === axis ? length : n));

/** Returns a shape whose reduced axes have length 1. */
export function reducedShape(call: string, x: ArrayLike, axes: readonly number[]): Shape {
  for (const axis of axes) checkAxis(call, axis, x.shape.length);
  return x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
}

/** Throws if a reduced axis is empty. */
export function checkNotEmpty(call: string, x: ArrayLike, axes: readonly number[]): void {
  const axis = axes.find((i) => x.shape[i] === 0);
  if (axis !== undefined) {
    throw new ArgumentError(`${call}: axis ${axis} of ${formatShape(x.shape)} is empty, so it has no ${call}`);
  }
}

const extremum = (call: string) => (x: ArrayLike, axes: readonly number[]) => {
  const shape = reducedShape(call, x, axes);
  checkNotEmpty(call, x, axes);
  return type(shape, x.dtype);
};

/** Throws unless the slice stays inside an array of `shape`. */
function checkSlice(call: string, shape: Shape, { starts, sizes, steps }: Slice): void {
  if (starts.length !== shape.length || sizes.length !== shape.length || steps.length !== shape.length) {
    throw new ArgumentError(`${call}: expected a start, a size and a step for each axis of ${formatShape(shape)}`);
  }
  checkShape(call, sizes);
  shape.forEach((length, i) => {
    const [start, size, step] = [starts[i]!, sizes[i]!, steps[i]!];
    const last = start + (size - 1) * step;
    const whole = Number.isInteger(start) && Number.isInteger(step) && step !== 0;
    const inside = Math.min(start, last) >= 0 && Math.max(start, last) < length;
    if (!whole || !(inside || size === 0)) {
      const asked = `start ${start}, size ${size}, step ${step}`;
      throw new ArgumentError(`${call}: ${asked} does not fit axis ${i} of length ${length}`);
    }
  });
}

function checkLabels(call: string, logits: ArrayLike, labels: ArrayLike): void {
  checkFloat(call, logits);
  checkInt32(call, labels);
  const [n, classes] = logits.shape;
  if (logits.shape.length !== 2 || labels.shape.length !== 1 || labels.shape[0] !== n || classes === 0) {
    const got = `${formatShape(logits.shape)} and ${formatShape(labels.shape)}`;
    throw new ShapeError(`${call}: expected logits [n, c] with c > 0 and labels [n], got ${got}`);
  }
}

/** Result types of the elementwise primitives, and of the others that every program includes. */
export const resultOf: CommonKernels<ArrayLike> & Pick<Kernels<ArrayLike>, Unary | Binary> = {
  full({ shape, value, dtype }) {
    checkShape('full', shape);
    checkDType('full', dtype);
    checkValue('full', value, dtype);
    return type(shape, dtype);
  },

  ...mapEntries(unary, (call, operands) => (x: ArrayLike) => {
    checks[operands](call, x);
    return type(x.shape, x.dtype);
  }),
  stopGradient: (x) => type(x.shape, x.dtype),

  ...mapEntries(binary, (call, operands) => (x: ArrayLike, y: ArrayLike) => pairType(call, x, y, operands, x.dtype)),
  ...mapEntries(
    comparisons,
    (call, operands) => (x: ArrayLike, y: ArrayLike) => pairType(call, x, y, operands, 'bool'),
  ),

  activationGrad(g, y) {
    checkSameDType('activationGrad', g, y);
    checkFloat('activationGrad', y);
    checkSameShape('activationGrad', g, y);
    return type(y.shape, y.dtype);
  },

  where(condition, x, y) {
    if (condition.dtype !== 'bool') {
      throw new DTypeError(`where: expected a bool condition, got ${condition.dtype}`);
    }
    checkSameDType('where', x, y);
    const shape = broadcastShapes('where', x.shape, y.shape);
    return type(broadcastShapes('where', condition.shape, shape), x.dtype);
  },
  cast(x, dtype) {
    checkDType('cast', dtype);
    return type(x.shape, dtype);
  },

  sum(x, axes) {
    checkNumeric('sum', x);
    return type(reducedShape('sum', x, axes), x.dtype);
  },
  mean(x, axes) {
    checkFloat('mean', x);
    return type(reducedShape('mean', x, axes), x.dtype);
  },
  max: extremum('max'),
  min: extremum('min'),

  reshape(x, shape) {
    checkShape('reshape', shape);
    if (sizeOf(shape) !== sizeOf(x.shape)) {
      const [from, to] = [x.shape, shape].map((s) => `${formatShape(s)} (${sizeOf(s)} elements)`);
      throw new ShapeError(`reshape: cannot reshape ${from} to ${to}`);
    }
    return type(shape, x.dtype);
  },
  permute(x, order) {
    const isPermutation = order.length === x.shape.length && x.shape.every((_, i) => order.includes(i));
    if (!isPermutation) {
      throw new ArgumentError(`permute: ${formatShape(order)} does not name each axis of ${formatShape(x.shape)} once`);
    }
    return type(
      order.map((axis) => x.shape[axis]!),
      x.dtype,
    );
  },
  broadcastTo(x, shape) {
    checkShape('broadcastTo', shape);
    if (!sameShape(broadcastShapes('broadcastTo', x.shape, shape), shape)) {
      throw new ShapeError(`broadcastTo: ${formatShape(x.shape)} does not broadcast to ${formatShape(shape)}`);
    }
    return type(shape, x.dtype);
  },
  slice(x, slice) {
    checkSlice('slice', x.shape, slice);
    return type(slice.sizes, x.dtype);
  },
  scatterSlice(x, into) {
    checkShape('scatterSlice', into.shape);
    checkSlice('scatterSlice', into.shape, into);
    if (!sameShape(x.shape, into.sizes)) {
      throw new ShapeError(`scatterSlice: expected shape ${formatShape(into.sizes)}, got ${formatShape(x.shape)}`);
    }
    return type(into.shape, x.dtype);
  },
  concat(inputs, axis) {
    const [first] = inputs;
    if (first === undefined) throw new ArgumentError('concat: expected at least one array');
    checkAxis('concat', axis, first.shape.length);
    let length = 0;
    for (const x of inputs) {
      checkSameDType('concat', first, x);
      if (
        x.shape.length !== first.shape.length ||
        !sameShape(withAxis(x.shape, axis, first.shape[axis]!), first.shape)
      ) {
        const shapes = `${formatShape(first.shape)} and ${formatShape(x.shape)}`;
        throw new ShapeError(`concat: ${shapes} differ in an axis other than ${axis}`);
      }
      length += x.shape[axis]!;
    }
    return type(withAxis(first.shape, axis, length), first.dtype);
  },

  matmul(x, y) {
    checkSameDType('matmul', x, y);
    checkNumeric('matmul', x);
    const a = x.shape;
    const b = y.shape;
    if (a.length < 2 || b.length < 2) {
      throw new ShapeError(`matmul: expected two or more axes each, got ${formatShape(a)} and ${formatShape(b)}`);
    }
    const [k, k2] = [a.at(-1)!, b.at(-2)!];
    if (k !== k2) {
      const shapes = `${formatShape(a)} and ${formatShape(b)}`;
      throw new ShapeError(`matmul: inner dimensions ${k} and ${k2} differ (${shapes})`);
    }
    if (a.length === 2 && b.length === 2) return type([a[0]!, b[1]!], x.dtype);
    const batch = broadcastShapes('matmul', a.slice(0, -2), b.slice(0, -2));
    return type([...batch, a.at(-2)!, b.at(-1)!], x.dtype);
  },

  affine(x, w, b) {
    checkSameDType('affine', x, w);
    checkSameDType('affine', x, b);
    checkNumeric('affine', x);
    const [k, rows, n] = [x.shape.at(-1), w.shape[0], w.shape[1]];
    if (x.shape.length < 2 || w.shape.length !== 2 || b.shape.length !== 1) {
      const got = [x, w, b].map(({ shape }) => formatShape(shape)).join(', ');
      throw new ShapeError(`affine: expected shapes [..., m, k], [k, n] and [n], got ${got}`);
    }
    if (rows !== k) {
      const shapes = `${formatShape(x.shape)} and ${formatShape(w.shape)}`;
      throw new ShapeError(`affine: inner dimensions ${k} and ${rows} differ (${shapes})`);
    }
    if (b.shape[0] !== n) throw new ShapeError(`affine: expected a bias of shape [${n}], got ${formatShape(b.shape)}`);
    return type(withAxis(x.shape, x.shape.length - 1, n!), x.dtype);
  },

  crossEntropy(logits, labels) {
    checkLabels('crossEntropy', logits, labels);
    return type(labels.shape, logits.dtype);
  },
  crossEntropyGrad(g, logits, labels) {
    checkLabels('crossEntropyGrad', logits, labels);
    checkSameDType('crossEntropyGrad', g, logits);
    checkSameShape('crossEntropyGrad', g, labels);
    return type(logits.shape, logits.dtype);
  },
};
