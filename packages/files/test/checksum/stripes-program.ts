/** The program of the WebAssembly module of XXH64, which the package contains in assembled form. */

import {
  codeOf,
  i32,
  i64,
  loader,
  type Operand,
  storer,
  type Value,
  value,
} from '../../../kernels/src/wasm/assembler/instructions.ts';
import { ModuleBuilder } from '../../../kernels/src/wasm/assembler/module-builder.ts';

const PRIME_1 = 0x9e3779b185ebca87n;
const PRIME_2 = 0xc2b2ae3d27d4eb4fn;
const ACCUMULATORS = [0, 1, 2, 3] as const;

const load = loader('i64', 0x29, 3);
const store = storer('i64', 0x37, 3);
const rotate = (word: Operand<'i64'>, bits: number): Value<'i64'> =>
  value('i64', codeOf('i64', word), codeOf('i64', bits), [0x89]);

/** One round: multiplies 8 bytes by a prime, adds them to an accumulator, rotates it and multiplies by another prime. */
const round = (accumulator: Operand<'i64'>, word: Operand<'i64'>): Value<'i64'> =>
  i64.mul(rotate(i64.add(accumulator, i64.mul(word, PRIME_2)), 31), PRIME_1);

/**
 * Assembles `stripes(from, end)`. It runs one round for each 8 bytes between two addresses, in stripes of 32 bytes, one
 * word for each of the four accumulators at address 0.
 */
export function assembleStripes(): Uint8Array {
  const module = new ModuleBuilder();
  module.define('stripes', { from: 'i32', end: 'i32' }, (f, { from, end }) => {
    const accumulators = ACCUMULATORS.map((i) => f.let(load(0, 8 * i)));
    f.while(i32.ltS(from, end), () => {
      accumulators.forEach((accumulator, i) => {
        f.set(accumulator, round(accumulator, load(from, 8 * i)));
      });
      f.advance(from, 32);
    });
    accumulators.forEach((accumulator, i) => {
      f.run(store(0, accumulator, 8 * i));
    });
  });
  return module.toBytes();
}
