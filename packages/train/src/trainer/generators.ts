/** The generators of random numbers that a run draws from, and their states. */

import { ArgumentError, Random, type RandomState } from '@tapegrad/core';
import { watchDraws } from '@tapegrad/core/extend';
import type { Module } from '@tapegrad/nn';

/** The generators of a run, in an order that depends on the model alone. */
export class Generators {
  readonly #known: readonly Random[];
  #stranger: string | undefined;

  constructor(model: Module, others: readonly Random[]) {
    const found = [...model.modules().values()].flatMap((module) =>
      Object.values(module).filter((value): value is Random => value instanceof Random),
    );
    this.#known = [...new Set([...others, ...found])];
  }

  /** Runs a function, and records whether it draws from a generator outside this list. */
  watch<R>(what: string, body: () => R): R {
    const [result, drawn] = watchDraws(body);
    if ([...drawn.keys()].some((random) => !this.#known.includes(random))) this.#stranger ??= what;
    return result;
  }

  /**
   * Returns the states of all generators. Throws if a generator outside this list has been used, since its state would
   * be lost on resuming.
   */
  state(): readonly RandomState[] {
    if (this.#stranger !== undefined) {
      throw new ArgumentError(
        `Trainer.state: ${this.#stranger} drew from a generator that no layer of the model has; pass it as the option ` +
          'random, so that a run can be resumed',
      );
    }
    return this.snapshot();
  }

  /** Returns the states of the generators in this list. */
  snapshot(): readonly RandomState[] {
    return this.#known.map((random) => random.state);
  }

  load(states: readonly RandomState[]): void {
    if (!Array.isArray(states) || states.length !== this.#known.length) {
      const got = Array.isArray(states) ? states.length : 'none';
      throw new ArgumentError(`Trainer.load: expected the states of ${this.#known.length} generators, got ${got}`);
    }
    this.#known.forEach((random, i) => {
      random.state = states[i]!;
    });
  }
}
