/** What the host lends at once: its number of cores, and in Node its modules, which a page lacks and so are not imported. */

/** A thread with an event loop of its own. */
export interface HostWorker {
  postMessage(message: unknown): void;
  terminate(): void;
}

export interface NodeWorker extends HostWorker {
  unref(): void;
  readonly performance: { eventLoopUtilization(): { readonly idle: number; readonly active: number } };
  on(event: 'error', listener: () => void): void;
}

interface Builtins {
  'node:os': { availableParallelism(): number };
  'node:worker_threads': {
    readonly Worker: new (source: string, options: Readonly<Record<string, unknown>>) => NodeWorker;
    readonly SHARE_ENV: unknown;
  };
}

interface Globals {
  readonly process?: { getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined };
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

const host = globalThis as Globals;

/** A module of Node, where there is one. */
export const builtin = <Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined =>
  host.process?.getBuiltinModule?.(name);

/** The cores that this process may use. */
export const availableCores = (): number =>
  builtin('node:os')?.availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1;
