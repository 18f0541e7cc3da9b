/** The state of transforms that have to be fitted to training data before they can be applied. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';

/**
 * Holds the state of a fitted transform. `get` throws if there is no state, and `checkUnfitted` throws if there is one.
 */
export class FittedState<State> {
  readonly #call: string;
  #state: State | undefined;

  /** @param call The name of the transform in messages. */
  constructor(call: string) {
    this.#call = call;
  }

  get isFitted(): boolean {
    return this.#state !== undefined;
  }

  /** Returns the state. Throws if there is none. */
  get(): State {
    if (this.#state !== undefined) return this.#state;
    throw new ArgumentError(`${this.#call}: it is not fitted; call fit with the training data, or load a state, first`);
  }

  /** Returns the state, or `undefined` if there is none. */
  peek(): State | undefined {
    return this.#state;
  }

  /** Throws if there is a state already: a second `fit` might leak test data into the transform. */
  checkUnfitted(): void {
    if (this.#state === undefined) return;
    throw new ArgumentError(
      `${this.#call}.fit: it is fitted already; make a new one, so that no test data leak into it`,
    );
  }

  set(state: State | undefined): void {
    this.#state = state;
  }

  /**
   * Throws unless a value is an object with a list of finite numbers under each of the given names. All lists must have
   * the same length.
   */
  checkLists<Names extends string>(
    state: unknown,
    names: readonly Names[],
  ): Readonly<Record<Names, readonly number[]>> {
    const call = `${this.#call}.load`;
    if (typeof state !== 'object' || state === null) {
      throw new ArgumentError(`${call}: expected a state, as state() returns it, got ${describeValue(state)}`);
    }
    const lists = state as Readonly<Record<string, unknown>>;
    const length = (lists[names[0]!] as readonly unknown[] | undefined)?.length;
    for (const name of names) {
      const list = lists[name];
      if (!Array.isArray(list) || list.length !== length || !list.every(Number.isFinite)) {
        throw new ArgumentError(`${call}: expected a list of finite numbers as '${name}', got ${describeValue(list)}`);
      }
    }
    return lists as Readonly<Record<Names, readonly number[]>>;
  }
}
