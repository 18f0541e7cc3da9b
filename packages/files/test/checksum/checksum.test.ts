import { describe, expect, test } from 'vitest';
import { MODULE, PRIMES, portable, STRIPE_BYTES, stripesFor } from '../../src/checksum/stripes.ts';
import { Checksum } from '../../src/checksum/xxh64.ts';
import { storedJson } from '../stored.ts';
import { assembleStripes } from './stripes-program.ts';
import { sumOf } from './sum-of.ts';

const { xxhash: _, ...stored } = storedJson<Record<string, string>>('checksum/outcomes.json');
const content = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i * i + 7 * i + (i >> 8));

describe('XXH64', () => {
  test('is that of the library for Python', () => {
    const sums = Object.keys(stored).map((length) => [length, sumOf(content(Number(length)))]);
    expect(Object.fromEntries(sums)).toEqual(stored);
  });

  test.each([1, 5, 31, 32, 33, 100, 20_000])('is the same in pieces of %i bytes', (piece) => {
    const bytes = content(piece < 10 ? 1000 : 300_001);
    expect(sumOf(bytes, piece)).toBe(sumOf(bytes));
  });

  test('does not depend on how bytes are aligned', () => {
    const bytes = content(16_384);
    const moved = new Uint8Array(16_390).subarray(3, 3 + bytes.length);
    moved.set(bytes);
    expect(sumOf(moved)).toBe(stored['16384']);
  });

  test('continues after a digest', () => {
    const sum = new Checksum();
    sum.update(content(40));
    sum.digest();
    sum.update(content(64).subarray(40));
    expect(sum.digest()).toBe(stored['64']);
  });
});

describe('the loop over stripes', () => {
  test('is the assembled program', () => {
    expect(MODULE).toBe(Buffer.from(assembleStripes()).toString('base64'));
  });

  test('is the same in JavaScript and in WebAssembly', () => {
    const compiled = stripesFor(1e6);
    expect(compiled).not.toBe(portable);
    const stripes = content(1_000_000);
    stripes.fill(255, 0, 3200);
    const states = [compiled, portable].map((loop) => {
      const state = new Uint8Array(STRIPE_BYTES);
      for (const [i, prime] of PRIMES.slice(0, 4).entries())
        new DataView(state.buffer).setBigUint64(8 * i, prime, true);
      loop(state, stripes);
      return state;
    });
    expect(states[1]).toEqual(states[0]);
  });
});
