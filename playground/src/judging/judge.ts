/** The page's interface to the judge, a worker that remembers earlier results. */

import type { Answer, Reply, Request, TypesetRequest } from './messages.ts';

const startWorker = (): Worker => new Worker(new URL('judge-worker.js', import.meta.url), { type: 'module' });

/**
 * The time in which a worker must leave an outdated text and begin the new one, in milliseconds; otherwise it is
 * replaced.
 */
const PATIENCE = 3000;

/** Judges the latest text. Earlier requests are dropped. */
export class Judge {
  readonly #onAnswer: (answer: Answer, text: string) => void;
  #worker: Worker | undefined;
  #last: string | undefined;
  #id = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onAnswer: (answer: Answer, text: string) => void) {
    this.#onAnswer = onAnswer;
  }

  /** Requests the verdicts for a text, unless it is the same as the last one. */
  ask(text: string): void {
    if (text === this.#last) return;
    this.#last = text;
    this.#post({ id: ++this.#id, text });
  }

  #post(request: Request): void {
    const worker = this.#worker ?? startWorker();
    const isNew = this.#worker === undefined;
    this.#worker = worker;
    clearTimeout(this.#timer);
    worker.onmessage = ({ data }: MessageEvent<Reply>) => {
      if ('started' in data && data.started === request.id) clearTimeout(this.#timer);
      if ('formulas' in data && data.id === request.id) this.#onAnswer(data, request.text);
    };
    worker.postMessage(request);
    if (isNew) return;
    this.#timer = setTimeout(() => {
      worker.terminate();
      this.#worker = undefined;
      this.#post(request);
    }, PATIENCE);
  }

  /** Typesets pages in Markdown, as HTML. */
  typeset(texts: readonly string[]): Promise<readonly string[]> {
    const worker = startWorker();
    return new Promise((resolve) => {
      worker.onmessage = ({ data }: MessageEvent<Reply>) => {
        worker.terminate();
        if ('typeset' in data) resolve(data.typeset);
      };
      worker.postMessage({ typeset: texts } satisfies TypesetRequest);
    });
  }
}
