/**
 * The host facilities available synchronously: its number of cores and, in Node, built-in modules. Built-in modules are
 * not imported, since browsers lack them.
 */

/** A worker thread with its own event loop. */
interface HostWorker {
  postMessage(message: unknown): void;
  terminate(): void;
}

/** A worker of Node, or of a host that implements part of Node's interface. */
export interface NodeWorker extends HostWorker {
  unref?(): void;
  readonly performance?: { eventLoopUtilization?(): { readonly idle: number; readonly active: number } };
  on(event: 'online' | 'exit', listener: () => void): void;
  on(event: 'error', listener: (error: unknown) => void): void;
}

export interface PageWorker extends HostWorker {
  onerror: ((event: { readonly message?: string; preventDefault(): void }) => void) | null;
}

interface Builtins {
  'node:os': { availableParallelism(): number };
  'node:worker_threads': {
    readonly Worker?: new (source: string, options: Readonly<Record<string, unknown>>) => NodeWorker;
    readonly SHARE_ENV: unknown;
  };
  'node:v8': { setFlagsFromString(flags: string): void };
  'node:buffer': { isAscii?(bytes: Uint8Array): boolean };
}

/** The parts of Node's `process` that this package uses. */
interface HostProcess {
  readonly versions?: Readonly<Record<string, string | undefined>>;
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly execArgv?: readonly string[];
  emitWarning?(message: string, type: string): void;
  getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined;
}

interface Globals {
  readonly process?: HostProcess;
  readonly performance?: { now(): number };
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

const host = globalThis as Globals;

/** Returns the time in milliseconds since a fixed point. */
export const now = (): number => (host.performance ?? Date).now();

/** Returns Node's `process`, or that of a host that imitates it. */
export const hostProcess = (): HostProcess | undefined => host.process;

/** Returns a built-in Node module, or undefined if the host has none. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  try {
    return host.process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}

/** Returns whether the host is Node itself. Deno and Bun, which imitate it, also report a Node version. */
export function isNode(): boolean {
  const versions = host.process?.versions;
  return versions?.['node'] !== undefined && versions['deno'] === undefined && versions['bun'] === undefined;
}

/** Returns the number of cores that this process may use, or 1 if the host doesn't report it. */
export const availableCores = (): number =>
  counted(() => builtin('node:os')?.availableParallelism()) ?? counted(() => host.navigator?.hardwareConcurrency) ?? 1;

function counted(count: () => number | undefined): number | undefined {
  try {
    const cores = count();
    return cores !== undefined && Number.isSafeInteger(cores) && cores > 0 ? cores : undefined;
  } catch {
    return undefined;
  }
}

/** Returns an error's message, or a thrown non-error as a string. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
