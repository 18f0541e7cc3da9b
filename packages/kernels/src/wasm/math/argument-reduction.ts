/** Reduces a large argument modulo pi, using only the bits of 1 / pi that affect the result (Payne and Hanek). */

import { f64, i32, i64, select, type Value } from '../assembler/instructions.ts';
import type { FunctionBuilder, Local } from '../assembler/module-builder.ts';
import { FORMAT } from './vector-function.ts';

/**
 * The offset of the multiples of pi that are subtracted: 0 for sin (k pi), 1/2 for cos ((k + 1/2) pi), with k an
 * integer.
 */
export type Phase = 0 | 0.5;

const WORDS = 20;

/** Computes floor(2^bits / pi), with pi / 4 = 4 atan(1/5) - atan(1/239) (Machin). */
function inversePi(bits: bigint): bigint {
  const unit = 1n << (bits + 64n);
  const inverseTangent = (n: bigint): bigint => {
    let sum = 0n;
    for (let k = 1n, power = unit / n; power !== 0n; k += 2n, power /= -n * n) sum += power / k;
    return sum;
  };
  return (unit << bits) / (16n * inverseTangent(5n) - 4n * inverseTangent(239n));
}

/** Returns 64-bit words: a word of zeros, then the fractional bits of 1 / pi. */
function inversePiWords(): bigint[] {
  const digits = inversePi(64n * BigInt(WORDS - 1));
  return Array.from({ length: WORDS }, (_, i) => BigInt.asIntN(64, digits >> (64n * BigInt(WORDS - 1 - i))));
}

/** Returns the upper 64 bits of the product of two unsigned words. */
function upperProduct(f: FunctionBuilder, a: Local<'i64'>, b: Local<'i64'>): Local<'i64'> {
  const low = (x: Value<'i64'>) => i64.and(x, 0xffffffff);
  const high = (x: Value<'i64'>) => i64.shrU(x, 32);
  const first = f.let(i64.add(i64.mul(low(a), high(b)), high(i64.mul(low(a), low(b)))));
  const second = f.let(i64.add(i64.mul(high(a), low(b)), low(first)));
  return f.let(i64.add(i64.mul(high(a), high(b)), i64.add(high(first), high(second))));
}

/** Computes x / pi - phase modulo 2 as an unsigned 128-bit fixed-point number whose top bit is the integer part. */
function turns(f: FunctionBuilder, x: Local<'f64'>, phase: Phase) {
  const { mantissaBits, bias } = FORMAT.f64;
  const bits = f.let(i64.reinterpretF64(x));
  const m = f.let(i64.or(i64.and(bits, 2 ** mantissaBits - 1), 2 ** mantissaBits));
  // x = m 2^e. The bit of 1 / pi with weight 2^-e is the first whose product with x need not be a multiple of 2.
  const at = f.let(i32.sub(i32.wrapI64(i64.shrU(bits, mantissaBits)), bias + mantissaBits - 63));
  const index = f.let(i32.shrU(at, 6));
  const window = [0, 1, 2, 3].map(() => f.local('i64')) as [Local<'i64'>, ...Local<'i64'>[]];
  const word = inversePiWords().reduce<Value<'i64'>>(
    (others, bits, i) => select(i32.eq(index, i), i64.const(bits), others),
    i64.const(0),
  );
  f.for(0, window.length, 1, () => {
    window.forEach((slot, i) => {
      f.set(slot, window[i + 1] ?? word);
    });
    f.advance(index, 1);
  });
  const shift = f.let(i64.extendI32U(at));
  const [w0, w1, w2] = [0, 1, 2].map((i) => {
    const next = i64.shrU(i64.shrU(window[i + 1]!, 1), i64.xor(shift, 63));
    return f.let(i64.or(i64.shl(window[i]!, shift), next));
  }) as [Local<'i64'>, Local<'i64'>, Local<'i64'>];
  const carried = upperProduct(f, m, w2);
  const second = f.let(i64.add(i64.mul(m, w1), carried));
  const carry = i64.extendI32U(i64.ltU(second, carried));
  const first = f.let(i64.add(i64.add(i64.mul(m, w0), upperProduct(f, m, w1)), carry));
  if (phase !== 0) f.set(first, i64.sub(first, 2n ** 62n));
  return { first, second };
}

/** Converts an unsigned integer of at most 52 bits. */
const toFloat = (x: Value<'i64'>): Value<'f64'> => f64.sub(f64.reinterpretI64(i64.or(x, 0x433n << 52n)), 2 ** 52);

/**
 * Reduces a finite x >= 2^16 to x = k pi + r + rest, with k - phase an integer and |r| <= pi / 2. The lowest bit of
 * `odd` equals the lowest bit of k - phase. r is NaN if x is infinite.
 */
export function reduceLarge(f: FunctionBuilder, x: Local<'f64'>, phase: Phase) {
  const { first, second } = turns(f, x, phase);
  // Rounds to the nearest integer: reads the fraction as signed, and adds its sign to the integer part.
  const upper = f.let(i64.or(i64.shl(first, 1), i64.shrU(second, 63)));
  const odd = f.let(i64.shrU(i64.xor(first, upper), 63));
  // The top 32 bits, the next 48 and the next 47, summed from the lowest up into two floats.
  const a = f.let(f64.mul(f64.convertI32S(i32.wrapI64(i64.shrS(upper, 32))), 2 ** -32));
  const middle = i64.or(i64.shl(i64.and(upper, 0xffffffff), 16), i64.and(i64.shrU(second, 47), 0xffff));
  const b = f.let(f64.mul(toFloat(middle), 2 ** -80));
  const c = f64.mul(toFloat(i64.and(second, 2n ** 47n - 1n)), 2 ** -127);
  const sum = f.let(f64.add(a, b));
  const below = f.let(f64.add(f64.sub(b, f64.sub(sum, a)), c));
  const high = f.let(f64.add(sum, below));
  const low = f64.sub(below, f64.sub(high, sum));
  // Multiplies by pi, which is split so that the product of its first 26 bits and the fraction's first 26 bits is
  // exact.
  const [piHigh, piLow] = [3.1415926814079285, -2.7818135228334233e-8];
  const head = f.let(f64.reinterpretI64(i64.and(i64.reinterpretF64(high), -(2n ** 27n))));
  const product = f.let(f64.mul(head, piHigh));
  const tail = f64.add(f64.mul(f64.sub(high, head), piHigh), f64.add(f64.mul(high, piLow), f64.mul(low, Math.PI)));
  const small = f.let(f64.add(tail, f64.sub(x, x)));
  const r = f.let(f64.add(product, small));
  return { odd, r, rest: f.let(f64.sub(small, f64.sub(r, product))) };
}
