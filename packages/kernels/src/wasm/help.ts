/** When threads help: after there has been enough to do, and in what is large. */

import { loadThreads } from '#threads';
import type { Data } from '../dtype.ts';
import { offerRoom, withdrawRoom } from '../memory.ts';
import type { Crew } from './crew.ts';
import type { Threads } from './threads.ts';

/** A crew that is there, and what it can do. */
export interface Helpers extends Omit<Threads, 'Crew'> {
  readonly crew: Crew;
}

/** Who helps. */
export interface Assistance {
  /** With so many operations, if any should. */
  with(operations: number): Helpers | undefined;
  /** With what is computed from or into an array that lies in their memory, and need not be copied. */
  at(data: Data): Helpers | undefined;
}

/** Operations below which a job takes no longer alone than helpers take to come. */
const LEAST = 4e6;
/**
 * Operations, in jobs of some size, before helpers are called: a program that ends sooner would have waited for them.
 */
const ENOUGH = 1e9;

/** The helpers of one thread. They are called when enough work has been seen, and nobody waits for them. */
export class Help implements Assistance {
  /** Threads at work on a job at most, the owner among them. */
  readonly threads: number;
  #seen = 0;
  #helpers: Helpers | undefined;
  #closed = false;

  constructor(threads: number) {
    this.threads = threads;
  }

  /** Where the job should not be done on one thread, and they are there. */
  with(operations: number): Helpers | undefined {
    if (operations < LEAST || this.#closed) return undefined;
    if (this.#helpers !== undefined) return this.#helpers.crew.isReady ? this.#helpers : undefined;
    const before = this.#seen;
    this.#seen += operations;
    if (before < ENOUGH && this.#seen >= ENOUGH) loadThreads((threads) => this.#start(threads));
    return undefined;
  }

  at(data: Data): Helpers | undefined {
    const helpers = this.#helpers;
    if (helpers === undefined || helpers.crew.heap.locate(data) === undefined) return undefined;
    return helpers.crew.isReady ? helpers : undefined;
  }

  /** Ends the helpers: there are none from now on. */
  close(): void {
    this.#closed = true;
    if (this.#helpers === undefined) return;
    withdrawRoom(this.#helpers.crew.room);
    this.#helpers.crew.close();
  }

  /** Where the host refuses memory or workers there will be no help, which harms nobody. */
  #start({ Crew, ...tasks }: Threads): void {
    if (this.#closed) return;
    try {
      this.#helpers = { crew: new Crew(this.threads), ...tasks };
      offerRoom(this.#helpers.crew.room);
    } catch {
      this.#closed = true;
    }
  }
}
