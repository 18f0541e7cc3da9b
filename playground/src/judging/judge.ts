/** The judge as the page calls it: a worker, which is replaced when its work has become stale. */

import type { Answer, Request, TypesetRequest } from './messages.ts';

const startWorker = (): Worker => new Worker(new URL('judge-worker.js', import.meta.url), { type: 'module' });

/** Judges texts, the latest only: what was asked before is dropped. */
export class Judge {
  readonly #onAnswer: (answer: Answer, text: string) => void;
  #worker: Worker | undefined;
  /** A worker that has loaded its code, ready for when the busy one is ended. */
  #spare: Worker | undefined;
  #pending: Request | undefined;
  #last: string | undefined;
  #id = 0;

  constructor(onAnswer: (answer: Answer, text: string) => void) {
    this.#onAnswer = onAnswer;
  }

  /** Asks for the verdicts of a text; the same text is not judged twice. */
  ask(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    if (this.#pending !== undefined) {
      this.#worker?.terminate();
      this.#worker = undefined;
    }
    const worker = this.#worker ?? this.#spare ?? startWorker();
    if (worker === this.#spare) this.#spare = undefined;
    this.#worker = worker;
    this.#spare ??= startWorker();
    const request = { id: ++this.#id, text };
    this.#pending = request;
    worker.onmessage = ({ data }: MessageEvent<Answer>) => {
      if (data.id !== this.#id) return;
      if (data.isMended) this.#pending = undefined;
      this.#onAnswer(data, text);
    };
    worker.postMessage(request);
  }

  /** Typesets pages in Markdown, as HTML. */
  typeset(texts: readonly string[]): Promise<readonly string[]> {
    const worker = startWorker();
    return new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<readonly string[]>) => {
        worker.terminate();
        resolve(data);
      };
      worker.postMessage({ typeset: texts } satisfies TypesetRequest);
    });
  }
}
