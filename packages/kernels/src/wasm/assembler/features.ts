/** What the engine's WebAssembly can do, found by validating a function that uses it. */

import { f32x4 } from './instructions.ts';
import { type FunctionBuilder, ModuleBuilder } from './module-builder.ts';
import { webAssembly } from './web-assembly.ts';

export interface Features {
  /** Vectors of 128 bits: without them there are no kernels in WebAssembly. */
  readonly simd: boolean;
  /** Multiply-add that may round once. */
  readonly relaxedSimd: boolean;
  /** Atomic instructions and memory shared between threads. */
  readonly threads: boolean;
}

let found: Features | undefined;

/** The engine's features; looked for once. */
export function features(): Features {
  const one = f32x4.const(1);
  found ??= {
    simd: validates(false, (f) => f.drop(f32x4.add(one, one))),
    relaxedSimd: validates(false, (f) => f.drop(f32x4.relaxedMadd(one, one, one))),
    // Atomic instructions came with shared memory.
    threads: typeof SharedArrayBuffer !== 'undefined' && validates(true, () => {}),
  };
  return found;
}

function validates(shared: boolean, body: (f: FunctionBuilder) => void): boolean {
  if (webAssembly === undefined) return false;
  const module = new ModuleBuilder({ shared });
  module.define('probe', {}, body);
  return webAssembly.validate(module.toBytes());
}
