/** A host that refuses what WebAssembly needs, until the test has finished or `relent` is called. */

import { onTestFinished } from 'vitest';
import { type WasmMemory, type WasmMemoryDescriptor, webAssembly } from '../../src/wasm/assembler/web-assembly.ts';

const { Memory, Module } = webAssembly!;
const prototype = Memory.prototype as WasmMemory;
const { grow } = prototype;

export function relent(): void {
  Object.assign(webAssembly!, { Memory, Module });
  Object.assign(prototype, { grow });
}

/** Lets `refusal` throw before something is constructed. */
function refusing<A>(target: new (argument: A) => object, refusal: (argument: A) => void) {
  onTestFinished(relent);
  return new Proxy(target, {
    construct(_, [argument]) {
      refusal(argument);
      return new target(argument);
    },
  });
}

/** Compiles so many modules more, and no other. */
export function refuseToCompile(after = 0): void {
  let left = after;
  const refusal = (): void => {
    if (left-- > 0) return;
    throw Object.assign(new Error('Wasm code generation disallowed by embedder'), { name: 'CompileError' });
  };
  Object.assign(webAssembly!, { Module: refusing(Module, refusal) });
}

/** Makes no memory that `refuses`, and notes for which it was asked. */
export function refuseMemory(refuses: (descriptor: WasmMemoryDescriptor) => boolean): WasmMemoryDescriptor[] {
  const asked: WasmMemoryDescriptor[] = [];
  const refusal = (descriptor: WasmMemoryDescriptor): void => {
    asked.push(descriptor);
    if (refuses(descriptor)) throw new RangeError('could not allocate memory');
  };
  Object.assign(webAssembly!, { Memory: refusing(Memory, refusal) });
  return asked;
}

/** Lets no memory grow by more than so many pages, of those that are shared or of all; gives how often that was refused. */
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
