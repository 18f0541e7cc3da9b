import { allocate, NdArray, Recycler, zeroed } from '@tapegrad/kernels';
import { expect, test } from 'vitest';

const length = 5000;
const make = (): NdArray => new NdArray(allocate('float64', length), 'float64', [length]);
const view = ({ data }: NdArray): NdArray => new NdArray(data, 'float64', [1]);

/** Whether the memory of an array is given out again. */
function isGivenOut(array: NdArray): boolean {
  const taken = Array.from({ length: 50 }, () => allocate('float64', length).buffer);
  return taken.includes(array.data.buffer);
}

test('what was made on the way to a result is handed back, the result is not', () => {
  const recycler = new Recycler();
  let onTheWay: NdArray | undefined;
  const result = recycler.run(() => {
    onTheWay = make();
    return make();
  });
  expect(isGivenOut(onTheWay!)).toBe(true);
  expect(isGivenOut(result)).toBe(false);
});

test('a result is handed back after its last holder, and views count', () => {
  const recycler = new Recycler();
  const result = recycler.run(make);
  recycler.hold(result);
  recycler.hold(view(result));
  recycler.release(result);
  expect(isGivenOut(result)).toBe(false);
  recycler.release(view(result));
  expect(isGivenOut(result)).toBe(true);
});

test('what a recycler did not make is never handed back', () => {
  const recycler = new Recycler();
  const [before, other] = [make(), new Recycler().run(make)];
  for (const array of [before, other, recycler.run(() => before)]) {
    recycler.hold(array);
    recycler.release(array);
    expect(isGivenOut(array)).toBe(false);
  }
});

test('a recycler that runs within another keeps its result', () => {
  const [outer, inner] = [new Recycler(), new Recycler()];
  let kept: NdArray | undefined;
  outer.run(() => {
    kept = inner.run(make);
    return make();
  });
  expect(isGivenOut(kept!)).toBe(false);
});

test('zeroed memory is zero, whatever was handed back', () => {
  const recycler = new Recycler();
  const array = recycler.run(make);
  array.data.fill(Number.NaN);
  recycler.hold(array);
  recycler.release(array);
  expect(zeroed('float64', length).every((value) => value === 0)).toBe(true);
});

test('what was let out is never handed back, whoever releases it', () => {
  const recycler = new Recycler();
  const array = recycler.run(make);
  recycler.hold(array);
  recycler.letOut(array);
  recycler.hold(array);
  recycler.release(array);
  recycler.release(array);
  expect(isGivenOut(array)).toBe(false);
});
