/** The page's interface to the judging worker, which is replaced when its work has become outdated. */

import type { Answer, Request, TypesetRequest } from './messages.ts';

const startWorker = (): Worker => new Worker(new URL('judge-worker.js', import.meta.url), { type: 'module' });

/** Judges only the latest text; earlier requests are dropped. */
export class Judge {
  readonly #onAnswer: (answer: Answer, text: string) => void;
  #worker: Worker | undefined;
  /** A worker that has loaded its code, to replace the busy one when that is terminated. */
  #spare: Worker | undefined;
  #pending: Request | undefined;
  #last: string | undefined;
  #id = 0;

  constructor(onAnswer: (answer: Answer, text: string) => void) {
    this.#onAnswer = onAnswer;
  }

  /** Requests the verdicts on a text. The same text is not judged twice. */
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

  /** Typesets Markdown pages as HTML. */
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
