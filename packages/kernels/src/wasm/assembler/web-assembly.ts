/**
 * The part of the WebAssembly JavaScript interface that this package uses, typed here because TypeScript ships it only
 * with its library `DOM`, which neither Node programs nor this package load.
 */

/** A compiled module. It can be sent to a worker, which then instantiates it without compiling again. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** A linear memory of pages of 64 KiB. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages; every view of a buffer that is not shared is detached. Returns the former number of pages. */
  grow(pages: number): number;
}

export interface WasmInstance {
  readonly exports: Readonly<Record<string, unknown>>;
}

export interface WasmMemoryDescriptor {
  readonly initial: number;
  readonly maximum?: number;
  readonly shared?: boolean;
}

interface WebAssemblyInterface {
  readonly Module: new (bytes: Uint8Array) => WasmModule;
  readonly Instance: new (
    module: WasmModule,
    imports?: Readonly<Record<string, Readonly<Record<string, unknown>>>>,
  ) => WasmInstance;
  readonly Memory: new (descriptor: WasmMemoryDescriptor) => WasmMemory;
  readonly validate: (bytes: Uint8Array) => boolean;
}

/** The engine's WebAssembly, `undefined` where it has none. */
export const webAssembly = (globalThis as { readonly WebAssembly?: WebAssemblyInterface }).WebAssembly;
