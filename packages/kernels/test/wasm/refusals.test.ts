/**
 * Hosts that refuse to compile WebAssembly or to allocate its memory, from the start or later: every primitive still
 * works.
 */

import {
  callPrimitive,
  createDefault,
  createWasm,
  type Kernels,
  NdArray,
  plain,
  primitives,
  windowedExtension,
} from '@tapegrad/kernels';
import { type Case, casesOf, checkCase, inputsOf } from '@tapegrad/kernels/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { webAssembly } from '../../src/wasm/assembler/web-assembly.ts';
import { sampledCases } from '../sampled-cases.ts';
import { refuseGrowth, refuseMemory, refuseToCompile, relent } from './refusing-host.ts';

afterEach(() => void vi.restoreAllMocks());

const complaintsOf = (kernels: Kernels<NdArray>, cases: readonly Case[]): string[] =>
  cases.flatMap((c) => checkCase(kernels, c) ?? []);

/** Imports all modules again, so that nothing is known about the engine yet. */
async function freshly(): Promise<typeof import('@tapegrad/kernels')> {
  vi.resetModules();
  return import('@tapegrad/kernels');
}

describe('a host that does not compile', () => {
  test('from the start gets plain loops, and is told why', async () => {
    refuseToCompile();
    const kernels = (await freshly()).createDefault();
    const reason = 'the host does not compile WebAssembly (CompileError: Wasm code generation disallowed by embedder)';
    expect(kernels.engine).toMatchObject({ interpreter: 'plain', simd: false, relaxedSimd: false, threads: 1, reason });
    expect([...kernels.add(number(2), number(3)).data]).toEqual([5]);
  });

  test('is an error where WebAssembly is asked for', async () => {
    refuseToCompile();
    const { createWasm } = await freshly();
    expect(() => createWasm()).toThrow('createWasm: the host does not compile WebAssembly (CompileError: ');
  });

  test.each(primitives)('any more when %s is first called gets plain loops', (primitive) => {
    const kernels = createWasm({ threads: 1 });
    refuseToCompile();
    expect(complaintsOf(kernels, casesOf(primitive).slice(-20))).toEqual([]);
    // Primitives that only move elements or use integers are never compiled.
    expect(kernels.engine.interpreter === 'plain').toBe(kernels.engine.reason !== undefined);
  });

  test('any more lets nothing of it remain', () => {
    const kernels = createWasm({ threads: 1 });
    kernels.exp(number(1));
    refuseToCompile();
    kernels.add(number(1), number(1));
    expect(kernels.engine).toMatchObject({ interpreter: 'plain', simd: false, relaxedSimd: false, threads: 1 });
    kernels.engine.setThreads(2);
    expect(kernels.engine.threads).toBe(1);
    expect(kernels.exp(number(1)).data).toEqual(plain.exp(number(1)).data);
    const bare = createDefault({ threads: 1 });
    bare.add(number(1), number(1));
    bare.engine.register(windowedExtension);
    expect(complaintsOf(bare, casesOf('unfold').slice(0, 20))).toEqual([]);
  });

  test('any more changes arrays in place by primitives', () => {
    const kernels = createWasm({ threads: 1 });
    refuseToCompile();
    const w = Float64Array.of(1, 2);
    kernels.changeInPlace(
      (k, { w, g }, { rate }) => ({ w: k.sub(w, k.mul(rate, g)) }),
      { w, g: Float64Array.of(2, 4) },
      { rate: 0.5 },
    );
    expect([...w]).toEqual([0, 0]);
    expect(kernels.engine.interpreter).toBe('plain');
  });

  test('whose engine finds the module invalid: a mistake in a kernel, and no refusal', () => {
    const kernels = createWasm({ threads: 1 });
    refuseToCompile();
    vi.spyOn(webAssembly!, 'validate').mockReturnValue(false);
    expect(() => kernels.add(number(1), number(1))).toThrow('Wasm code generation disallowed by embedder');
  });
});

const number = (value: number): NdArray => new NdArray(Float64Array.of(value), 'float64', [1]);

const filled = (...shape: number[]): NdArray => {
  const size = shape.reduce((product, length) => product * length, 1);
  return new NdArray(
    Float32Array.from({ length: size }, (_, i) => ((i * 37) % 19) - 9),
    'float32',
    shape,
  );
};

describe('a host that has no more memory', () => {
  test.each(primitives)('%s computes all the same', (primitive) => {
    const kernels = createWasm({ threads: 1 });
    refuseGrowth();
    expect(complaintsOf(kernels, sampledCases(primitive))).toEqual([]);
    expect(kernels.engine.interpreter).toBe('wasm');
  });

  const of = { windows: [0, 1].map(() => ({ size: 3, stride: 1, dilation: 1, padding: [1, 1] as const })), groups: 1 };

  test.each([
    ['matmul', [filled(300, 900), filled(900, 300)], undefined],
    ['affine', [filled(300, 900), filled(900, 300), filled(300)], undefined],
    ['conv', [filled(2, 16, 64, 64), filled(16, 16, 3, 3)], of],
  ] as const)('computes a large %s, and the next one in WebAssembly again', (primitive, operands, attributes) => {
    const kernels = createWasm({ threads: 1 });
    const expected = callPrimitive(plain, primitive, operands, attributes);
    const run = () => callPrimitive(kernels, primitive, operands, attributes).data;
    refuseGrowth();
    // Memory reserved before the refusal must be released, or there will be none left for the small array.
    for (let i = 0; i < 3; i++) expect(run()).toEqual(expected.data);
    expect(kernels.engine.reason).toContain('the host has no memory left for WebAssembly (RangeError');
    relent();
    expect(run()).toEqual(expected.data);
    expect(kernels.engine.interpreter).toBe('wasm');
  });

  test('at all gets plain loops', () => {
    refuseMemory(() => true);
    const { engine } = createDefault();
    expect(engine).toMatchObject({ interpreter: 'plain', threads: 1 });
    expect(engine.reason).toContain('the host has no memory left for WebAssembly (RangeError: could not allocate');
    expect(() => createWasm()).toThrow('the host has no memory left');
  });
});

test('nothing was refused where nothing is', () => {
  const kernels = createWasm({ threads: 1 });
  for (const primitive of primitives)
    for (const c of casesOf(primitive).slice(0, 5)) callPrimitive(kernels, c.primitive, inputsOf(c), c.attributes);
  expect(kernels.engine).toMatchObject({ interpreter: 'wasm', reason: undefined });
});
