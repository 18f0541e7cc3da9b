/** Results of earlier judgements, so that a page which changes in one place is not judged anew as a whole. */

import type { Token } from '../../syntax/tokens.ts';
import type { Span } from '../../text/source.ts';
import { type Judgement, judgement } from '../verdict.ts';

/** Values by their keys. What has not been used for longest is forgotten first. */
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
    // The latest are last.
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

/** A judgement, whose place counts from the start of its formula. */
export interface Kept extends Judgement {
  /** Whether its small letters were read as numbers. */
  readonly asNumbers: boolean;
}

/** A judgement to keep, unless it depends on the time that it took, or on where another formula stands. */
export function kept(found: Judgement, { start, end }: Span, asNumbers: boolean): Kept | undefined {
  const { verdict, certainty, reason, place, counterexample } = found;
  if (verdict === 'undecided' || (place !== undefined && (place.start < start || place.end > end))) return undefined;
  const own = place && { start: place.start - start, end: place.end - start };
  return { ...judgement(verdict, certainty, reason, { place: own, counterexample }), asNumbers };
}

/** A judgement that was kept, of a formula where it stands now. */
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
  /** What was changed, in words. */
  readonly what: string;
  /** The condition under which the corrected formula holds; undefined if it always holds. */
  readonly when: string | undefined;
}

/**
 * Keeps results from one page to the next. Passed to `verifyPage` with each version of a page, it lets only what an edit
 * changes be judged again. The verdicts are those of a page that is judged anew.
 *
 * @example
 * const memory = new Memory();
 * verifyPage('$\\nabla_x \\|x\\|^2 = x$', { memory }).formulas[0]?.verdict; // 'wrong'
 * verifyPage('$\\nabla_x \\|x\\|^2 = 2 x$', { memory }).formulas[0]?.verdict; // 'holds'
 */
export class Memory {
  /** Judgements of steps, by what they depend on. */
  readonly judgements = new Store<Kept>(5000);
  /** Corrections of formulas, by what they depend on; undefined where none was found. */
  readonly mends = new Store<{ readonly mend: FormulaMend | undefined }>(1000);
  /** Tokens of formulas that begin at 0, by their text. */
  readonly tokens = new Store<readonly Token[]>(2000);
}
