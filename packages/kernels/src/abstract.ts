/**
 * The abstract interpreter: runs the primitives on shapes and dtypes alone.
 *
 * It is where every operand is checked, once for all interpreters: they ask it for the result's type and then compute.
 */

import { checkDType, type DType, hasNumber, isFloat } from './dtype.ts';
import { ArgumentError, DTypeError, ShapeError } from './errors.ts';
import type { ArrayLike, Convolution, Kernels, Slice } from './primitives.ts';
import { broadcastShapes, checkShape, formatShape, type Shape, sameShape, sizeOf } from './shape.ts';
import { type Window, windowPositions } from './views.ts';

const type = (shape: Shape, dtype: DType): ArrayLike => ({ shape, dtype });

function checkFloat(call: string, x: ArrayLike): void {
  if (!isFloat(x.dtype)) throw new DTypeError(`${call}: expected float32 or float64, got ${x.dtype}; cast it first`);
}

function checkNumeric(call: string, x: ArrayLike): void {
  if (x.dtype === 'bool') throw new DTypeError(`${call}: expected numbers, got bool; cast it first`);
}

function checkSameDType(call: string, x: ArrayLike, y: ArrayLike): void {
  if (x.dtype !== y.dtype) {
    throw new DTypeError(`${call}: operands are ${x.dtype} and ${y.dtype}; cast one of them`);
  }
}

function checkInt32(call: string, indices: ArrayLike): void {
  if (indices.dtype !== 'int32') throw new DTypeError(`${call}: expected int32 indices, got ${indices.dtype}`);
}

function checkAxis(call: string, axis: number, rank: number): void {
  if (!(Number.isInteger(axis) && axis >= 0 && axis < rank)) {
    throw new ArgumentError(`${call}: axis ${axis} is out of range for rank ${rank}`);
  }
}

/** Throws unless a value is one that the dtype has. */
function checkValue(call: string, value: number, dtype: DType): void {
  if (!hasNumber(dtype, value))
    throw new ArgumentError(`${call}: ${value} is not ${dtype === 'bool' ? 'a bool, 0 or 1' : 'an int32'}`);
}

type Check = (call: string, x: ArrayLike) => void;

const unary = (call: string, check: Check) => (x: ArrayLike) => {
  check(call, x);
  return type(x.shape, x.dtype);
};

const binary = (call: string, check?: Check) => (x: ArrayLike, y: ArrayLike) => {
  checkSameDType(call, x, y);
  check?.(call, x);
  return type(broadcastShapes(call, x.shape, y.shape), x.dtype);
};

const comparison = (call: string) => (x: ArrayLike, y: ArrayLike) => {
  checkSameDType(call, x, y);
  return type(broadcastShapes(call, x.shape, y.shape), 'bool');
};

const withAxis = (shape: Shape, axis: number, length: number): Shape => shape.map((n, i) => (i === axis ? length : n));

function reducedShape(call: string, x: ArrayLike, axes: readonly number[]): Shape {
  for (const axis of axes) checkAxis(call, axis, x.shape.length);
  return x.shape.map((length, i) => (axes.includes(i) ? 1 : length));
}

function checkNotEmpty(call: string, x: ArrayLike, axes: readonly number[]): void {
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

const argExtremum = (call: string) => (x: ArrayLike, axis: number) => {
  checkNumeric(call, x);
  const shape = reducedShape(call, x, [axis]);
  checkNotEmpty(call, x, [axis]);
  return type(shape, 'int32');
};

/** Throws unless the slice reads inside an array of `shape`. */
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

function checkWindows(call: string, windows: readonly Window[], shape: Shape): Shape {
  const lead = shape.length - windows.length;
  if (lead < 0) throw new ShapeError(`${call}: ${windows.length} windows need as many axes, got ${formatShape(shape)}`);
  return windows.map((w, i) => {
    const length = shape[lead + i]!;
    const positive = [w.size, w.stride, w.dilation].every((n) => Number.isInteger(n) && n > 0);
    if (!positive || !w.padding.every(Number.isInteger)) {
      throw new ArgumentError(`${call}: size, stride and dilation of a window are whole numbers > 0, padding is whole`);
    }
    const positions = windowPositions(length, w);
    if (positions < 1) {
      const padded = length + w.padding[0] + w.padding[1];
      const span = (w.size - 1) * w.dilation + 1;
      throw new ShapeError(
        `${call}: a window that spans ${span} does not fit axis ${lead + i} of padded length ${padded}`,
      );
    }
    return positions;
  });
}

/** Throws where a window lies in the padding altogether: it has no maximum. */
function checkNoneEmpty(call: string, windows: readonly Window[], shape: Shape): void {
  const lead = shape.length - windows.length;
  windows.forEach(({ size, stride, dilation, padding: [before] }, i) => {
    const [length, positions] = [shape[lead + i]!, windowPositions(shape[lead + i]!, windows[i]!)];
    for (let position = 0; position < positions; position++) {
      const start = position * stride - before;
      // The first entry that is not before the array.
      const entry = Math.max(0, Math.ceil(-start / dilation));
      if (entry < size && start + entry * dilation < length) continue;
      throw new ShapeError(`${call}: window ${position} along axis ${lead + i} of length ${length} has only padding`);
    }
  });
}

/** Checks what the three forms of a convolution have in common, and returns the shape of y but for its channels. */
function checkConvolution(
  call: string,
  { windows, groups }: Convolution,
  x: Shape,
  w: Shape,
): readonly [batch: number, positions: Shape] {
  const expected = (what: string): ShapeError =>
    new ShapeError(`${call}: expected ${what}, got ${formatShape(x)} and ${formatShape(w)}`);
  const rank = windows.length + 2;
  if (x.length !== rank || w.length !== rank) {
    throw expected(
      `${rank} axes each for ${windows.length} windows, an input [n, c, …] and a weight [o, c / groups, …]`,
    );
  }
  if (windows.some(({ size }, i) => size !== w[i + 2])) {
    throw expected(`a weight of size ${formatShape(windows.map(({ size }) => size))} behind the channels`);
  }
  const [[batch, channels], [outputs, ofGroup]] = [x, w] as [[number, number], [number, number]];
  if (!(Number.isInteger(groups) && groups > 0)) {
    throw new ArgumentError(`${call}: expected a whole number of groups above 0, got ${groups}`);
  }
  if (ofGroup * groups !== channels || outputs % groups !== 0) {
    const shares = groups === 1 ? '' : ` in ${groups} groups, which divide the outputs,`;
    throw expected(`a weight for ${channels} channels${shares} and so of shape [o, ${channels / groups}, …]`);
  }
  return [batch, checkWindows(call, windows, x)];
}

function checkPositions(call: string, expected: Shape, y: Shape): void {
  if (sameShape(expected, y)) return;
  throw new ShapeError(`${call}: expected positions of shape ${formatShape(expected)}, got ${formatShape(y)}`);
}

function checkSameShape(call: string, x: ArrayLike, y: ArrayLike): void {
  if (sameShape(x.shape, y.shape)) return;
  throw new ShapeError(`${call}: expected one shape, got ${formatShape(x.shape)} and ${formatShape(y.shape)}`);
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

export const abstract: Kernels<ArrayLike> = {
  full({ shape, value, dtype }) {
    checkShape('full', shape);
    checkDType('full', dtype);
    checkValue('full', value, dtype);
    return type(shape, dtype);
  },

  neg: unary('neg', checkNumeric),
  abs: unary('abs', checkNumeric),
  sign: unary('sign', checkNumeric),
  exp: unary('exp', checkFloat),
  expm1: unary('expm1', checkFloat),
  log: unary('log', checkFloat),
  log1p: unary('log1p', checkFloat),
  sqrt: unary('sqrt', checkFloat),
  sin: unary('sin', checkFloat),
  cos: unary('cos', checkFloat),
  tan: unary('tan', checkFloat),
  asin: unary('asin', checkFloat),
  acos: unary('acos', checkFloat),
  atan: unary('atan', checkFloat),
  sinh: unary('sinh', checkFloat),
  cosh: unary('cosh', checkFloat),
  tanh: unary('tanh', checkFloat),
  sigmoid: unary('sigmoid', checkFloat),
  relu: unary('relu', checkNumeric),
  softplus: unary('softplus', checkFloat),
  erf: unary('erf', checkFloat),
  floor: unary('floor', checkFloat),
  ceil: unary('ceil', checkFloat),
  round: unary('round', checkFloat),
  stopGradient: (x) => type(x.shape, x.dtype),

  add: binary('add', checkNumeric),
  sub: binary('sub', checkNumeric),
  mul: binary('mul', checkNumeric),
  div: binary('div', checkFloat),
  pow: binary('pow', checkFloat),
  remainder: binary('remainder', checkNumeric),
  atan2: binary('atan2', checkFloat),
  maximum: binary('maximum'),
  minimum: binary('minimum'),

  timesSlope(g, y) {
    checkSameDType('timesSlope', g, y);
    checkFloat('timesSlope', y);
    checkSameShape('timesSlope', g, y);
    return type(y.shape, y.dtype);
  },

  equal: comparison('equal'),
  less: comparison('less'),
  lessEqual: comparison('lessEqual'),

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
  max: extremum('max'),
  min: extremum('min'),
  argmax: argExtremum('argmax'),
  argmin: argExtremum('argmin'),
  cumsum(x, axis) {
    checkNumeric('cumsum', x);
    checkAxis('cumsum', axis, x.shape.length);
    return type(x.shape, x.dtype);
  },
  argsort(x, { axis }) {
    checkAxis('argsort', axis, x.shape.length);
    return type(x.shape, 'int32');
  },

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
  embed(x, into) {
    checkShape('embed', into.shape);
    checkSlice('embed', into.shape, into);
    if (!sameShape(x.shape, into.sizes)) {
      throw new ShapeError(`embed: expected shape ${formatShape(into.sizes)}, got ${formatShape(x.shape)}`);
    }
    return type(into.shape, x.dtype);
  },
  concat(...args) {
    const axis = args.at(-1) as number;
    const [first, ...rest] = args.slice(0, -1) as ArrayLike[];
    if (first === undefined) throw new ArgumentError('concat: expected at least one array');
    checkAxis('concat', axis, first.shape.length);
    let length = first.shape[axis]!;
    for (const x of rest) {
      checkSameDType('concat', first, x);
      if (
        x.shape.length !== first.shape.length ||
        !sameShape(withAxis(x.shape, axis, first.shape[axis]!), first.shape)
      ) {
        const shapes = `${formatShape(first.shape)} and ${formatShape(x.shape)}`;
        throw new ShapeError(`concat: ${shapes} differ beside axis ${axis}`);
      }
      length += x.shape[axis]!;
    }
    return type(withAxis(first.shape, axis, length), first.dtype);
  },

  take(x, indices, axis) {
    checkInt32('take', indices);
    checkAxis('take', axis, x.shape.length);
    return type([...x.shape.slice(0, axis), ...indices.shape, ...x.shape.slice(axis + 1)], x.dtype);
  },
  scatterAdd(x, indices, { axis, size }) {
    checkNumeric('scatterAdd', x);
    checkInt32('scatterAdd', indices);
    checkAxis('scatterAdd', axis, x.shape.length - indices.shape.length + 1);
    const rest = axis + indices.shape.length;
    if (!sameShape(x.shape.slice(axis, rest), indices.shape)) {
      const got = `${formatShape(x.shape)} with indices ${formatShape(indices.shape)}`;
      throw new ShapeError(`scatterAdd: expected the indices' axes from axis ${axis} on, got ${got}`);
    }
    const shape = [...x.shape.slice(0, axis), size, ...x.shape.slice(rest)];
    checkShape('scatterAdd', shape);
    return type(shape, x.dtype);
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
  crossEntropySlope(g, logits, labels) {
    checkLabels('crossEntropySlope', logits, labels);
    checkSameDType('crossEntropySlope', g, logits);
    checkSameShape('crossEntropySlope', g, labels);
    return type(logits.shape, logits.dtype);
  },

  unfold(x, windows) {
    const positions = checkWindows('unfold', windows, x.shape);
    const lead = x.shape.slice(0, x.shape.length - windows.length);
    return type([...lead, ...windows.map((w) => w.size), ...positions], x.dtype);
  },
  fold(x, { windows, shape }) {
    checkNumeric('fold', x);
    checkShape('fold', shape);
    if (shape.length !== windows.length) {
      const got = `${formatShape(shape)} and ${windows.length} windows`;
      throw new ShapeError(`fold: expected a shape of as many axes as windows, got ${got}`);
    }
    const positions = checkWindows('fold', windows, shape);
    const lead = x.shape.slice(0, Math.max(0, x.shape.length - 2 * windows.length));
    const expected = [...lead, ...windows.map((w) => w.size), ...positions];
    if (!sameShape(x.shape, expected)) {
      throw new ShapeError(`fold: expected windows of shape ${formatShape(expected)}, got ${formatShape(x.shape)}`);
    }
    return type([...lead, ...shape], x.dtype);
  },

  conv(x, w, of) {
    checkSameDType('conv', x, w);
    checkNumeric('conv', x);
    const [batch, positions] = checkConvolution('conv', of, x.shape, w.shape);
    return type([batch, w.shape[0]!, ...positions], x.dtype);
  },
  convInput(y, w, of) {
    checkSameDType('convInput', y, w);
    checkNumeric('convInput', y);
    checkShape('convInput', of.shape);
    const shape = [y.shape[0] ?? 0, (w.shape[1] ?? 0) * of.groups, ...of.shape];
    const [batch, positions] = checkConvolution('convInput', of, shape, w.shape);
    checkPositions('convInput', [batch, w.shape[0]!, ...positions], y.shape);
    return type(shape, y.dtype);
  },
  convWeight(x, y, of) {
    checkSameDType('convWeight', x, y);
    checkNumeric('convWeight', x);
    const sizes = of.windows.map(({ size }) => size);
    const shape = [y.shape[1] ?? 0, (x.shape[1] ?? 0) / of.groups, ...sizes];
    const [batch, positions] = checkConvolution('convWeight', of, x.shape, shape);
    checkPositions('convWeight', [batch, shape[0]!, ...positions], y.shape);
    return type(shape, x.dtype);
  },

  maxPool(x, by, windows) {
    checkSameDType('maxPool', x, by);
    checkNumeric('maxPool', by);
    checkSameShape('maxPool', x, by);
    const positions = checkWindows('maxPool', windows, by.shape);
    checkNoneEmpty('maxPool', windows, by.shape);
    return type([...by.shape.slice(0, by.shape.length - windows.length), ...positions], x.dtype);
  },
  maxUnpool(y, by, windows) {
    checkSameDType('maxUnpool', y, by);
    checkNumeric('maxUnpool', by);
    const positions = checkWindows('maxUnpool', windows, by.shape);
    checkNoneEmpty('maxUnpool', windows, by.shape);
    checkPositions('maxUnpool', [...by.shape.slice(0, by.shape.length - windows.length), ...positions], y.shape);
    return type(by.shape, y.dtype);
  },
};
