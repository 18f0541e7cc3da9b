/**
 * Stores the results of earlier judgements, so that after a change in one place, only the affected part of a page is
 * judged again.
 */

import type { Token } from '../../syntax/tokens.ts';
import type { Span } from '../../text/source.ts';
import { type Judgement, judgement } from '../verdict.ts';
import type { Outcome } from './outcomes.ts';

/** A cache of values by key. When it is full, the least recently used value is removed. */
class Store<T> {
  readonly #most: number;
  readonly #values = new Map<string, T>();

  /** @param most the number of values that are kept */
  constructor(most: number) {
    this.#most = most;
  }

  get(key: string): T | undefined {
    const value = this.#values.get(key);
    if (value === undefined) return undefined;
    // The most recently used values are last.
    this.#values.delete(key);
    this.#values.set(key, value);
    return value;
  }

  set(key: string, value: T): void {
    this.#values.delete(key);
    this.#values.set(key, value);
    if (this.#values.size <= this.#most) return;
    const [oldest] = this.#values.keys();
    this.#values.delete(oldest!);
  }
}

/** A judgement whose position is relative to the start of its formula. */
export interface Kept extends Judgement {
  /** Whether its lowercase letters were read as numbers. */
  readonly asNumbers: boolean;
}

/**
 * Converts a judgement to the form in which it is kept. Returns undefined if the judgement depends on the time it took
 * or on the position of another formula.
 */
export function kept(found: Judgement, { start, end }: Span, asNumbers: boolean): Kept | undefined {
  const { verdict, certainty, reason, place, counterexample } = found;
  if (verdict === 'undecided' || (place !== undefined && (place.start < start || place.end > end))) return undefined;
  const own = place && { start: place.start - start, end: place.end - start };
  return { ...judgement(verdict, certainty, reason, { place: own, counterexample }), asNumbers };
}

/** Converts a kept judgement to the current position of its formula. */
export function at({ verdict, certainty, reason, place, counterexample }: Kept, { start }: Span): Judgement {
  const own = place && { start: place.start + start, end: place.end + start };
  return judgement(verdict, certainty, reason, { place: own, counterexample });
}

/** A correction of a formula. */
export interface FormulaMend {
  /** The whole corrected formula, in the page's own notation. */
  readonly formula: string;
  /** The corrected formula in plain text. */
  readonly text: string;
  /** The corrected formula in LaTeX. */
  readonly latex: string;
  /** The spans of `formula` that were changed. */
  readonly changes: readonly Span[];
  /** A description of the change in words. */
  readonly what: string;
  /** The condition under which the corrected formula holds; undefined if it always holds. */
  readonly when: string | undefined;
}

/**
 * Keeps results between calls. If it is passed to `verifyPage` with each version of a page, only the formulas that an
 * edit affects are judged again. The verdicts are the same as without it.
 *
 * @example
 * const memory = new Memory();
 * verifyPage('$\\nabla_x \\|x\\|^2 = x$', { memory }).formulas[0]?.verdict; // 'wrong'
 * verifyPage('$\\nabla_x \\|x\\|^2 = 2 x$', { memory }).formulas[0]?.verdict; // 'holds'
 */
export class Memory {
  /** The judgements of steps, by the text of their dependencies. */
  readonly judgements = new Store<Kept>(5000);
  /** The corrections of formulas, by the text of their dependencies; undefined if none was found. */
  readonly mends = new Store<{ readonly mend: FormulaMend | undefined }>(1000);
  /** The verdicts on formulas that were read in a part of the page to no avail, by the text of that part. */
  readonly outcomes = new Store<Outcome>(2000);
  /** The tokens of formulas, with positions from 0, by the text of the formula. */
  readonly tokens = new Store<readonly Token[]>(2000);
}
