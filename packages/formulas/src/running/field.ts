/** Numbers modulo a prime, for which equality is exact. */

import { hashOf } from './random.ts';

/**
 * Thrown for an expression without a value, such as a division by zero or the root of a nonsquare. Another draw of the
 * data may have one.
 */
export class NoValue extends Error {
  override readonly name = 'NoValue';
}

/** Thrown for an operation that has no meaning modulo a prime, such as rounding. */
export class NotExact extends Error {
  override readonly name = 'NotExact';
}

/** Primes p = 2 q + 1, with q prime and p = 3 modulo 4. Products of two residues are exact in float64. */
export const primes = [67108187, 67107983, 67107539, 67107323, 67106903, 67106099, 67104803, 67104743] as const;

/** A lower bound for log2 of the primes. */
export const primeBits = 25.999;

/**
 * Arithmetic modulo p.
 *
 * A function that isn't a polynomial, such as exp, is replaced by a random one with the properties that formulas use.
 * Equal arguments have equal values, and the relations between values at opposite arguments hold.
 */
export class Field {
  readonly p: number;
  readonly #seed: number;

  constructor(p: number, seed: number) {
    this.p = p;
    this.#seed = seed;
  }

  add(a: number, b: number): number {
    const sum = a + b;
    return sum >= this.p ? sum - this.p : sum;
  }

  sub(a: number, b: number): number {
    return a >= b ? a - b : a - b + this.p;
  }

  neg(a: number): number {
    return a === 0 ? 0 : this.p - a;
  }

  mul(a: number, b: number): number {
    return (a * b) % this.p;
  }

  pow(a: number, exponent: number): number {
    let [base, left, result] = [a, exponent, 1];
    while (left > 0) {
      if (left % 2 === 1) result = this.mul(result, base);
      base = this.mul(base, base);
      left = Math.floor(left / 2);
    }
    return result;
  }

  inverse(a: number): number {
    if (a === 0) throw new NoValue('a division by zero');
    let [r, newR, t, newT] = [this.p, a, 0, 1];
    while (newR !== 0) {
      const quotient = Math.floor(r / newR);
      [t, newT] = [newT, t - quotient * newT];
      [r, newR] = [newR, r - quotient * newR];
    }
    return t < 0 ? t + this.p : t;
  }

  div(a: number, b: number): number {
    return this.mul(a, this.inverse(b));
  }

  /** Whether a number is a square. Squares take the role of positive numbers, because products of squares are squares. */
  isSquare(a: number): boolean {
    return a !== 0 && this.pow(a, (this.p - 1) / 2) === 1;
  }

  /** Returns the square root that is itself a square. Throws `NoValue` if there is no root. */
  sqrt(a: number): number {
    if (a === 0) return 0;
    const root = this.pow(a, (this.p + 1) / 4);
    if (this.mul(root, root) !== a) throw new NoValue('the square root of a non-square');
    return this.isSquare(root) ? root : this.p - root;
  }

  /** Converts a decimal number exactly to a number modulo p. */
  number(value: number): number {
    if (!Number.isFinite(value)) throw new NotExact('an infinity');
    const [mantissa = '0', exponent = '0'] = String(Math.abs(value)).split('e');
    const [whole = '0', decimals = ''] = mantissa.split('.');
    let digits = 0;
    for (const digit of whole + decimals) digits = this.add(this.mul(digits, 10), Number(digit));
    const shift = Number(exponent) - decimals.length;
    const ten = this.pow(10, Math.abs(shift));
    const result = shift >= 0 ? this.mul(digits, ten) : this.div(digits, ten);
    return value < 0 ? this.neg(result) : result;
  }

  /** Returns the random number that belongs to a name, never 0. */
  drawn(name: string): number {
    const high = hashOf(name, this.#seed) % (this.p - 1);
    return high + 1;
  }

  /** Returns the value of an unknown function. */
  unknown(fn: string, a: number): number {
    return this.drawn(`${fn} of ${a}`);
  }

  /** Chooses one of a and -a, the same one for either argument. Returns it, and whether it is a. */
  #canonical(a: number): [number, boolean] {
    const opposite = this.neg(a);
    return a <= opposite ? [a, true] : [opposite, false];
  }

  /** Returns the value of an odd function that is otherwise unknown. */
  odd(fn: string, a: number): number {
    if (a === 0) return 0;
    const [argument, isOwn] = this.#canonical(a);
    const value = this.unknown(fn, argument);
    return isOwn ? value : this.neg(value);
  }

  /** Returns a value with exp(-a) = 1/exp(a) and exp(0) = 1. It is a square, as a positive number is. */
  exp(a: number): number {
    if (a === 0) return 1;
    const [argument, isOwn] = this.#canonical(a);
    const root = this.unknown('exp', argument);
    const value = this.mul(root, root);
    this.#logarithms.set(value, argument);
    const inverse = this.inverse(value);
    this.#logarithms.set(inverse, this.neg(argument));
    return isOwn ? value : inverse;
  }

  readonly #logarithms = new Map<number, number>([[1, 0]]);

  /** Returns a value with log exp(a) = a and log(1/a) = -log a. */
  log(a: number): number {
    if (a === 0) throw new NoValue('a logarithm of zero');
    const known = this.#logarithms.get(a);
    if (known !== undefined) return known;
    const inverse = this.inverse(a);
    return a < inverse ? this.unknown('log', a) : this.neg(this.unknown('log', inverse));
  }

  sigmoid(a: number): number {
    const e = this.exp(a);
    return this.div(e, this.add(1, e));
  }

  tanh(a: number): number {
    const e = this.exp(a);
    const square = this.mul(e, e);
    return this.div(this.sub(square, 1), this.add(square, 1));
  }

  /** Returns [sin a, cos a], with sin^2 + cos^2 = 1. */
  sinCos(a: number): [number, number] {
    const t = this.odd('tan of half', a);
    const square = this.mul(t, t);
    const whole = this.add(1, square);
    return [this.div(this.mul(2, t), whole), this.div(this.sub(1, square), whole)];
  }
}
