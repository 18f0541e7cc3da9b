/** The result types of the windowed primitives, and the checks of their operands. */

import { checkShape, formatShape, type Shape, sameShape } from '../arrays/shape.ts';
import { type Window, windowPositions } from '../arrays/views.ts';
import { ArgumentError, ShapeError } from '../error-classes.ts';
import type { ArrayLike, Convolution, WindowedKernels } from '../primitives.ts';
import { checkNumeric, checkSameDType, checkSameShape, type } from './dtype-checks.ts';

function checkWindows(call: string, windows: readonly Window[], shape: Shape): Shape {
  const lead = shape.length - windows.length;
  if (lead < 0)
    throw new ShapeError(`${call}: ${windows.length} windows need at least as many axes, got ${formatShape(shape)}`);
  return windows.map((w, i) => {
    const length = shape[lead + i]!;
    const positive = [w.size, w.stride, w.dilation].every((n) => Number.isInteger(n) && n > 0);
    if (!positive || !w.padding.every(Number.isInteger)) {
      throw new ArgumentError(
        `${call}: size, stride and dilation of a window must be integers > 0, and padding an integer`,
      );
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

/** Throws if a window lies entirely in the padding, where it has no maximum. */
function checkNoneEmpty(call: string, windows: readonly Window[], shape: Shape): void {
  const lead = shape.length - windows.length;
  windows.forEach(({ size, stride, dilation, padding: [before] }, i) => {
    const [length, positions] = [shape[lead + i]!, windowPositions(shape[lead + i]!, windows[i]!)];
    for (let position = 0; position < positions; position++) {
      const start = position * stride - before;
      // The first entry that is not in the padding before the array.
      const entry = Math.max(0, Math.ceil(-start / dilation));
      if (entry < size && start + entry * dilation < length) continue;
      throw new ShapeError(`${call}: window ${position} along axis ${lead + i} of length ${length} has only padding`);
    }
  });
}

/**
 * Checks the operands that the three forms of a convolution share. Returns the batch size, and the positions: the shape
 * of y without its batch and channel axes.
 */
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
    throw expected(`a weight of size ${formatShape(windows.map(({ size }) => size))} after the channels`);
  }
  const [[batch, channels], [outputs, ofGroup]] = [x, w] as [[number, number], [number, number]];
  if (!(Number.isInteger(groups) && groups > 0)) {
    throw new ArgumentError(`${call}: expected an integer number of groups above 0, got ${groups}`);
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

export const windowedResultOf: WindowedKernels<ArrayLike> = {
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
