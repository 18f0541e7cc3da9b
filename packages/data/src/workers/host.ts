/**
 * Workers of the host: those of Node's `worker_threads`, or web workers. Node's modules are not imported, since they
 * don't exist in pages.
 */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';

/** The URL of a module: a `URL` object of any host. */
export interface ModuleUrl {
  readonly href: string;
}

/** A worker of Node's `worker_threads`. */
export interface NodeWorker {
  postMessage(message: unknown): void;
  terminate(): unknown;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'error' | 'messageerror', listener: (error: Error) => void): unknown;
  on(event: 'exit', listener: (code: number) => void): unknown;
  ref(): unknown;
  unref(): unknown;
}

/** A web worker. */
export interface WebWorker {
  postMessage(message: unknown): void;
  terminate(): void;
  addEventListener(type: 'message' | 'messageerror', listener: (event: { readonly data: unknown }) => void): void;
  addEventListener(
    type: 'error',
    listener: (event: { readonly message?: string; preventDefault(): void }) => void,
  ): void;
}

/** The channel on which a worker receives messages from its loader and answers. */
interface Port {
  postMessage(message: unknown, transfer: ArrayBuffer[]): void;
  listen(listener: (message: unknown) => void): void;
}

interface Threads {
  readonly Worker?: new (url: ModuleUrl) => NodeWorker;
  readonly parentPort?: {
    postMessage(message: unknown, transfer: ArrayBuffer[]): void;
    on(event: 'message', listener: (message: unknown) => void): void;
  } | null;
}

interface Globals {
  readonly process?: { getBuiltinModule?(name: 'node:worker_threads'): Threads | undefined };
  readonly Worker?: new (url: ModuleUrl, options: { readonly type: 'module' }) => WebWorker;
  readonly WorkerGlobalScope?: unknown;
  readonly postMessage?: (message: unknown, transfer: ArrayBuffer[]) => void;
  readonly addEventListener?: (type: 'message', listener: (event: { readonly data: unknown }) => void) => void;
}

const host = globalThis as unknown as Globals;

const threads = (): Threads | undefined => host.process?.getBuiltinModule?.('node:worker_threads');

/** Starts a worker that runs a module. */
export function startModule(module: ModuleUrl): NodeWorker | WebWorker {
  if (host.Worker !== undefined) return new host.Worker(module, { type: 'module' });
  const { Worker } = threads() ?? {};
  if (Worker !== undefined) return new Worker(module);
  throw new ArgumentError('DataLoader: this host has no workers; leave out { workers }');
}

/** Returns the port to the thread that started this worker; `undefined` if this thread is not a worker. */
export function parentPort(): Port | undefined {
  const { parentPort: port } = threads() ?? {};
  if (port !== undefined && port !== null) {
    return {
      postMessage: (message, transfer) => port.postMessage(message, transfer),
      listen: (listener) => port.on('message', listener),
    };
  }
  const { WorkerGlobalScope, postMessage, addEventListener } = host;
  if (WorkerGlobalScope === undefined || postMessage === undefined || addEventListener === undefined) return undefined;
  return {
    postMessage: (message, transfer) => postMessage.call(globalThis, message, transfer),
    listen: (listener) => addEventListener.call(globalThis, 'message', ({ data }) => listener(data)),
  };
}

/** Callbacks for the events of a worker, the same in all hosts. */
export interface WorkerEvents {
  message(message: unknown): void;
  /** Called when the worker has ended, or had an uncaught error. */
  end(reason: string): void;
}

/** A worker with the same interface in all hosts. */
export interface StartedWorker {
  post(message: unknown): void;
  /** Sets whether the process must stay alive for this worker. */
  hold(isBusy: boolean): void;
  end(): void;
}

const messageOf = (error: unknown): string => (error instanceof Error ? error.message : String(error));

/** Registers callbacks for the events of a worker. */
export function listenTo(worker: NodeWorker | WebWorker, events: WorkerEvents): StartedWorker {
  if (typeof (worker as Partial<NodeWorker>)?.on === 'function') {
    const node = worker as NodeWorker;
    node.on('message', (message) => events.message(message));
    node.on('messageerror', (error) => events.end(messageOf(error)));
    node.on('error', (error) => events.end(messageOf(error)));
    node.on('exit', (code) => events.end(`it ended with exit code ${code}`));
    return {
      post: (message) => node.postMessage(message),
      hold: (isBusy) => (isBusy ? node.ref() : node.unref()),
      end: () => node.terminate(),
    };
  }
  if (typeof (worker as Partial<WebWorker>)?.addEventListener !== 'function') {
    throw new ArgumentError(`DataLoader: expected 'start' to return a Worker, got ${describeValue(worker)}`);
  }
  const web = worker as WebWorker;
  web.addEventListener('message', ({ data }) => events.message(data));
  web.addEventListener('messageerror', () => events.end('a message could not be read'));
  web.addEventListener('error', (event) => {
    event.preventDefault();
    events.end(event.message || 'its module could not be loaded');
  });
  return {
    post: (message) => web.postMessage(message),
    hold: () => {},
    end: () => web.terminate(),
  };
}
