import type { Minus, Plus, Quotient, Size, Times } from '@tapegrad/core/extend';
import { describe, expectTypeOf, test } from 'vitest';

describe('lengths are added up, multiplied and divided while typing', () => {
  test('sums', () => {
    expectTypeOf<Plus<0, 0>>().toEqualTypeOf<0>();
    expectTypeOf<Plus<1568, 932>>().toEqualTypeOf<2500>();
    expectTypeOf<Plus<999, 1>>().toEqualTypeOf<1000>();
    expectTypeOf<Plus<7, 12345>>().toEqualTypeOf<12352>();
    expectTypeOf<Plus<number, 1>>().toEqualTypeOf<number>();
  });

  test('differences, unknown below zero', () => {
    expectTypeOf<Minus<1000, 1>>().toEqualTypeOf<999>();
    expectTypeOf<Minus<12, 12>>().toEqualTypeOf<0>();
    expectTypeOf<Minus<105, 5>>().toEqualTypeOf<100>();
    expectTypeOf<Minus<3, 5>>().toEqualTypeOf<number>();
    expectTypeOf<Minus<99, 100>>().toEqualTypeOf<number>();
    expectTypeOf<Minus<1, number>>().toEqualTypeOf<number>();
  });

  test('products', () => {
    expectTypeOf<Times<0, 12>>().toEqualTypeOf<0>();
    expectTypeOf<Times<512, 49>>().toEqualTypeOf<25088>();
    expectTypeOf<Times<99, 99>>().toEqualTypeOf<9801>();
    expectTypeOf<Times<7, 1.5>>().toEqualTypeOf<number>();
    expectTypeOf<Size<readonly []>>().toEqualTypeOf<1>();
    expectTypeOf<Size<readonly [32, 7, 7]>>().toEqualTypeOf<1568>();
    expectTypeOf<Size<readonly [32, number, 7]>>().toEqualTypeOf<number>();
  });

  test('quotients, unknown where the divisor has two digits', () => {
    expectTypeOf<Quotient<0, 2>>().toEqualTypeOf<0>();
    expectTypeOf<Quotient<27, 2>>().toEqualTypeOf<13>();
    expectTypeOf<Quotient<12345, 7>>().toEqualTypeOf<1763>();
    expectTypeOf<Quotient<224, 1>>().toEqualTypeOf<224>();
    expectTypeOf<Quotient<100, 10>>().toEqualTypeOf<number>();
    expectTypeOf<Quotient<100, 0>>().toEqualTypeOf<number>();
  });
});
