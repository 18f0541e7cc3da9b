/** The messages between a page and the worker that trains for it. */

import type { ModuleState } from '@tapegrad/nn';
import type { Epoch, Scores } from '../trainer/history.ts';
import type { FitResult } from '../trainer/trainer.ts';

/** The other end of a message channel: a worker, or the global scope inside a worker. */
export interface Port {
  postMessage(message: unknown, transfer?: never): void;
  addEventListener(type: string, listener: (event: object) => void): void;
  removeEventListener(type: string, listener: (event: object) => void): void;
  /** Starts the delivery of messages, for ports that don't start it by themselves. */
  start?(): void;
}

/** The progress of a run in a worker. */
export interface TrainingProgress {
  readonly step: number;
  /** The number of epochs that are over. */
  readonly epoch: number;
  readonly stepInEpoch: number;
  /** The number of steps in an epoch, if it is known. */
  readonly stepsPerEpoch: number | undefined;
  /** The scores of the epoch so far. */
  readonly scores: Scores;
  readonly learningRate: number;
}

/** The outcome of a run in a worker. */
export interface WorkerResult extends FitResult {
  /** The state of the model, with averaged weights if there are any. */
  readonly model: ModuleState;
}

/** A request from a page to its worker. */
export type Request = { readonly kind: 'start'; readonly config: unknown } | { readonly kind: 'stop' };

/** A message from a worker to its page. */
export type Report =
  | { readonly kind: 'progress'; readonly progress: TrainingProgress }
  | { readonly kind: 'epoch'; readonly record: Epoch }
  | { readonly kind: 'end'; readonly result: WorkerResult }
  | { readonly kind: 'error'; readonly message: string };

/** Marks the messages, since other code may use the same port. */
const MARK = 'tapegrad training';

export const send = (port: Port, content: Request | Report): void => port.postMessage({ [MARK]: content });

/** Calls a function with each message from the other side. Returns a function that stops listening. */
export function listen<Content extends Request | Report>(port: Port, take: (content: Content) => void): () => void {
  const listener = (event: object): void => {
    const { data } = event as { readonly data?: unknown };
    const content = (data as { readonly [MARK]?: Content } | null)?.[MARK];
    if (content !== undefined) take(content);
  };
  port.addEventListener('message', listener);
  port.start?.();
  return () => port.removeEventListener('message', listener);
}
