import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { features } from '../../src/wasm/assembler/features.ts';
import { HostRefusal } from '../../src/wasm/assembler/web-assembly.ts';
import { Heap } from '../../src/wasm/memory/heap.ts';
import { refuseGrowth, refuseMemory } from './refusing-host.ts';

describe('heap', () => {
  test('pieces are aligned and apart, and views reach them after growth', () => {
    const heap = new Heap();
    const before = heap.f32;
    const pieces = [100, 1, 64, 3_000_000, 65].map((bytes) => ({ bytes, pointer: heap.allocate(bytes) }));
    expect(before.length).toBe(0);
    pieces.forEach(({ pointer, bytes }, i) => {
      heap.u8.fill(i + 1, pointer, pointer + bytes);
    });
    pieces.forEach(({ pointer, bytes }, i) => {
      expect(pointer % 64).toBe(0);
      expect(heap.u8.subarray(pointer, pointer + bytes).every((byte) => byte === i + 1)).toBe(true);
    });
    heap.f64[8] = 1.5;
    expect([heap.f32[17], heap.i32[17]]).toEqual([1.9375, 0x3ff80000]);
  });

  test('the stack gives back what a mark covers, across chunks', () => {
    const heap = new Heap();
    const bottom = heap.mark();
    const first = heap.reserve(100);
    const mark = heap.mark();
    const second = heap.reserve(1 << 20);
    const third = heap.reserve(1 << 22);
    heap.release(mark);
    expect([heap.reserve(1 << 20), heap.reserve(1 << 22)]).toEqual([second, third]);
    heap.release(bottom);
    expect(heap.reserve(100)).toBe(first);
  });

  test('pieces in use never overlap', () => {
    const sizes = fc.array(fc.record({ bytes: fc.nat(200_000), action: fc.nat(2) }), { maxLength: 60 });
    fc.assert(
      fc.property(sizes, (steps) => {
        const heap = new Heap();
        const live: [number, number][] = [];
        const apart = (pointer: number, bytes: number) =>
          live.every(([other, length]) => pointer + bytes <= other || other + length <= pointer);
        const marks: { mark: number; live: number }[] = [];
        const stack: [number, number][] = [];
        for (const { bytes, action } of steps) {
          if (action === 0) {
            const pointer = heap.allocate(bytes);
            expect(apart(pointer, bytes)).toBe(true);
            live.push([pointer, bytes]);
          }
          if (action === 1) {
            marks.push({ mark: heap.mark(), live: stack.length });
            const pointer = heap.reserve(bytes);
            expect(apart(pointer, bytes)).toBe(true);
            expect(stack.every(([other, length]) => pointer + bytes <= other || other + length <= pointer)).toBe(true);
            stack.push([pointer, bytes]);
          }
          const last = action === 2 ? marks.pop() : undefined;
          if (last !== undefined) {
            heap.release(last.mark);
            stack.length = last.live;
          }
        }
      }),
      { numRuns: 60 },
    );
  });

  test.runIf(features().threads)('may be shared between threads', () => {
    const heap = new Heap({ shared: true });
    const pointer = heap.allocate(5_000_000);
    expect(heap.memory.buffer).toBeInstanceOf(SharedArrayBuffer);
    heap.f32[pointer / 4 + 1_000_000] = 2;
    expect(new Float32Array(heap.memory.buffer)[pointer / 4 + 1_000_000]).toBe(2);
  });

  test('memory that runs out is a refusal', () => {
    const heap = new Heap();
    expect(() => heap.allocate(2 ** 31)).toThrow(HostRefusal);
    expect(() => heap.allocate(2 ** 31)).toThrow('the host has no memory left for WebAssembly (RangeError: ');
    expect(heap.allocate(64)).toBeGreaterThan(0);
  });

  test('what was reserved by who did not come to the end is taken back', () => {
    const heap = new Heap();
    const first = heap.reserve(100);
    heap.reserve(1 << 20);
    expect(() => heap.reserve(2 ** 31)).toThrow(HostRefusal);
    heap.clear();
    expect(heap.reserve(100)).toBe(first);
  });

  describe('where the host has less memory', () => {
    const MiB = 2 ** 20;

    test.each([false, ...(features().threads ? [true] : [])])('tries smaller maxima, shared: %s', (shared) => {
      const asked = refuseMemory(({ maximum }) => maximum! * 65_536 > 300 * MiB);
      const heap = new Heap({ shared });
      expect(asked.map(({ maximum }) => maximum! / 16)).toEqual([2048, 1024, 512, 256]);
      expect(heap.mostBytes).toBe(256 * MiB);
      heap.allocate(200 * MiB);
      expect(() => heap.allocate(100 * MiB)).toThrow(HostRefusal);
      expect(heap.allocate(40 * MiB)).toBeGreaterThan(0);
    });

    test('gives up where a small one is refused', () => {
      const asked = refuseMemory(() => true);
      expect(() => new Heap()).toThrow('the host has no memory left for WebAssembly (RangeError: could not allocate');
      expect(asked.at(-1)!.maximum! / 16).toBe(64);
    });

    test('grows by what is needed where more is refused', () => {
      const heap = new Heap();
      heap.allocate(40 * MiB);
      refuseGrowth({ most: 17 });
      expect(heap.allocate(MiB)).toBeGreaterThan(0);
      expect(heap.reserve(MiB)).toBeGreaterThan(0);
      expect(() => heap.allocate(2 * MiB)).toThrow(HostRefusal);
    });
  });
});
