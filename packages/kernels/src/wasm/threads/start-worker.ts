/**
 * Starts workers, in Node and in browsers. A worker's script is a string, so that there is no file for a bundler to
 * miss.
 */

import { builtin, isNode, messageOf, type NodeWorker, type PageWorker } from './host.ts';

/** The browser globals for starting workers; Node has some of them, too. */
interface Page {
  readonly Worker?: new (url: string) => PageWorker;
  readonly Blob?: new (parts: readonly string[], options: { readonly type: string }) => object;
  readonly URL?: { createObjectURL(blob: object): string };
}

/** For a worker script: the source of its incoming messages, in Node and in browsers. */
export const workerPort = `(globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? globalThis)`;

/** The state of a worker, as far as it is known. */
export type WorkerState = 'running' | 'ended' | 'unknown';

/** A started worker. */
export interface StartedWorker {
  /** Sends a message. Throws if it can't be sent. */
  post(message: unknown): void;
  state(): WorkerState;
  end(): void;
}

/**
 * Starts a worker, which does not keep the process alive. Throws if the host has no workers or refuses one. If the
 * worker fails later or does not start, `onEnd` is called with the reason once the event loop runs.
 */
export function startWorker(source: string, onEnd: (reason: string) => void): StartedWorker {
  const threads = builtin('node:worker_threads');
  if (threads?.Worker === undefined) return startPageWorker(source, onEnd);
  // The worker needs none of its parent's options, such as loaders or another module type.
  const worker = new threads.Worker(source, { eval: true, execArgv: [], env: threads.SHARE_ENV });
  const known = { online: false, ended: false };
  const end = (reason: string): void => {
    if (known.ended) return;
    known.ended = true;
    onEnd(reason);
  };
  worker.on('online', () => {
    known.online = true;
  });
  worker.on('error', (error) => end(messageOf(error)));
  worker.on('exit', () => end('a worker has ended'));
  worker.unref?.();
  return {
    post: (message) => worker.postMessage(message),
    state: () => (known.ended ? 'ended' : stateOf(worker, known.online)),
    end: () => worker.terminate(),
  };
}

/**
 * Returns a worker's state without waiting for an event, for which this thread's event loop would have to run. In Node,
 * the state is unknown until the worker's own loop has run. Deno lacks this query, and in Bun it gets no answer.
 * Workers of these hosts are assumed to run, and so are workers that are online but give no answer.
 */
function stateOf(worker: NodeWorker, isOnline: boolean): WorkerState {
  if (!isNode()) return 'running';
  try {
    const loop = worker.performance?.eventLoopUtilization?.();
    if (loop === undefined) return 'running';
    if (loop.idle < 0) return 'ended';
    return loop.active > 0 || isOnline ? 'running' : 'unknown';
  } catch {
    return 'running';
  }
}

function startPageWorker(source: string, onEnd: (reason: string) => void): StartedWorker {
  const { Worker, Blob, URL } = globalThis as unknown as Page;
  if (Worker === undefined || Blob === undefined || URL === undefined) throw new Error('the host has no workers');
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  let state: WorkerState = 'running';
  // If a page's policy forbids workers, this event is the only sign, and its message is empty.
  worker.onerror = (event) => {
    event.preventDefault();
    if (state === 'ended') return;
    state = 'ended';
    onEnd(event.message || 'the page does not allow workers');
  };
  return {
    post: (message) => worker.postMessage(message),
    state: () => state,
    end: () => worker.terminate(),
  };
}
