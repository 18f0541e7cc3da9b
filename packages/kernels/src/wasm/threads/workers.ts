/**
 * Workers, in Node and in a page. A worker's program is a string, so that there is no file for a bundler to miss.
 */

import { builtin, type HostWorker, type NodeWorker } from './host.ts';

interface PageWorker extends HostWorker {
  onerror: ((event: { preventDefault(): void }) => void) | null;
}

/** What a page has for workers; Node has some of it, too. */
interface Page {
  readonly Worker?: new (url: string) => PageWorker;
  readonly Blob?: new (parts: readonly string[], options: { readonly type: string }) => object;
  readonly URL?: { createObjectURL(blob: object): string };
}

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
  const { Worker, Blob, URL } = globalThis as Page;
  if (Worker === undefined || Blob === undefined || URL === undefined) throw new Error('startWorker: no workers here');
  const url = URL.createObjectURL(new Blob([source], { type: 'text/javascript' }));
  const worker = new Worker(url);
  worker.onerror = (event) => event.preventDefault();
  return worker;
}

/**
 * What is known of a worker at once, before its end is told, for which its parent's event loop has to turn. In Node that is
 * nothing before the loop has turned for the first time since the worker began; of a page's workers it is assumed that they run.
 */
export function stateOf(worker: HostWorker): 'running' | 'ended' | 'unknown' {
  const loop = (worker as Partial<NodeWorker>).performance?.eventLoopUtilization();
  if (loop === undefined) return 'running';
  if (loop.idle < 0) return 'ended';
  return loop.active > 0 ? 'running' : 'unknown';
}
