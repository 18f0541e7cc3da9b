/** What the engine's WebAssembly can do, found by validating a function that uses it, and what the host lets it do. */

import { f32x4 } from './instructions.ts';
import { type FunctionBuilder, ModuleBuilder } from './module-builder.ts';
import { HostRefusal, webAssembly } from './web-assembly.ts';

export interface Features {
  /** Vectors of 128 bits, in code that the host compiles: without them there are no kernels in WebAssembly. */
  readonly simd: boolean;
  /** Multiply-add that may round once. */
  readonly relaxedSimd: boolean;
  /** Atomic instructions and memory shared between threads. */
  readonly threads: boolean;
  /** Why there are no kernels in WebAssembly, where there are none. */
  readonly reason: string | undefined;
}

let found: Features | undefined;

/** The engine's features; looked for once. */
export function features(): Features {
  found ??= look();
  return found;
}

function look(): Features {
  const one = f32x4.const(1);
  const vectors = probe(false, (f) => f.drop(f32x4.add(one, one)));
  const reason = webAssembly === undefined ? 'no WebAssembly' : isValid(vectors) ? refusalOf(vectors) : 'no SIMD';
  return {
    simd: reason === undefined,
    relaxedSimd: reason === undefined && isValid(probe(false, (f) => f.drop(f32x4.relaxedMadd(one, one, one)))),
    // Atomic instructions came with shared memory.
    threads: reason === undefined && typeof SharedArrayBuffer !== 'undefined' && isValid(probe(true, () => {})),
    reason,
  };
}

function probe(shared: boolean, body: (f: FunctionBuilder) => void): ModuleBuilder {
  const module = new ModuleBuilder({ shared });
  module.define('probe', {}, body);
  return module;
}

const isValid = (module: ModuleBuilder): boolean => webAssembly!.validate(module.toBytes());

/** What the host says to a valid module: a page's policy, or a server's, may forbid what the engine can do. */
function refusalOf(module: ModuleBuilder): string | undefined {
  try {
    module.compile();
    return undefined;
  } catch (error) {
    if (error instanceof HostRefusal) return error.message;
    throw error;
  }
}
