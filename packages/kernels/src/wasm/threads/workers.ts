/**
 * Workers, in Node and in a page. A worker's program is a string, so that there is no file for a bundler to miss.
 */

import { builtin, isNode, messageOf, type NodeWorker, type PageWorker } from './host.ts';

/** What a page has for workers; Node has some of it, too. */
interface Page {
  readonly Worker?: new (url: string) => PageWorker;
  readonly Blob?: new (parts: readonly string[], options: { readonly type: string }) => object;
  readonly URL?: { createObjectURL(blob: object): string };
}

/** For a program: where its messages come from, in Node and in a page. */
export const workerPort = `(globalThis.process?.getBuiltinModule?.('node:worker_threads')?.parentPort ?? globalThis)`;

/** What is known of a worker at the moment. */
export type WorkerState = 'running' | 'ended' | 'unknown';

/** A worker that was started. */
export interface StartedWorker {
  /** Throws where the message can't be sent. */
  post(message: unknown): void;
  state(): WorkerState;
  end(): void;
}

/**
 * Starts a worker, which does not hold the process. Throws where the host has none or refuses; where one fails later, or does
 * not start after all, `onEnd` is told why, once the event loop turns.
 */
export function startWorker(source: string, onEnd: (reason: string) => void): StartedWorker {
  const threads = builtin('node:worker_threads');
  if (threads?.Worker === undefined) return startPageWorker(source, onEnd);
  // It needs none of the options that its parent was started with: loaders, or another type of module.
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
 * What Node tells of a worker before its end is an event, for which this thread's event loop has to turn: nothing until the
 * worker's own loop has turned. Deno lacks the question and Bun's answer is always nothing; of their workers, and of those
 * of which there is no answer though they are online, it is assumed that they run.
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
  const { Worker, Blob, URL } = globalThis as Page;
  if (Worker === undefined || Blob === undefined || URL === undefined) throw new Error('the host has no workers');
  const worker = new Worker(URL.createObjectURL(new Blob([source], { type: 'text/javascript' })));
  let state: WorkerState = 'running';
  // A page whose policy lets no worker start tells it by this event, and by no message.
  worker.onerror = (event) => {
    event.preventDefault();
    if (state === 'ended') return;
    state = 'ended';
    onEnd(event.message || 'the page lets no worker start');
  };
  return {
    post: (message) => worker.postMessage(message),
    state: () => state,
    end: () => worker.terminate(),
  };
}
