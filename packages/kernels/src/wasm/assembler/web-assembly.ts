/**
 * The part of the WebAssembly JavaScript interface that this package uses. It is typed here because TypeScript ships
 * it only in its `DOM` library, which neither Node programs nor this package load.
 */

/** A compiled module. It can be sent to a worker, which then instantiates it without compiling again. */
export interface WasmModule {
  readonly [Symbol.toStringTag]: string;
}

/** A linear memory, in pages of 64 KiB. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer | SharedArrayBuffer;
  /** Adds pages, and detaches the views of a buffer that is not shared. Returns the previous number of pages. */
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

/** The engine's WebAssembly, or `undefined` if it has none. */
export const webAssembly = (globalThis as { readonly WebAssembly?: WebAssemblyInterface }).WebAssembly;

/**
 * Thrown when the host refuses memory, or refuses to compile code, as a page's or a server's policy may forbid it. Code
 * that catches this error does the work in another way.
 */
export class HostRefusal extends Error {
  readonly what: 'code' | 'memory';
  /** Whether the refused resource was for several threads; the host may still grant it to one thread. */
  readonly shared: boolean;

  constructor(what: 'code' | 'memory', shared: boolean, error?: unknown) {
    const refused =
      what === 'code' ? 'the host does not compile WebAssembly' : 'the host has no memory left for WebAssembly';
    super(error === undefined ? refused : `${refused} (${String(error)})`);
    this.what = what;
    this.shared = shared;
  }
}

/**
 * Compiles a module synchronously. Throws a `HostRefusal` if the host does not allow it although the module is valid.
 */
export function compileModule(bytes: Uint8Array, shared: boolean): WasmModule {
  if (webAssembly === undefined) throw new HostRefusal('code', shared);
  try {
    return new webAssembly.Module(bytes);
  } catch (error) {
    // An invalid module is a bug in a kernel, and must not be reported as a refusal.
    if (!webAssembly.validate(bytes)) throw error;
    throw new HostRefusal('code', shared, error);
  }
}

/** Instantiates a compiled module over a memory. The caller supplies the type of the module's exports. */
export function instantiate<Exports>(module: WasmModule, memory: WasmMemory, shared = false): Exports {
  if (webAssembly === undefined) throw new HostRefusal('code', shared);
  try {
    return new webAssembly.Instance(module, { env: { memory } }).exports as Exports;
  } catch (error) {
    // Compared by name, since the engine's error class may belong to another realm.
    if (nameOf(error) === 'RangeError') throw new HostRefusal('memory', shared, error);
    throw error;
  }
}

const nameOf = (error: unknown): unknown => (error as { readonly name?: unknown } | null)?.name;
