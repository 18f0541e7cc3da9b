/**
 * What the host lends: its number of cores, and workers, in Node and in a page.
 *
 * A worker's program is a string, so that there is no file for a bundler to miss. Node's modules are asked for when
 * they are needed and where there are any, so that nothing is imported that a page lacks.
 */

/** A thread with an event loop of its own. */
export interface HostWorker {
  postMessage(message: unknown): void;
  terminate(): void;
}

interface NodeWorker extends HostWorker {
  unref(): void;
  on(event: 'error', listener: () => void): void;
}

interface PageWorker extends HostWorker {
  onerror: ((event: { preventDefault(): void }) => void) | null;
}

interface Builtins {
  'node:os': { availableParallelism(): number };
  'node:worker_threads': {
    readonly Worker: new (source: string, options: Readonly<Record<string, unknown>>) => NodeWorker;
    readonly SHARE_ENV: unknown;
  };
}

/** What this file uses of the globals of Node and of a page, which has less, or more. */
interface Host {
  readonly process?: { getBuiltinModule?<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined };
  readonly navigator?: { readonly hardwareConcurrency?: number };
  readonly Worker?: new (url: string) => PageWorker;
  readonly Blob?: new (parts: readonly string[], options: { readonly type: string }) => object;
  readonly URL?: { createObjectURL(blob: object): string };
}

const host = globalThis as Host;

const builtin = <Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined =>
  host.process?.getBuiltinModule?.(name);

/** The cores that this process may use. */
export const availableCores = (): number =>
  builtin('node:os')?.availableParallelism() ?? host.navigator?.hardwareConcurrency ?? 1;

/** For a program: where its messages come from, in Node and in a page. */
export const workerPort = `(globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? globalThis)`;

/**
 * Starts a worker, which does not hold the process. Throws where the host has none or refuses; a worker that fails
 * later fails silently: it was help, and is not missed.
 */
export function startWorker(source: string): HostWorker {
  const threads = builtin('node:worker_threads');
  if (threads !== undefined) {
    // It needs none of the options that its parent was started with: loaders, or another type of module.
    const worker = new threads.Worker(source, { eval: true, execArgv: [], env: threads.SHARE_ENV });
    worker.on('error', () => {});
    worker.unref();
    return worker;
  }
  const { Worker, Blob, URL } = host;
  if (Worker === undefined || Blob === undefined || URL === undefined) throw new Error('startWorker: no workers here');
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onerror = (event) => event.preventDefault();
  return worker;
}
