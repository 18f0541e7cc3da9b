/**
 * Loops over consecutive vectors, whose neighbours an engine can join into vectors of 256 bits: in each iteration, all
 * loads precede the stores, and neighbours are loaded and stored with the same pointer.
 */

import { i32, type Operand, type Statement, type Value, v128 } from './instructions.ts';
import type { FunctionBuilder, Local } from './module-builder.ts';
import { minJoinedBytes, vectorBits } from './vector-width.ts';

/**
 * Emits a loop over the vectors of `bytes` bytes: first `abreast` vectors per iteration, then one at a time. `body`
 * gets the offset of an iteration's first vector, and the number of vectors. The last vector may extend past the end.
 */
export function forVectors(
  f: FunctionBuilder,
  bytes: Local<'i32'>,
  abreast: 2 | 4,
  body: (at: Local<'i32'>, count: number) => void,
): void {
  const whole = f.let(i32.and(bytes, -16 * abreast));
  f.for(0, whole, 16 * abreast, (at) => body(at, abreast));
  f.for(whole, bytes, 16, (at) => body(at, 1));
}

/**
 * Emits code that processes `bytes` bytes. If the engine joins vectors, emits it twice: with `isJoined` for large arrays, and
 * without for small ones, which gain less than it takes to clear the registers afterwards (`settleVectors`).
 */
export function bySize(f: FunctionBuilder, bytes: Value<'i32'>, emit: (isJoined: boolean) => void): void {
  if (vectorBits() === 128) emit(true);
  else {
    f.if(
      i32.geS(bytes, minJoinedBytes()),
      () => emit(true),
      () => emit(false),
    );
  }
}

/** Loads `count` neighbouring vectors. */
export const loadVectors = (f: FunctionBuilder, from: Operand<'i32'>, count: number): Local<'v128'>[] =>
  Array.from({ length: count }, (_, i) => f.let(v128.load(from, 16 * i)));

/**
 * Stores neighbouring vectors. With `isJoined`, an engine may join them; otherwise each store has its own pointer,
 * which prevents joining.
 *
 * The upper vector of each pair is stored first. Otherwise, V8 would store the lower vector of a joined pair a second
 * time, to keep the effect of a store that fails halfway.
 */
export function storeVectors(
  f: FunctionBuilder,
  to: Local<'i32'>,
  vectors: readonly Value<'v128'>[],
  isJoined: boolean,
): void {
  const sharesPointer = isJoined || vectorBits() === 128;
  const stores = vectors.map((vector, i) =>
    sharesPointer || i === 0 ? v128.store(to, vector, 16 * i) : v128.store(f.let(i32.add(to, 16 * i)), vector),
  );
  f.run(...upperFirst(stores));
}

/** Swaps the two stores of each pair. */
export const upperFirst = (stores: readonly Statement[]): Statement[] =>
  stores.map((store, i) => stores[i % 2 === 0 ? i + 1 : i - 1] ?? store);
