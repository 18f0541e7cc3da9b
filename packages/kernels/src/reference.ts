/**
 * The reference interpreter: slow, obvious and exact in float64, the oracle for every other interpreter.
 *
 * It is built on `ndarray-ops`. Where that package lacks an operation, the interpreter uses `get` and `set` of an
 * `ndarray`. Every primitive computes in float64 and rounds its result once to the dtype it returns. Both packages
 * generate code, so this file is a separate entry point, `@tapegrad/kernels/reference`, that no other file imports.
 */

import ndarray from 'ndarray';
import ops from 'ndarray-ops';
import { abstract } from './abstract.ts';
import { NdArray } from './arrays/array.ts';
import { newData, truncateToInt32 } from './arrays/dtype.ts';
import { broadcastShapes, countAlong, sizeOf } from './arrays/shape.ts';
import { ArgumentError } from './error-classes.ts';
import {
  type ArrayLike,
  type Binary as BinaryPrimitive,
  type Kernels,
  mapEntries,
  type Unary as UnaryPrimitive,
} from './primitives.ts';
import { add, build, get, type Nd, replace, stretch, valueAt, zeros } from './reference/arrays.ts';
import { forEachProduct, indices, linesAlong, maximumPlace, windowSource } from './reference/indices.ts';
import { normalizationBy } from './reference/normalization.ts';
import { activationDerivatives, ofMath, softmaxRows, timesOf } from './reference/numbers.ts';
import { joined, ONE, type Scaled, times } from './reference/scaled.ts';
import { erf, erfc, power, remainder, roundToEven, sigmoid, softplus } from './special.ts';

/** Returns the elements of `x` in float64. */
function load(x: NdArray): Nd {
  const out = zeros(x.shape);
  if (x.size > 0) ops.assign(out, ndarray(x.data, [...x.shape], [...x.stride], x.offset));
  return out;
}

/**
 * Returns a result rounded to its dtype. The first argument is the inferred type; inferring it has checked the
 * operands.
 */
function store({ shape, dtype }: ArrayLike, x: Nd): NdArray {
  const data = newData(dtype, sizeOf(shape));
  if (data.length > 0) ops.assign(ndarray(data, [...shape]), x);
  return new NdArray(data, dtype, shape);
}

type NdarrayUnary = 'neg' | 'abs' | 'exp' | 'log' | 'sqrt' | 'sin' | 'cos';

const unary = (name: NdarrayUnary) => (x: NdArray) => {
  const type = abstract[name](x);
  const out = zeros(x.shape);
  if (x.size > 0) ops[name](out, load(x));
  return store(type, out);
};

const mapped = (name: UnaryPrimitive | 'stopGradient', f: (x: number) => number) => (x: NdArray) => {
  const from = load(x);
  return store(
    abstract[name](x),
    build(x.shape, (index) => f(get(from, index))),
  );
};

type Arithmetic = 'add' | 'sub' | 'mul' | 'div' | 'eq' | 'lt' | 'leq';

const binary = (name: 'add' | 'sub' | 'mul' | 'div' | 'equal' | 'less' | 'lessEqual', op: Arithmetic) => {
  return (x: NdArray, y: NdArray) => {
    const type = abstract[name](x, y);
    const out = zeros(type.shape);
    if (out.size > 0) ops[op](out, stretch(load(x), type.shape), stretch(load(y), type.shape));
    return store(type, out);
  };
};

const mapped2 = (name: BinaryPrimitive, f: (x: number, y: number) => number) => (x: NdArray, y: NdArray) => {
  const type = abstract[name](x, y);
  const [a, b] = [stretch(load(x), type.shape), stretch(load(y), type.shape)];
  return store(
    type,
    build(type.shape, (index) => f(get(a, index), get(b, index))),
  );
};

const reduction =
  (name: 'max' | 'min', f: (x: number, y: number) => number) => (x: NdArray, axes: readonly number[]) => {
    const type = abstract[name](x, axes);
    const from = load(x);
    const out = build(type.shape, (index) => get(from, index));
    const total = stretch(out, x.shape);
    for (const index of indices(x.shape)) total.set(...index, f(get(total, index), get(from, index)));
    return store(type, out);
  };

const argReduction =
  (name: 'argmax' | 'argmin', beats: (a: number, b: number) => boolean) => (x: NdArray, axis: number) => {
    const type = abstract[name](x, axis);
    const from = load(x);
    const out = build(type.shape, (index) => {
      let best = 0;
      for (let i = 1; i < x.shape[axis]!; i++) {
        const [champion, candidate] = [best, i].map((place) => get(from, replace(index, axis, place))) as [
          number,
          number,
        ];
        if (!Number.isNaN(champion) && (Number.isNaN(candidate) || beats(candidate, champion))) best = i;
      }
      return best;
    });
    return store(type, out);
  };

/** Returns the indices, after checking each. */
function loadIndices(call: string, x: NdArray, size: number): Nd {
  const list = load(x);
  list.data.forEach((index, place) => {
    if (index < 0 || index >= size) {
      throw new ArgumentError(
        `${call}: index ${index} at position ${place} is out of range for an axis of length ${size}`,
      );
    }
  });
  return list;
}

/** The reference interpreter: slow, obvious, and exact in float64. */
export const reference: Kernels<NdArray> = {
  full: (of) =>
    store(
      abstract.full(of),
      build(of.shape, () => of.value),
    ),

  ...mapEntries(ofMath, (name, f) => mapped(name, f)),
  neg: unary('neg'),
  abs: unary('abs'),
  exp: unary('exp'),
  log: unary('log'),
  sqrt: unary('sqrt'),
  sin: unary('sin'),
  cos: unary('cos'),
  sigmoid: mapped('sigmoid', sigmoid),
  relu: mapped('relu', (x) => Math.max(x, 0)),
  softplus: mapped('softplus', softplus),
  erf: mapped('erf', erf),
  erfc: mapped('erfc', erfc),
  round: mapped('round', roundToEven),
  stopGradient: mapped('stopGradient', (x) => x),

  add: binary('add', 'add'),
  sub: binary('sub', 'sub'),
  // A product of two int32 numbers can have more digits than a float64.
  mul: (x, y) => (x.dtype === 'int32' ? mapped2('mul', Math.imul) : binary('mul', 'mul'))(x, y),
  div: binary('div', 'div'),
  pow: mapped2('pow', power),
  remainder: mapped2('remainder', remainder),
  atan2: mapped2('atan2', Math.atan2),
  maximum: mapped2('maximum', Math.max),
  minimum: mapped2('minimum', Math.min),

  activationGrad(g, y, of) {
    const type = abstract.activationGrad(g, y, of);
    const [scale, value] = [load(g), load(y)];
    const out = build(type.shape, (index) => activationDerivatives[of](get(scale, index), get(value, index)));
    return store(type, out);
  },

  equal: binary('equal', 'eq'),
  less: binary('less', 'lt'),
  lessEqual: binary('lessEqual', 'leq'),

  where(condition, x, y) {
    const type = abstract.where(condition, x, y);
    const [c, a, b] = [condition, x, y].map((operand) => stretch(load(operand), type.shape)) as [Nd, Nd, Nd];
    return store(
      type,
      build(type.shape, (index) => get(get(c, index) === 0 ? b : a, index)),
    );
  },
  cast(x, dtype) {
    const from = load(x);
    const truncate = (value: number) => truncateToInt32('cast', value);
    const convert = dtype === 'bool' ? (value: number) => Number(value !== 0) : truncate;
    const value = dtype === 'float32' || dtype === 'float64' ? (v: number) => v : convert;
    return store(
      abstract.cast(x, dtype),
      build(x.shape, (index) => value(get(from, index))),
    );
  },

  sum(x, axes) {
    const type = abstract.sum(x, axes);
    const out = zeros(type.shape);
    if (x.size > 0) ops.addeq(stretch(out, x.shape), load(x));
    return store(type, out);
  },
  mean(x, axes) {
    const type = abstract.mean(x, axes);
    const out = zeros(type.shape);
    if (x.size > 0) ops.addeq(stretch(out, x.shape), load(x));
    ops.divseq(out, countAlong(x.shape, axes));
    return store(type, out);
  },
  prod(x, axes) {
    const type = abstract.prod(x, axes);
    const [from, out] = [load(x), build(type.shape, () => 1)];
    for (const line of linesAlong(x.shape, axes)) {
      const numbers = line.map((index) => get(from, index));
      const product = x.dtype === 'int32' ? numbers.reduce(Math.imul, 1) : joined(numbers.reduce(times, ONE));
      const [first] = line;
      if (first !== undefined) out.set(...first.map((i, axis) => (axes.includes(axis) ? 0 : i)), product);
    }
    return store(type, out);
  },
  prodOfOthers(x, axes) {
    const type = abstract.prodOfOthers(x, axes);
    const [from, out] = [load(x), zeros(x.shape)];
    for (const line of linesAlong(x.shape, axes)) {
      const before: Scaled[] = [];
      line.reduce<Scaled>(
        (product, index) => {
          before.push(product);
          return times(product, get(from, index));
        },
        [1, 0],
      );
      line.reduceRight<Scaled>(
        (behind, index, i) => {
          const [m, e] = times(before[i]!, behind[0]);
          out.set(...index, joined([m, e + behind[1]]));
          return times(behind, get(from, index));
        },
        [1, 0],
      );
    }
    return store(type, out);
  },
  max: reduction('max', Math.max),
  min: reduction('min', Math.min),
  argmax: argReduction('argmax', (a, b) => a > b),
  argmin: argReduction('argmin', (a, b) => a < b),
  cumsum(x, axis) {
    const type = abstract.cumsum(x, axis);
    const out = load(x);
    for (const index of indices(x.shape)) {
      const i = index[axis]!;
      if (i > 0) add(out, index, get(out, replace(index, axis, i - 1)));
    }
    return store(type, out);
  },
  argsort(x, order) {
    const type = abstract.argsort(x, order);
    const [from, out] = [load(x), zeros(type.shape)];
    const { axis, descending } = order;
    // NaN is above all numbers; equal entries stay in their order, since the engine's sort is stable.
    const compare = (a: number, b: number) =>
      Number.isNaN(a) || Number.isNaN(b) ? Number(Number.isNaN(a)) - Number(Number.isNaN(b)) : a - b;
    for (const index of indices(x.shape.map((length, i) => (i === axis ? Math.min(1, length) : length)))) {
      const line = Array.from({ length: x.shape[axis]! }, (_, j) => get(from, replace(index, axis, j)));
      const sorted = line.map((_, i) => i).sort((i, j) => compare(line[i]!, line[j]!) * (descending ? -1 : 1));
      sorted.slice(0, type.shape[axis]).forEach((i, j) => {
        out.set(...replace(index, axis, j), i);
      });
    }
    return store(type, out);
  },

  reshape(x, shape) {
    const type = abstract.reshape(x, shape);
    return store(type, ndarray(load(x).data, [...shape]));
  },
  permute(x, order) {
    const type = abstract.permute(x, order);
    return store(type, load(x).transpose(...order));
  },
  broadcastTo: (x, shape) => store(abstract.broadcastTo(x, shape), stretch(load(x), shape)),
  slice(x, slice) {
    const type = abstract.slice(x, slice);
    const from = load(x);
    return store(
      type,
      build(slice.sizes, (index) =>
        get(
          from,
          index.map((j, i) => slice.starts[i]! + j * slice.steps[i]!),
        ),
      ),
    );
  },
  scatterSlice(x, into) {
    const type = abstract.scatterSlice(x, into);
    const [from, out] = [load(x), zeros(into.shape)];
    for (const index of indices(x.shape)) {
      out.set(...index.map((j, i) => into.starts[i]! + j * into.steps[i]!), get(from, index));
    }
    return store(type, out);
  },
  concat(inputs, axis) {
    const type = abstract.concat(inputs, axis);
    const parts = inputs.map((x) => load(x));
    const out = zeros(type.shape);
    let start = 0;
    for (const part of parts) {
      for (const index of indices(part.shape)) {
        out.set(...replace(index, axis, start + index[axis]!), get(part, index));
      }
      start += part.shape[axis]!;
    }
    return store(type, out);
  },

  take(x, places, axis) {
    const type = abstract.take(x, places, axis);
    const [from, list] = [load(x), loadIndices('take', places, x.shape[axis]!)];
    const rest = axis + places.shape.length;
    const out = build(type.shape, (index) => {
      const place = get(list, index.slice(axis, rest));
      return get(from, [...index.slice(0, axis), place, ...index.slice(rest)]);
    });
    return store(type, out);
  },
  scatterAdd(x, places, into) {
    const type = abstract.scatterAdd(x, places, into);
    const [from, list, out] = [load(x), loadIndices('scatterAdd', places, into.size), zeros(type.shape)];
    const rest = into.axis + places.shape.length;
    for (const index of indices(x.shape)) {
      const place = get(list, index.slice(into.axis, rest));
      add(out, [...index.slice(0, into.axis), place, ...index.slice(rest)], get(from, index));
    }
    return store(type, out);
  },

  matmul(x, y) {
    const type = abstract.matmul(x, y);
    const batch = broadcastShapes('matmul', x.shape.slice(0, -2), y.shape.slice(0, -2));
    const a = stretch(load(x), [...batch, ...x.shape.slice(-2)]);
    const b = stretch(load(y), [...batch, ...y.shape.slice(-2)]);
    const times = timesOf(x.dtype);
    const out = build(type.shape, (index) => {
      const lead = index.slice(0, -2);
      const [row, column] = index.slice(-2) as [number, number];
      let sum = 0;
      for (let p = 0; p < x.shape.at(-1)!; p++) sum += times(get(a, [...lead, row, p]), get(b, [...lead, p, column]));
      return sum;
    });
    return store(type, out);
  },

  affine(x, w, b) {
    const type = abstract.affine(x, w, b);
    const [a, c, d] = [load(x), load(w), load(b)];
    const times = timesOf(x.dtype);
    const out = build(type.shape, (index) => {
      const [row, column] = [index.slice(0, -1), index.at(-1)!];
      let sum = get(d, [column]);
      for (let p = 0; p < w.shape[0]!; p++) sum += times(get(a, [...row, p]), get(c, [p, column]));
      return sum;
    });
    return store(type, out);
  },

  crossEntropy(logits, labels) {
    const type = abstract.crossEntropy(logits, labels);
    const list = loadIndices('crossEntropy', labels, logits.shape[1]!);
    const rows = softmaxRows(load(logits));
    return store(
      type,
      build(type.shape, ([i]) => rows[i!]!.logSum - rows[i!]!.shifted[get(list, [i!])]!),
    );
  },
  crossEntropyGrad(g, logits, labels) {
    const type = abstract.crossEntropyGrad(g, logits, labels);
    const [scale, list] = [load(g), loadIndices('crossEntropyGrad', labels, logits.shape[1]!)];
    const rows = softmaxRows(load(logits));
    const out = build(type.shape, ([i, j]) => {
      const { shifted, sum } = rows[i!]!;
      return get(scale, [i!]) * (Math.exp(shifted[j!]!) / sum - Number(j === get(list, [i!])));
    });
    return store(type, out);
  },

  ...normalizationBy(load, store),

  unfold(x, windows) {
    const type = abstract.unfold(x, windows);
    const from = load(x);
    const out = build(type.shape, (index) => {
      const source = windowSource(index, windows, x.shape);
      return source === undefined ? 0 : get(from, source);
    });
    return store(type, out);
  },
  fold(x, into) {
    const type = abstract.fold(x, into);
    const [from, out] = [load(x), zeros(type.shape)];
    for (const index of indices(x.shape)) {
      const target = windowSource(index, into.windows, type.shape);
      if (target !== undefined) add(out, target, get(from, index));
    }
    return store(type, out);
  },

  conv(x, w, of) {
    const type = abstract.conv(x, w, of);
    const [a, b, out] = [load(x).data, load(w).data, zeros(type.shape)];
    forEachProduct(of, x.shape, w.shape, type.shape, (i, j, k) => {
      out.data[k]! += (i === undefined ? 0 : a[i]!) * b[j]!;
    });
    return store(type, out);
  },
  convInput(y, w, of) {
    const type = abstract.convInput(y, w, of);
    const [a, b, out] = [load(y).data, load(w).data, zeros(type.shape)];
    forEachProduct(of, type.shape, w.shape, y.shape, (i, j, k) => {
      if (i !== undefined) out.data[i]! += a[k]! * b[j]!;
    });
    return store(type, out);
  },
  convWeight(x, y, of) {
    const type = abstract.convWeight(x, y, of);
    const [a, b, out] = [load(x).data, load(y).data, zeros(type.shape)];
    forEachProduct(of, x.shape, type.shape, y.shape, (i, j, k) => {
      out.data[j]! += (i === undefined ? 0 : a[i]!) * b[k]!;
    });
    return store(type, out);
  },

  maxPool(x, by, windows) {
    const type = abstract.maxPool(x, by, windows);
    const [from, judge] = [load(x), load(by)];
    return store(
      type,
      build(type.shape, (place) => get(from, maximumPlace(valueAt(judge), judge.shape, windows, place))),
    );
  },
  maxUnpool(y, by, windows) {
    const type = abstract.maxUnpool(y, by, windows);
    const [from, judge, out] = [load(y), load(by), zeros(type.shape)];
    for (const place of indices(y.shape))
      add(out, maximumPlace(valueAt(judge), judge.shape, windows, place), get(from, place));
    return store(type, out);
  },
};
