/**
 * Detects which features of WebAssembly the engine supports, by validating functions that use them, and which of these
 * the host allows.
 */

import { f32x4 } from './instructions.ts';
import { type FunctionBuilder, ModuleBuilder } from './module-builder.ts';
import { HostRefusal, webAssembly } from './web-assembly.ts';

export interface Features {
  /** Whether the host compiles code with 128-bit vectors; without them there are no WebAssembly kernels. */
  readonly simd: boolean;
  /** Whether there is a multiply-add instruction that may round once. */
  readonly relaxedSimd: boolean;
  /** Whether there are atomic instructions and memory shared between threads. */
  readonly threads: boolean;
  /** The reason why there are no WebAssembly kernels, if there are none. */
  readonly reason: string | undefined;
}

let found: Features | undefined;

/** Returns the engine's features, detected once. */
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
    // Every engine with shared memory has atomic instructions.
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

/**
 * Returns the reason why the host refuses a valid module, if it does. A page's or a server's policy may forbid what
 * the engine supports.
 */
function refusalOf(module: ModuleBuilder): string | undefined {
  try {
    module.compile();
    return undefined;
  } catch (error) {
    if (error instanceof HostRefusal) return error.message;
    throw error;
  }
}
