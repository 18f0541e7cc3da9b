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

/**
 * Something that a program can do without, and that the host does not give: leave to compile code, as a page's policy or a server's
 * may forbid it, or memory. Whoever sees one does the work in another way.
 */
export class HostRefusal extends Error {
  readonly what: 'code' | 'memory';
  /** Whether it was for several threads: one may get what they do not. */
  readonly shared: boolean;

  constructor(what: 'code' | 'memory', shared: boolean, error?: unknown) {
    const refused =
      what === 'code' ? 'the host compiles no WebAssembly' : 'the host has no memory left for WebAssembly';
    super(error === undefined ? refused : `${refused} (${String(error)})`);
    this.what = what;
    this.shared = shared;
  }
}

/** Compiles a module at once. Throws a `HostRefusal` where the host does not let it, though the module is valid. */
export function compileModule(bytes: Uint8Array, shared: boolean): WasmModule {
  if (webAssembly === undefined) throw new HostRefusal('code', shared);
  try {
    return new webAssembly.Module(bytes);
  } catch (error) {
    // An invalid module is a mistake in a kernel, which must not pass for the host's refusal.
    if (!webAssembly.validate(bytes)) throw error;
    throw new HostRefusal('code', shared, error);
  }
}

/** The functions of a compiled module over a memory, as in a thread that was sent both; typed by the caller, who wrote them. */
export function instantiate<Exports>(module: WasmModule, memory: WasmMemory, shared = false): Exports {
  if (webAssembly === undefined) throw new HostRefusal('code', shared);
  try {
    return new webAssembly.Instance(module, { env: { memory } }).exports as Exports;
  } catch (error) {
    // By its name, since the engine's may be the class of another realm.
    if (nameOf(error) === 'RangeError') throw new HostRefusal('memory', shared, error);
    throw error;
  }
}

const nameOf = (error: unknown): unknown => (error as { readonly name?: unknown } | null)?.name;
