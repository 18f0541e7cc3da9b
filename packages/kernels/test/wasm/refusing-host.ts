/** A host that refuses resources to WebAssembly, until the test has finished or `relent` is called. */

import { onTestFinished } from 'vitest';
import { type WasmMemory, type WasmMemoryDescriptor, webAssembly } from '../../src/wasm/assembler/web-assembly.ts';

const { Memory, Module } = webAssembly!;
const prototype = Memory.prototype as WasmMemory;
const { grow } = prototype;

export function relent(): void {
  Object.assign(webAssembly!, { Memory, Module });
  Object.assign(prototype, { grow });
}

/** Calls `refusal`, which may throw, before each construction. */
function refusing<A>(target: new (argument: A) => object, refusal: (argument: A) => void) {
  onTestFinished(relent);
  return new Proxy(target, {
    construct(_, [argument]) {
      refusal(argument);
      return new target(argument);
    },
  });
}

/** Compiles only this many more modules. */
export function refuseToCompile(after = 0): void {
  let left = after;
  const refusal = (): void => {
    if (left-- > 0) return;
    throw Object.assign(new Error('Wasm code generation disallowed by embedder'), { name: 'CompileError' });
  };
  Object.assign(webAssembly!, { Module: refusing(Module, refusal) });
}

/** Refuses to create a memory if `refuses` returns true, and records all requests. */
export function refuseMemory(refuses: (descriptor: WasmMemoryDescriptor) => boolean): WasmMemoryDescriptor[] {
  const asked: WasmMemoryDescriptor[] = [];
  const refusal = (descriptor: WasmMemoryDescriptor): void => {
    asked.push(descriptor);
    if (refuses(descriptor)) throw new RangeError('could not allocate memory');
  };
  Object.assign(webAssembly!, { Memory: refusing(Memory, refusal) });
  return asked;
}

/** Refuses to grow any memory, or any shared one, by more than this many pages; returns the number of refusals. */
export function refuseGrowth({ most = 0, shared = false } = {}): () => number {
  onTestFinished(relent);
  let refused = 0;
  prototype.grow = function (this: WasmMemory, pages) {
    const isMeant = !shared || this.buffer instanceof SharedArrayBuffer;
    if (!isMeant || pages <= most) return grow.call(this, pages);
    refused++;
    throw new RangeError('Unable to grow instance memory');
  };
  return () => refused;
}
