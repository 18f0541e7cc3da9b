/**
 * WebAssembly instructions as typed functions that build expressions: `i32.add(pointer, 16)`, `f32x4.mul(a, b)`.
 *
 * An expression is its own code: a `Value<'f32'>` holds the bytes that leave a float on the operand stack. An
 * expression is evaluated wherever it is used, so twice if it is used twice; `FunctionBuilder.let` keeps its value in a
 * local instead. Numbers are accepted as constants wherever a scalar is expected. Names are the specification's in
 * camelCase: `i32.lt_s` is `i32.ltS`. An operation that returns nothing is a `Statement`, for `FunctionBuilder.run`.
 *
 * The tables hold the opcodes that the kernels use, including relaxed SIMD, from
 * https://webassembly.github.io/spec/core/binary/instructions.html. A new instruction needs only an entry. Atomic
 * instructions are in `atomics.ts`.
 */

import { type Code, float, integer, signed32, signed64, unsigned } from './encoding.ts';

export type ScalarType = 'i32' | 'i64' | 'f32' | 'f64';
export type ValueType = ScalarType | 'v128';
export type ResultType = ValueType | 'void';

/** An expression of type `T`: the bytes of code that leave its value on the operand stack. */
export interface Value<T extends ResultType> {
  readonly type: T;
  readonly code: Code;
}

/** Code that leaves nothing on the operand stack. */
export type Statement = Value<'void'>;

/** An instruction's operand: an expression, or, for a scalar, also a constant. */
export type Operand<T extends ValueType> = Value<T> | (T extends 'v128' ? never : number | bigint);

/** Prefixes of opcodes, each held in the high half of a number. */
const SIMD = 0xfd_0000;
const BULK = 0xfc_0000;

const opcodeBytes = (opcode: number): Code => (opcode < 0x100 ? [opcode] : [opcode >>> 16, unsigned(opcode & 0xffff)]);

const constants: Record<ScalarType, (value: number | bigint) => Code> = {
  i32: (value) => [0x41, signed32(Number(value))],
  i64: (value) => [0x42, signed64(BigInt(value))],
  f32: (value) => [0x43, ...float(Number(value), 4)],
  f64: (value) => [0x44, ...float(Number(value), 8)],
};

/** Returns the code of an operand; a number becomes a constant of the given type. */
export function codeOf<T extends ValueType>(type: T, operand: Operand<T>): Code {
  return typeof operand === 'object' ? operand.code : constants[type as ScalarType](operand as number | bigint);
}

/** Makes an expression from pieces of code. */
export const value = <T extends ResultType>(type: T, ...code: Code): Value<T> => ({ type, code });

/** Builds a function for each opcode, `build(base + opcode)`, under the same name. */
function table<const Names extends Readonly<Record<string, number>>, F>(
  base: number,
  opcodes: Names,
  build: (opcode: Code) => F,
): { readonly [Name in keyof Names]: F } {
  const entries = Object.entries(opcodes).map(([name, opcode]) => [name, build(opcodeBytes(base + opcode))]);
  return Object.fromEntries(entries);
}

const unary =
  <T extends ValueType, R extends ResultType>(operand: T, result: R) =>
  (opcode: Code) =>
  (a: Operand<T>): Value<R> =>
    value(result, codeOf(operand, a), opcode);

const binary =
  <T extends ValueType, U extends ValueType, R extends ResultType>(left: T, right: U, result: R) =>
  (opcode: Code) =>
  (a: Operand<T>, b: Operand<U>): Value<R> =>
    value(result, codeOf(left, a), codeOf(right, b), opcode);

const ternary =
  (opcode: Code) =>
  (a: Value<'v128'>, b: Value<'v128'>, c: Value<'v128'>): Value<'v128'> =>
    value('v128', a.code, b.code, c.code, opcode);

const single =
  <F>(build: (opcode: Code) => F) =>
  (opcode: number): F =>
    build(opcodeBytes(opcode));

/** Encodes an instruction on 2^log2 bytes of memory, without its offset. The stated alignment is the natural one. */
export const access = (opcode: number, log2: number): Code => [...opcodeBytes(opcode), log2];

/** `load(address, offset)` reads at `address + offset`. */
export const loader = <T extends ValueType>(type: T, opcode: number, log2: number) => {
  const load = access(opcode, log2);
  return (address: Operand<'i32'>, offset = 0): Value<T> => value(type, codeOf('i32', address), load, unsigned(offset));
};

/** `store(address, value, offset)` writes at `address + offset`. */
export const storer = <T extends ValueType>(type: T, opcode: number, log2: number) => {
  const store = access(opcode, log2);
  return (address: Operand<'i32'>, stored: Operand<T>, offset = 0): Statement =>
    value('void', codeOf('i32', address), codeOf(type, stored), store, unsigned(offset));
};

/** `load(address, vector, lane, offset)` returns the vector with one lane replaced from memory. */
const laneLoader = (log2: 2 | 3) => {
  const load = access(SIMD + 0x54 + log2, log2);
  return (address: Operand<'i32'>, vector: Value<'v128'>, lane: number, offset = 0): Value<'v128'> =>
    value('v128', codeOf('i32', address), vector.code, load, unsigned(offset), lane);
};

/** `store(address, vector, lane, offset)` stores one lane. */
const laneStorer = (log2: 2 | 3) => {
  const store = access(SIMD + 0x58 + log2, log2);
  return (address: Operand<'i32'>, vector: Value<'v128'>, lane: number, offset = 0): Statement =>
    value('void', codeOf('i32', address), vector.code, store, unsigned(offset), lane);
};

const constant =
  <T extends ScalarType>(type: T) =>
  (number: number | bigint): Value<T> =>
    value(type, constants[type](number));

const INTEGER_COMPARE = { eq: 0, ne: 1, ltS: 2, ltU: 3, gtS: 4, leS: 6, geS: 8 } as const;
const INTEGER_BINARY = {
  add: 3,
  sub: 4,
  mul: 5,
  divS: 6,
  divU: 7,
  remU: 9,
  and: 10,
  or: 11,
  xor: 12,
  shl: 13,
  shrS: 14,
  shrU: 15,
} as const;
const FLOAT_COMPARE = { eq: 0, ne: 1, lt: 2, gt: 3, le: 4, ge: 5 } as const;
const FLOAT_BINARY = { add: 0, sub: 1, mul: 2, div: 3 } as const;

/** Instructions on 32-bit integers. */
export const i32 = {
  type: 'i32',
  const: constant('i32'),
  ...table(0x46, INTEGER_COMPARE, binary('i32', 'i32', 'i32')),
  ...table(0x67, INTEGER_BINARY, binary('i32', 'i32', 'i32')),
  eqz: single(unary('i32', 'i32'))(0x45),
  wrapI64: single(unary('i64', 'i32'))(0xa7),
  load: loader('i32', 0x28, 2),
  store: storer('i32', 0x36, 2),
} as const;

// The call is marked as pure, so that bundlers can drop these instructions if no extension needs 64-bit integers.
const makeI64 = () =>
  ({
    type: 'i64',
    const: constant('i64'),
    ...table(0x51, INTEGER_COMPARE, binary('i64', 'i64', 'i32')),
    ...table(0x79, INTEGER_BINARY, binary('i64', 'i64', 'i64')),
    extendI32U: single(unary('i32', 'i64'))(0xad),
    reinterpretF64: single(unary('f64', 'i64'))(0xbd),
  }) as const;

export const i64 = /* @__PURE__ */ makeI64();

/** The instructions that both float types have; each group's opcodes are consecutive. */
export function floatScalar<S extends 'f32' | 'f64'>(
  type: S,
  opcodes: { readonly compare: number; readonly arithmetic: number; readonly load: number },
) {
  const log2 = type === 'f32' ? 2 : 3;
  return {
    type,
    const: constant(type),
    ...table(opcodes.compare, FLOAT_COMPARE, binary(type, type, 'i32')),
    ...table(opcodes.arithmetic, FLOAT_BINARY, binary(type, type, type)),
    load: loader(type, opcodes.load, log2),
    store: storer(type, opcodes.load + 0x0e, log2),
  };
}

/** Instructions on float32 numbers. */
export const f32 = {
  ...floatScalar('f32', { compare: 0x5b, arithmetic: 0x92, load: 0x2a }),
  demoteF64: single(unary('f64', 'f32'))(0xb6),
} as const;

/** Instructions on float64 numbers. */
export const f64 = {
  ...floatScalar('f64', { compare: 0x61, arithmetic: 0xa0, load: 0x2b }),
  convertI32S: single(unary('i32', 'f64'))(0xb7),
  promoteF32: single(unary('f32', 'f64'))(0xbb),
  reinterpretI64: single(unary('i64', 'f64'))(0xbf),
} as const;

const CONST = opcodeBytes(SIMD + 0x0c);

/** Operations on all 128 bits, regardless of lanes. */
export const v128 = {
  type: 'v128',
  const: (bytes: readonly number[]): Value<'v128'> => value('v128', CONST, bytes),
  load: loader('v128', SIMD + 0x00, 4),
  store: storer('v128', SIMD + 0x0b, 4),
  not: single(unary('v128', 'v128'))(SIMD + 0x4d),
  /** `andnot(a, b)` is a & ~b. */
  ...table(SIMD, { and: 0x4e, andnot: 0x4f, or: 0x50, xor: 0x51 }, binary('v128', 'v128', 'v128')),
  /** `bitselect(a, b, mask)` takes a's bits where mask bits are 1 and b's where they are 0. */
  bitselect: single(ternary)(SIMD + 0x52),
  anyTrue: single(unary('v128', 'i32'))(SIMD + 0x53),
  /** Byte i of the result is byte `lanes[i]` of a (0 to 15) or of b (16 to 31). */
  shuffle: (a: Value<'v128'>, b: Value<'v128'>, lanes: readonly number[]): Value<'v128'> =>
    value('v128', a.code, b.code, opcodeBytes(SIMD + 0x0d), lanes),
} as const;

const loadPair = loader('v128', SIMD + 0x5d, 3);
const loadLane32 = laneLoader(2);
const storeLane32 = laneStorer(2);
const storeLane64 = laneStorer(3);

/** The instructions that lanes of every type have. `scalar` is the type of one lane, of 2^`log2` bytes. */
function lanes<S extends ScalarType>(scalar: S, log2: 2 | 3, splat: number, extract: number) {
  const bytes = (1 << log2) as 4 | 8;
  const count = 16 / bytes;
  const loadZero = loader('v128', SIMD + 0x5a + log2, log2);
  const storeLane = laneStorer(log2);
  const encode = (x: number | bigint): number[] =>
    scalar === 'f32' || scalar === 'f64' ? float(Number(x), bytes) : integer(BigInt(x), bytes);
  return {
    type: 'v128',
    scalar,
    /** Number of lanes in a vector. */
    lanes: count,
    /** Bytes of a lane. */
    laneBytes: bytes,
    /** Sets every lane to one constant. In a loop, keep it in a local: an engine may rebuild it on each use. */
    const: (x: number | bigint): Value<'v128'> => {
      const lane = encode(x);
      return value('v128', CONST, log2 === 2 ? [lane, lane, lane, lane] : [lane, lane]);
    },
    /** Sets each lane to its own constant. */
    constOf: (...xs: readonly (number | bigint)[]): Value<'v128'> => value('v128', CONST, xs.map(encode)),
    splat: single(unary(scalar, 'v128'))(SIMD + splat),
    extractLane: (vector: Value<'v128'>, lane: number): Value<S> =>
      value(scalar, vector.code, opcodeBytes(SIMD + extract), lane),
    replaceLane: (vector: Value<'v128'>, lane: number, x: Operand<S>): Value<'v128'> =>
      value('v128', vector.code, codeOf(scalar, x), opcodeBytes(SIMD + extract + 1), lane),
    load: v128.load,
    store: v128.store,
    /** Loads one element into all lanes. */
    loadSplat: loader('v128', SIMD + 0x07 + log2, log2),
    storeLane,
    /** Loads the first `length` lanes (1 to `lanes`) and sets the others to zero; reads no byte beyond them. */
    loadPart: (length: number, address: Operand<'i32'>, offset = 0): Value<'v128'> => {
      if (length === count) return v128.load(address, offset);
      if (length === 1) return loadZero(address, offset);
      const pair = loadPair(address, offset);
      return length === 2 ? pair : loadLane32(address, pair, 2, offset + 8);
    },
    /** Stores the first `length` lanes (1 to `lanes`). `vector` may be evaluated twice: pass a local. */
    storePart: (length: number, address: Operand<'i32'>, vector: Value<'v128'>, offset = 0): Statement => {
      if (length === count) return v128.store(address, vector, offset);
      if (length === 1) return storeLane(address, vector, 0, offset);
      const pair = storeLane64(address, vector, 0, offset);
      return length === 2 ? pair : value('void', pair.code, storeLane32(address, vector, 2, offset + 8).code);
    },
    /** Lane i of the result is lane `order[i]` of a (below `lanes`) or of b (from `lanes` on). */
    shuffle: (a: Value<'v128'>, b: Value<'v128'>, order: readonly number[]): Value<'v128'> => {
      const indices = order.flatMap((lane) => Array.from({ length: bytes }, (_, i) => lane * bytes + i));
      return v128.shuffle(a, b, indices);
    },
  } as const;
}

const vectorUnary = unary('v128', 'v128');
/** Instructions from two vectors to one. A lane-wise comparison sets all bits of a lane, or none. */
const vectorBinary = binary('v128', 'v128', 'v128');
const shift = binary('v128', 'i32', 'v128');

/** The instructions that integer lanes of both widths have. Shift distances are taken modulo the lane width. */
function integerLanes(base: number) {
  return {
    ...table(SIMD + base, { shl: 0x0b, shrU: 0x0d }, shift),
    ...table(SIMD + base, { add: 0x0e, sub: 0x11 }, vectorBinary),
    allTrue: single(unary('v128', 'i32'))(SIMD + base + 3),
  } as const;
}

/** Instructions on vectors of four 32-bit integers. */
export const i32x4 = {
  ...lanes('i32', 2, 0x11, 0x1b),
  ...integerLanes(0xa0),
  ltS: single(vectorBinary)(SIMD + 0x39),
} as const;

export const i64x2 = {
  ...lanes('i64', 3, 0x12, 0x1d),
  ...integerLanes(0xc0),
} as const;

/** 16-bit lanes, used between 32-bit and 8-bit lanes. */
export const i16x8 = {
  /** Narrows the 32-bit lanes of a and b to 16 bits with signed saturation (i16x8.narrow_i32x4_s). */
  narrowS: single(vectorBinary)(SIMD + 0x85),
} as const;

/** Instructions on vectors of sixteen bytes. */
export const i8x16 = {
  /** Narrows the 16-bit lanes of a and b to 8 bits with signed saturation (i8x16.narrow_i16x8_s). */
  narrowS: single(vectorBinary)(SIMD + 0x65),
} as const;

const VECTOR_FLOAT_UNARY = { abs: 0x00, neg: 0x01, sqrt: 0x03 } as const;
/** `pmin(a, b)` is b < a ? b : a, one machine instruction; `min` and `max` also order zeros and propagate NaN. */
const VECTOR_FLOAT_BINARY = { add: 4, sub: 5, mul: 6, div: 7, min: 8, max: 9, pmin: 10, pmax: 11 } as const;

/** Instructions on vectors of four float32 numbers. */
export const f32x4 = {
  ...lanes('f32', 2, 0x13, 0x1f),
  ...table(SIMD + 0x41, FLOAT_COMPARE, vectorBinary),
  ...table(SIMD + 0xe0, VECTOR_FLOAT_UNARY, vectorUnary),
  ...table(SIMD + 0xe0, VECTOR_FLOAT_BINARY, vectorBinary),
  ...table(SIMD, { ceil: 0x67, floor: 0x68, nearest: 0x6a }, vectorUnary),
  demoteF64x2Zero: single(vectorUnary)(SIMD + 0x5e),
  ...table(SIMD, { relaxedMadd: 0x105, relaxedNmadd: 0x106 }, ternary),
} as const;

/** Instructions on vectors of two float64 numbers. */
export const f64x2 = {
  ...lanes('f64', 3, 0x14, 0x21),
  ...table(SIMD + 0x47, FLOAT_COMPARE, vectorBinary),
  ...table(SIMD + 0xec, VECTOR_FLOAT_UNARY, vectorUnary),
  ...table(SIMD + 0xec, VECTOR_FLOAT_BINARY, vectorBinary),
  ...table(SIMD, { ceil: 0x74, floor: 0x75, nearest: 0x94 }, vectorUnary),
  promoteLowF32x4: single(vectorUnary)(SIMD + 0x5f),
  ...table(SIMD, { relaxedMadd: 0x107, relaxedNmadd: 0x108 }, ternary),
} as const;

/** Bulk memory operations, in bytes. */
export const memory = {
  /** Copies `length` bytes; the regions may overlap. */
  copy: (to: Operand<'i32'>, from: Operand<'i32'>, length: Operand<'i32'>): Statement =>
    value('void', codeOf('i32', to), codeOf('i32', from), codeOf('i32', length), opcodeBytes(BULK + 0x0a), [0, 0]),
  /** Sets `length` bytes to one value. */
  fill: (to: Operand<'i32'>, byte: Operand<'i32'>, length: Operand<'i32'>): Statement =>
    value('void', codeOf('i32', to), codeOf('i32', byte), codeOf('i32', length), opcodeBytes(BULK + 0x0b), [0]),
} as const;

/** Returns a if the condition is not 0, otherwise b; both are evaluated. */
export function select<T extends ValueType>(condition: Operand<'i32'>, a: Value<T>, b: Value<T>): Value<T> {
  return value(a.type, a.code, b.code, codeOf('i32', condition), [0x1b]);
}

/** Returns the smaller of two signed integers. An operand may be evaluated twice: pass constants, locals or loads. */
export const smaller = (a: Value<'i32'>, b: Value<'i32'>): Value<'i32'> => select(i32.ltS(a, b), a, b);

/** Returns the larger of two signed integers. An operand may be evaluated twice: pass constants, locals or loads. */
export const larger = (a: Value<'i32'>, b: Value<'i32'>): Value<'i32'> => select(i32.gtS(a, b), a, b);
