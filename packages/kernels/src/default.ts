/** The interpreter that programs get: which of them the engine can run, and the host lets run. */

import { commonLoops } from './plain/common.ts';
import { features } from './wasm/assembler/features.ts';
import { HostRefusal } from './wasm/assembler/web-assembly.ts';
import { absent, createBare, type ExtensibleKernels, type WasmKernels, type WasmOptions } from './wasm.ts';

/** The plain interpreter, without the extensions that programs register, for a reason. */
function createBarePlain(reason: string): ExtensibleKernels {
  const kernels: ExtensibleKernels = {
    ...absent,
    ...commonLoops,
    engine: {
      interpreter: 'plain',
      simd: false,
      relaxedSimd: false,
      threads: 1,
      reason,
      setThreads() {},
      register: (extension) => Object.assign(kernels, extension.loops(kernels)),
    },
  };
  return kernels;
}

/**
 * The fastest interpreter that the engine can run and the host lets run, over a memory of its own; of its extensions it has those
 * that are registered. Its `engine` tells which it is, and why it is no faster one.
 */
export function createDefault(options?: WasmOptions): WasmKernels | ExtensibleKernels {
  const { reason } = features();
  if (reason !== undefined) return createBarePlain(reason);
  try {
    return createBare('createDefault', options);
  } catch (error) {
    if (error instanceof HostRefusal) return createBarePlain(error.message);
    throw error;
  }
}
