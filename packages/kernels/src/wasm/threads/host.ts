/** What the host lends at once: its number of cores, and in Node its modules, which a page lacks and so are not imported. */

/** A thread with an event loop of its own. */
interface HostWorker {
  postMessage(message: unknown): void;
  terminate(): void;
}

/** A worker of Node, and of hosts that have some of Node's interface. */
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
}

interface Globals {
  readonly process?: {
    readonly versions?: Readonly<Record<string, string | undefined>>;
    getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined;
  };
  readonly navigator?: { readonly hardwareConcurrency?: number };
}

const host = globalThis as Globals;

/** A module of Node, where there is one. */
export function builtin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  try {
    return host.process?.getBuiltinModule?.(name);
  } catch {
    return undefined;
  }
}

/** Whether the host is Node itself, and not one that has some of its interface: Deno and Bun call themselves Node, too. */
export function isNode(): boolean {
  const versions = host.process?.versions;
  return versions?.['node'] !== undefined && versions['deno'] === undefined && versions['bun'] === undefined;
}

/** The cores that this process may use, as far as the host tells. */
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

/** What an error says, or what was thrown in the place of one. */
export const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));
