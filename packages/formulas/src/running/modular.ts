/** An interpreter on numbers modulo a prime. Nothing is rounded, so equality is exact. */

import {
  type Activation,
  type ArrayLike,
  abstract,
  arity,
  type DType,
  type Kernels,
  mapEntries,
  rowMajor,
  type Shape,
  type Slice,
  sizeOf,
} from '@tapegrad/kernels';
import { type Field, NotExact } from './field.ts';

/** Numbers modulo a prime, in row-major order; 0 and 1 for bool. */
export interface ModArray extends ArrayLike {
  readonly data: Float64Array;
}

export const modArray = (shape: Shape, data: Float64Array, dtype: DType = 'float64'): ModArray => ({
  shape,
  dtype,
  data,
});

/** Returns a function that maps each position of a result to the position in the operand that is broadcast to it. */
function places(from: Shape, to: Shape): (place: number) => number {
  if (from.length === to.length && from.every((n, i) => n === to[i])) return (place) => place;
  const strides = rowMajor(from);
  const lead = to.length - from.length;
  return (place) => {
    let [rest, at] = [place, 0];
    for (let axis = to.length - 1; axis >= 0; axis--) {
      const length = to[axis]!;
      const i = rest % length;
      rest = (rest - i) / length;
      if (axis >= lead && from[axis - lead] !== 1) at += i * strides[axis - lead]!;
    }
    return at;
  };
}

/** Returns the multi-dimensional index of a position. */
function indexOf(place: number, shape: Shape): number[] {
  const index = shape.map(() => 0);
  let rest = place;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    index[axis] = rest % shape[axis]!;
    rest = Math.floor(rest / shape[axis]!);
  }
  return index;
}

const placeOf = (index: readonly number[], shape: Shape): number =>
  index.reduce((at, i, axis) => at * shape[axis]! + i, 0);

type AnyRun = (...args: readonly unknown[]) => ArrayLike;

/** Returns the primitives modulo a field's prime. Primitives that compare or round throw `NotExact`. */
export function modular(field: Field): Kernels<ModArray> {
  const typeOf = (op: keyof Kernels<ArrayLike>, ...args: readonly unknown[]): ArrayLike =>
    (abstract[op] as AnyRun)(...args);
  const each = (f: (a: number) => number) => (x: ModArray) => modArray(x.shape, x.data.map(f), x.dtype);
  const pairs =
    (op: 'add' | 'equal', f: (a: number, b: number) => number) =>
    (x: ModArray, y: ModArray): ModArray => {
      const { shape, dtype } = typeOf(op, x, y);
      const [atX, atY] = [places(x.shape, shape), places(y.shape, shape)];
      const data = new Float64Array(sizeOf(shape));
      for (let i = 0; i < data.length; i++) data[i] = f(x.data[atX(i)]!, y.data[atY(i)]!);
      return modArray(shape, data, dtype);
    };
  const never = (name: string) => (): never => {
    throw new NotExact(name);
  };
  const isPositive = (a: number): boolean => field.isSquare(a);
  const moved = (type: ArrayLike, x: ModArray, from: (index: readonly number[]) => number): ModArray => {
    const data = new Float64Array(sizeOf(type.shape));
    for (let i = 0; i < data.length; i++) data[i] = x.data[from(indexOf(i, type.shape))]!;
    return modArray(type.shape, data, type.dtype);
  };
  const reduced =
    (start: number, f: (a: number, b: number) => number) =>
    (x: ModArray, axes: readonly number[]): ModArray => {
      const shape = x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
      const at = places(shape, x.shape);
      const data = new Float64Array(sizeOf(shape)).fill(start);
      x.data.forEach((value, i) => {
        data[at(i)] = f(data[at(i)]!, value);
      });
      return modArray(shape, data);
    };
  const sum = reduced(0, (a, b) => field.add(a, b));
  const prod = reduced(1, (a, b) => field.mul(a, b));
  /**
   * Computes each product with the element itself replaced by 1: the full product can't be divided by an element of 0.
   */
  const prodOfOthers = (x: ModArray, axes: readonly number[]): ModArray => {
    const at = places(
      x.shape.map((n, axis) => (axes.includes(axis) ? 1 : n)),
      x.shape,
    );
    const others = (_: number, i: number) => prod(modArray(x.shape, x.data.with(i, 1)), axes).data[at(i)]!;
    return modArray(x.shape, x.data.map(others));
  };
  const slopes: Readonly<Record<Activation, (g: number, y: number) => number>> = {
    tanh: (g, y) => field.mul(g, field.sub(1, field.mul(y, y))),
    sigmoid: (g, y) => field.mul(g, field.mul(y, field.sub(1, y))),
    relu: (g, y) => (y === 0 ? 0 : g),
  };
  const power = (a: number, b: number): number => {
    for (let n = -8; n <= 8; n++) {
      if (b === field.number(n)) return n < 0 ? field.inverse(field.pow(a, -n)) : field.pow(a, n);
      const isHalf = b === field.number(n / 2) && n % 2 !== 0;
      if (isHalf) return n < 0 ? field.inverse(field.pow(field.sqrt(a), -n)) : field.pow(field.sqrt(a), n);
    }
    return field.drawn(`${a} to the ${b}`);
  };
  const larger = (a: number, b: number): number => (isPositive(field.sub(a, b)) ? a : b);

  return {
    // Primitives that numbers modulo a prime don't have are not exact.
    ...mapEntries(arity, (op) => never(op)),
    full: ({ shape, value, dtype }) =>
      modArray(shape, new Float64Array(sizeOf(shape)).fill(dtype === 'bool' ? value : field.number(value)), dtype),
    neg: each((a) => field.neg(a)),
    abs: each((a) => (a === 0 || isPositive(a) ? a : field.neg(a))),
    sign: each((a) => (a === 0 ? 0 : isPositive(a) ? 1 : field.neg(1))),
    exp: each((a) => field.exp(a)),
    expm1: each((a) => field.sub(field.exp(a), 1)),
    log: each((a) => field.log(a)),
    log1p: each((a) => field.log(field.add(a, 1))),
    sqrt: each((a) => field.sqrt(a)),
    sin: each((a) => field.sinCos(a)[0]),
    cos: each((a) => field.sinCos(a)[1]),
    tan: each((a) => field.div(...field.sinCos(a))),
    asin: each((a) => field.odd('asin', a)),
    acos: each((a) => field.sub(field.drawn('half pi'), field.odd('asin', a))),
    atan: each((a) => field.odd('atan', a)),
    sinh: each((a) => field.div(field.sub(field.exp(a), field.exp(field.neg(a))), 2)),
    cosh: each((a) => field.div(field.add(field.exp(a), field.exp(field.neg(a))), 2)),
    tanh: each((a) => field.tanh(a)),
    sigmoid: each((a) => field.sigmoid(a)),
    relu: each((a) => (isPositive(a) ? a : 0)),
    softplus: each((a) => field.log(field.add(1, field.exp(a)))),
    erf: each((a) => field.odd('erf', a)),
    erfc: each((a) => field.sub(1, field.odd('erf', a))),
    stopGradient: (x) => x,

    add: pairs('add', (a, b) => field.add(a, b)),
    sub: pairs('add', (a, b) => field.sub(a, b)),
    mul: pairs('add', (a, b) => field.mul(a, b)),
    div: pairs('add', (a, b) => field.div(a, b)),
    pow: pairs('add', power),
    maximum: pairs('add', larger),
    minimum: pairs('add', (a, b) => (larger(a, b) === a ? b : a)),
    activationGrad: (g, y, of) => pairs('add', slopes[of])(g, y),
    equal: pairs('equal', (a, b) => (a === b ? 1 : 0)),
    less: pairs('equal', (a, b) => (isPositive(field.sub(b, a)) ? 1 : 0)),
    lessEqual: pairs('equal', (a, b) => (a === b || isPositive(field.sub(b, a)) ? 1 : 0)),
    where: (condition, x, y) => {
      const { shape, dtype } = typeOf('where', condition, x, y);
      const [atC, atX, atY] = [condition, x, y].map((operand) => places(operand.shape, shape));
      const data = new Float64Array(sizeOf(shape));
      for (let i = 0; i < data.length; i++)
        data[i] = condition.data[atC!(i)] === 0 ? y.data[atY!(i)]! : x.data[atX!(i)]!;
      return modArray(shape, data, dtype);
    },
    cast: (x, dtype) => modArray(x.shape, dtype === 'bool' ? x.data.map((a) => (a === 0 ? 0 : 1)) : x.data, dtype),

    sum,
    mean: (x, axes) => {
      const count = axes.reduce((n, axis) => n * x.shape[axis]!, 1);
      return each((a) => field.div(a, count))(sum(x, axes));
    },
    prod,
    prodOfOthers,

    reshape: (x, shape) => modArray(shape, x.data, x.dtype),
    permute: (x, order) =>
      moved(typeOf('permute', x, order), x, (index) =>
        placeOf(
          x.shape.map((_, axis) => index[order.indexOf(axis)]!),
          x.shape,
        ),
      ),
    broadcastTo: (x, shape) => {
      const at = places(x.shape, shape);
      return modArray(
        shape,
        Float64Array.from({ length: sizeOf(shape) }, (_, i) => x.data[at(i)]!),
        x.dtype,
      );
    },
    slice: (x, slice) => moved(typeOf('slice', x, slice), x, (index) => placeOf(placed(index, slice), x.shape)),
    scatterSlice: (x, into) => {
      const data = new Float64Array(sizeOf(into.shape));
      x.data.forEach((value, i) => {
        data[placeOf(placed(indexOf(i, x.shape), into), into.shape)] = value;
      });
      return modArray(into.shape, data, x.dtype);
    },
    concat: (inputs, axis) => {
      const { shape, dtype } = typeOf('concat', inputs, axis);
      const data = new Float64Array(sizeOf(shape));
      let start = 0;
      for (const x of inputs) {
        x.data.forEach((value, i) => {
          const index = indexOf(i, x.shape);
          index[axis] = index[axis]! + start;
          data[placeOf(index, shape)] = value;
        });
        start += x.shape[axis]!;
      }
      return modArray(shape, data, dtype);
    },

    matmul: (x, y) => product(field, x, y),
    affine: (x, w, b) => pairs('add', (a, c) => field.add(a, c))(product(field, x, w), b),
  };
}

const placed = (index: readonly number[], { starts, steps }: Slice): number[] =>
  index.map((i, axis) => starts[axis]! + i * steps[axis]!);

function product(field: Field, x: ModArray, y: ModArray): ModArray {
  if (x.shape.length !== 2 || y.shape.length !== 2) throw new NotExact('a batched product');
  const [m, k] = x.shape as [number, number];
  const n = y.shape[1]!;
  const data = new Float64Array(m * n);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < n; j++) {
      let total = 0;
      for (let l = 0; l < k; l++) total = field.add(total, field.mul(x.data[i * k + l]!, y.data[l * n + j]!));
      data[i * n + j] = total;
    }
  }
  return modArray([m, n], data);
}
