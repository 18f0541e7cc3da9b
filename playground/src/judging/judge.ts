/** The judge as the page calls it: a worker, which remembers what it judged. */

import type { Answer, Reply, Request, TypesetRequest } from './messages.ts';

const startWorker = (): Worker => new Worker(new URL('judge-worker.js', import.meta.url), { type: 'module' });

/** How long the worker may be busy with one formula of a text that is out of date, in milliseconds. */
const PATIENCE = 3000;

/** Judges texts, the latest only: what was asked before is dropped. */
export class Judge {
  readonly #onAnswer: (answer: Answer, text: string) => void;
  #worker: Worker | undefined;
  #last: string | undefined;
  #id = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(onAnswer: (answer: Answer, text: string) => void) {
    this.#onAnswer = onAnswer;
  }

  /** Asks for the verdicts of a text; the same text is not judged twice. */
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
