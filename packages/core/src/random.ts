import {
  ArgumentError,
  checkShape,
  type Data,
  DTypeError,
  DynamicScope,
  type FloatDType,
  isFloat,
  NdArray,
  newData,
  type Shape,
  sizeOf,
} from '@tapegrad/kernels';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus, xoroshiro128plusFromState } from 'pure-rand/generator/xoroshiro128plus';
import { describeValue, marked, markOf } from './checks/describe-value.ts';
import { checkOptions, countArguments } from './checks/untyped-callers.ts';
import { Tensor } from './tensor.ts';
import { tracing } from './tracing.ts';

/** The state of a generator: four 32-bit integers, as plain data. */
export type RandomState = readonly [number, number, number, number];

/** The options of a random draw. */
export interface RandomOptions {
  /** The dtype. Defaults to float32. */
  readonly dtype?: FloatDType;
}

/** Maps generators to the states that they had at some time. */
export type RandomStates = ReadonlyMap<Random, RandomState>;

/**
 * The generators that have drawn numbers since the watched function began to run, each with its state before its first
 * draw.
 */
const drawn = new DynamicScope<Map<Random, RandomState> | undefined>(undefined);

/**
 * Runs a function. Returns its result, and the generators that drew numbers during the call, each with its state before
 * its first draw.
 */
export function watchDraws<R>(body: () => R): readonly [result: R, before: RandomStates] {
  const outer = drawn.current;
  const own = new Map<Random, RandomState>();
  try {
    return [drawn.run(own, body), own];
  } finally {
    if (outer !== undefined) for (const [random, state] of own) if (!outer.has(random)) outer.set(random, state);
  }
}

/** Runs a function with the given states of generators, and afterwards restores the states that they had before. */
export function withStates<R>(states: RandomStates, body: () => R): R {
  const before = [...states.keys()].map((random) => [random, random.state] as const);
  for (const [random, state] of states) randomAccess.setState(random, state);
  try {
    return body();
  } finally {
    for (const [random, state] of before) randomAccess.setState(random, state);
  }
}

/** Draws a tensor with the given additional leading axes. */
type Draw = (lead: Shape) => Tensor;

/**
 * Handles random draws inside `vmap`, where tensors represent each example of a batch. `number` handles a draw that
 * returns a plain number: it throws unless all examples can share the number.
 */
export interface Drawing {
  tensor(call: string, draw: Draw): Tensor;
  number(call: string): void;
}

/** The current handler of draws; `undefined` outside `vmap`. */
export const drawing = new DynamicScope<Drawing | undefined>(undefined);

export interface UniformOptions extends RandomOptions {
  /** The lower bound. Defaults to 0. */
  readonly low?: number;
  /** The upper bound, which is excluded. Defaults to 1. */
  readonly high?: number;
}

/**
 * A source of random bits. Written out here so that declaration files don't need the types of the package that
 * implements it.
 */
export interface RandomBits {
  clone(): RandomBits;
  /** Returns the next 32 bits as an integer. */
  next(): number;
  getState(): readonly number[];
}

/** The internals of a generator that functions in other files need. */
export interface RandomAccess {
  bits(random: Random): RandomBits;
  /** Draws a tensor of floats with `write`, which fills an array of any length. */
  fill<S extends Shape>(
    random: Random,
    call: string,
    shape: S,
    dtype: FloatDType | undefined,
    write: (data: Data, bits: RandomBits) => void,
  ): Tensor<S>;
  /** Draws a tensor with `make`, which fills any shape. */
  draw<S extends Shape>(random: Random, call: string, shape: S, make: (shape: Shape) => Tensor): Tensor<S>;
  /** Sets the state of a generator. Unlike the setter, works even while a function is traced. */
  setState(random: Random, state: RandomState): void;
}

export let randomAccess: RandomAccess;

const randomMark = markOf('a generator of random numbers');

/**
 * A seeded generator of random tensors. The same seed gives the same bits on every engine. The exception is `normal`,
 * which uses logarithms and cosines; engines may round these differently in the last digit. Nothing in tapegrad is
 * random except through such a generator.
 *
 * The bits come from xoroshiro128+ (Blackman and Vigna).
 *
 * @example
 * const random = new Random(42);
 * random.normal([2, 3]).shape; // [2, 3]
 */
export class Random {
  #bits;

  static {
    randomAccess = {
      bits: (random) => random.#bits,
      fill: (random, ...rest) => random.#fill(...rest),
      draw: (random, call, shape, make) => random.#draw(call, shape, make),
      setState: (random, state) => random.#setState(state),
    };
  }

  /** The description of the generator in messages. */
  get [marked](): object {
    return randomMark;
  }

  /**
   * @param seed A 32-bit integer.
   */
  constructor(seed: number) {
    if (!Number.isInteger(seed) || seed < -(2 ** 31) || seed >= 2 ** 32) {
      throw new ArgumentError(`Random: the seed is ${seed}, expected an integer of 32 bits`);
    }
    this.#bits = xoroshiro128plus(seed);
    // The first outputs of neighboring seeds are similar, so they are skipped.
    for (let i = 0; i < 16; i++) this.#bits.next();
  }

  /** The state of the generator. Setting it back to an earlier state repeats the draws that followed that state. */
  get state(): RandomState {
    return [...this.#bits.getState()] as unknown as RandomState;
  }

  set state(state: RandomState) {
    tracing.current?.refuse('state', 'it sets the state of a generator, which a compiled program does not repeat');
    this.#setState(state);
  }

  #setState(state: RandomState): void {
    const isList = Array.isArray(state) || ArrayBuffer.isView(state);
    const words: readonly number[] = isList ? Array.from(state) : [];
    if (words.length !== 4 || !words.every(Number.isInteger) || words.every((word) => word === 0)) {
      const got = isList ? `[${words.map((word) => describeValue(word)).join(',')}]` : describeValue(state);
      throw new ArgumentError(`Random: expected a state of four integers, not all 0, got ${got}`);
    }
    this.#bits = xoroshiro128plusFromState(words);
  }

  /** Draws one number from 0 up to but not including 1. */
  next(): number {
    drawing.current?.number('next');
    tracing.current?.refuse('next', 'it draws a number in JavaScript; draw a tensor');
    this.#beforeDraw();
    return uniformFloat64(this.#bits);
  }

  /** Prepares for a draw. Each draw must call this once. */
  #beforeDraw(): void {
    if (drawn.current !== undefined && !drawn.current.has(this)) drawn.current.set(this, this.state);
  }

  /**
   * Draws a tensor with `make`, which fills any shape. Inside `vmap` with different draws for each example, each
   * example gets its own draw.
   */
  #draw<S extends Shape>(call: string, shape: S, make: (shape: Shape) => Tensor): Tensor<S> {
    checkShape(call, shape);
    const draw = (lead: Shape): Tensor => {
      this.#beforeDraw();
      const whole = [...lead, ...shape];
      const trace = tracing.current;
      return trace === undefined ? make(whole) : new Tensor(trace.draw(call, this, () => make(whole).array));
    };
    return (drawing.current?.tensor(call, draw) ?? draw([])) as Tensor<S>;
  }

  /** Draws uniformly distributed numbers from `low` up to but not including `high`. */
  uniform<const S extends Shape>(shape: S, options?: UniformOptions): Tensor<S> {
    checkShape('uniform', shape);
    checkOptions('uniform', options, ['low', 'high', 'dtype']);
    const { low = 0, high = 1, dtype } = options ?? {};
    if (!(low <= high && Number.isFinite(high - low))) {
      throw new ArgumentError(`uniform: expected finite bounds low <= high, got ${low} and ${high}`);
    }
    return this.#fill('uniform', shape, dtype, (data, bits) => {
      const [first, end] = data instanceof Float32Array ? [Math.fround(low), Math.fround(high)] : [low, high];
      for (let i = 0; i < data.length; i++) {
        // Repeats the draw if rounding gives the upper bound, which is excluded.
        do data[i] = low + (high - low) * uniformFloat64(bits);
        while (data[i]! >= end && first !== end);
      }
    });
  }

  #fill<S extends Shape>(
    call: string,
    shape: S,
    dtype: FloatDType = 'float32',
    write: (data: Data, bits: RandomBits) => void,
  ): Tensor<S> {
    if (!isFloat(dtype)) throw new DTypeError(`${call}: expected dtype float32 or float64, got ${dtype}`);
    return this.#draw(call, shape, (whole) => {
      const data: Data = newData(dtype, sizeOf(whole));
      write(data, this.#bits);
      return new Tensor(new NdArray(data, dtype, whole));
    });
  }
}

countArguments(Random.prototype);
