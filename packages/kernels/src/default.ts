/** Chooses the default interpreter: the fastest that the engine supports and the host permits. */

import { prepareVectors, switchVectors } from '#vectors';
import { commonLoops } from './plain/common.ts';
import { features } from './wasm/assembler/features.ts';
import type { VectorBits } from './wasm/assembler/vector-width.ts';
import { HostRefusal } from './wasm/assembler/web-assembly.ts';
import { absent, createBare, type ExtensibleKernels, type WasmKernels, type WasmOptions } from './wasm.ts';

/** Creates the plain interpreter without registered extensions, and records the reason for using it. */
function createBarePlain(reason: string): ExtensibleKernels {
  const kernels: ExtensibleKernels = {
    ...absent,
    ...commonLoops,
    engine: {
      interpreter: 'plain',
      simd: false,
      relaxedSimd: false,
      vectorBits: 0,
      threads: 1,
      reason,
      setThreads() {},
      register: (extension) => Object.assign(kernels, extension.loops(kernels)),
    },
  };
  return kernels;
}

/**
 * Creates the fastest interpreter that the engine supports and the host permits. It has its own memory and no extensions
 * until they are registered. Its `engine` says which interpreter it is, and why it isn't a faster one.
 */
export function createDefault(options?: WasmOptions): WasmKernels | ExtensibleKernels {
  const { reason } = features();
  if (reason !== undefined) return createBarePlain(reason);
  try {
    prepareVectors();
    return createBare('createDefault', options);
  } catch (error) {
    if (error instanceof HostRefusal) return createBarePlain(error.message);
    throw error;
  }
}

/**
 * Sets the width of vectors for all interpreters that are created from now on. The bits of results don't depend on the
 * width.
 *
 * A width of 256 is tested first: if a kernel gives other results than with 128, the width stays 128, and a warning
 * names the kernel. Throws if `bits` is neither 128 nor 256, or if the engine has no vectors of 256 bits. `call` is
 * named in the error.
 */
export function setVectorBits(call: string, bits: VectorBits): void {
  switchVectors(call, bits);
}
