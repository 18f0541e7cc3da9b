/**
 * Type-level arithmetic on axis lengths, digit by digit. It handles integers of any size, unlike tuple lengths. An
 * unknown length, `number`, gives an unknown result.
 */

import type { Shape } from '@tapegrad/kernels';

/** Maps each digit to a tuple of that length. */
interface Unary {
  0: [];
  1: [0];
  2: [0, 0];
  3: [0, 0, 0];
  4: [0, 0, 0, 0];
  5: [0, 0, 0, 0, 0];
  6: [0, 0, 0, 0, 0, 0];
  7: [0, 0, 0, 0, 0, 0, 0];
  8: [0, 0, 0, 0, 0, 0, 0, 0];
  9: [0, 0, 0, 0, 0, 0, 0, 0, 0];
}

type Ten = [...Unary[9], 0];
type Digit = '0' | '1' | '2' | '3' | '4' | '5' | '6' | '7' | '8' | '9';
type Zeros = readonly 0[];
type Count<D> = D extends `${infer N extends keyof Unary}` ? Unary[N] : [];

/** The entries of `T`, repeated as many times as `Each` has entries. */
type Repeated<T extends Zeros, Each extends Zeros, Out extends Zeros = []> = Each extends [
  0,
  ...infer Others extends Zeros,
]
  ? Repeated<T, Others, [...Out, ...T]>
  : Out;

/** The digits of a number, least significant first. */
type Digits<N extends number> = FromText<`${N}`, []>;
type FromText<S extends string, Out extends readonly Digit[]> = S extends `${infer D extends Digit}${infer Rest}`
  ? FromText<Rest, [D, ...Out]>
  : S extends ''
    ? Out
    : never;

type Text<D extends readonly unknown[], S extends string = ''> = D extends readonly [
  infer First extends string,
  ...infer Rest,
]
  ? Text<Rest, `${First}${S}`>
  : S;
type Trimmed<S extends string> = S extends `0${infer Rest}` ? (Rest extends '' ? S : Trimmed<Rest>) : S;
/** The number that has the digits `D`; `number` if `D` is `never`. */
type Value<D> = [D] extends [never]
  ? number
  : D extends readonly unknown[]
    ? Trimmed<Text<D>> extends `${infer N extends number}`
      ? N
      : number
    : number;

/** The ones digit and the tens digit of a count below 100. */
type Carried<T extends Zeros> = `${T['length']}` extends `${infer Tens extends Digit}${infer Ones extends Digit}`
  ? [Ones, Tens]
  : [`${T['length']}`, '0'];

type Sum<A, B, Carry = '0'> = A extends readonly [infer X, ...infer As]
  ? B extends readonly [infer Y, ...infer Bs]
    ? Carried<[...Count<X>, ...Count<Y>, ...Count<Carry>]> extends [infer D, infer C]
      ? [D, ...Rest<Sum<As, Bs, C>>]
      : never
    : Sum<A, ['0'], Carry>
  : B extends readonly [unknown, ...unknown[]]
    ? Sum<['0'], B, Carry>
    : Carry extends '0'
      ? []
      : [Carry];
type Rest<T> = T extends readonly unknown[] ? T : never;

type Scaled<A, D, Carry = '0'> = A extends readonly [infer X, ...infer As]
  ? Carried<[...Repeated<Count<X>, Count<D>>, ...Count<Carry>]> extends [infer Ones, infer Tens]
    ? [Ones, ...Rest<Scaled<As, D, Tens>>]
    : never
  : Carry extends '0'
    ? []
    : [Carry];

type Multiplied<A, B> = B extends readonly [infer D, ...infer Bs]
  ? Sum<Scaled<A, D>, ['0', ...Rest<Multiplied<A, Bs>>]>
  : [];

/** The digits of a difference; `never` if it is negative. */
type Difference<A, B, Borrow extends Zeros = []> = A extends readonly [infer X, ...infer As]
  ? B extends readonly [infer Y, ...infer Bs]
    ? Count<X> extends [...Count<Y>, ...Borrow, ...infer D extends Zeros]
      ? [`${D['length']}`, ...Rest<Difference<As, Bs>>]
      : [...Ten, ...Count<X>] extends [...Count<Y>, ...Borrow, ...infer D extends Zeros]
        ? [`${D['length']}`, ...Rest<Difference<As, Bs, [0]>>]
        : never
    : Difference<A, ['0'], Borrow>
  : B extends readonly [infer Y, ...infer Bs]
    ? Y extends '0'
      ? Difference<A, Bs, Borrow>
      : never
    : Borrow extends []
      ? []
      : never;

/** Divides a count by a divisor: the digit of the quotient, and the remainder. */
type Split<T, Divisor extends Zeros, Times extends Zeros = []> = T extends [...Divisor, ...infer Left extends Zeros]
  ? Split<Left, Divisor, [...Times, 0]>
  : [`${Times['length']}`, T];

/** Long division by a single digit, most significant digit first. */
type Divided<
  S extends string,
  Divisor extends Zeros,
  Left extends Zeros,
  Out extends string,
> = S extends `${infer D extends Digit}${infer Following}`
  ? Split<[...Repeated<Left, Ten>, ...Count<D>], Divisor> extends [infer Q extends string, infer R extends Zeros]
    ? Divided<Following, Divisor, R, `${Out}${Q}`>
    : never
  : Trimmed<Out> extends `${infer N extends number}`
    ? N
    : number;

/** The sum a + b. */
export type Plus<A extends number, B extends number> = number extends A | B ? number : Value<Sum<Digits<A>, Digits<B>>>;

/** The difference a - b; `number` if it is negative. */
export type Minus<A extends number, B extends number> = number extends A | B
  ? number
  : Value<Difference<Digits<A>, Digits<B>>>;

/** The product a b. */
export type Times<A extends number, B extends number> = number extends A | B
  ? number
  : Value<Multiplied<Digits<A>, Digits<B>>>;

/** The quotient a / b, rounded down; `number` unless b is from 1 to 9. */
export type Quotient<A extends number, B extends number> = number extends A | B
  ? number
  : `${B}` extends Exclude<Digit, '0'>
    ? Divided<`${A}`, Count<`${B}`>, [], ''>
    : number;

/** The product of all axis lengths. */
export type Size<S extends Shape> = S extends readonly [infer First extends number, ...infer Others extends Shape]
  ? Times<First, Size<Others>>
  : S extends readonly []
    ? 1
    : number;
