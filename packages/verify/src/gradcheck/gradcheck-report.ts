/** The results of `gradcheck`, as data and as text. */

import type { Roughness } from '../differences/finite-differences.ts';

/**
 * A derivative that was checked: of one element of the result, or of a random combination of all elements, with respect
 * to an input.
 */
export interface GradcheckEntry {
  /** The order: 1 for a derivative of the function, 2 for a derivative of its gradient. */
  readonly order: number;
  /** The input of differentiation: 'input 0', 'input 1.weight', or the name of a parameter. */
  readonly input: string;
  /** The index of the input's element; undefined for a random direction. */
  readonly index: readonly number[] | undefined;
  /** The element of the result: 'result [0, 1]', 'result.loss []'. Undefined for a random combination of all elements. */
  readonly output: string | undefined;
  /** The reverse-mode derivative. */
  readonly reverse: number;
  /** The forward-mode derivative; undefined if an operation doesn't support forward mode. */
  readonly forward: number | undefined;
  /** The derivative according to central differences. NaN where the function has a kink, a jump or an edge. */
  readonly numeric: number;
  /**
   * The larger error of the tape's two derivatives, compared with the differences. If `roughness` is set, the
   * difference between the two.
   */
  readonly error: number;
  /**
   * The largest allowed error. It depends on the step, on rounding, and on the sizes of the derivative and of the
   * values.
   */
  readonly allowed: number;
  /**
   * The reason why the differences are inconclusive, if they are: a kink, jump or edge of the function, or `noise` if
   * rounding hides the derivative. The reverse-mode and forward-mode derivatives are then compared with each other.
   */
  readonly roughness: Roughness | 'noise' | undefined;
}

/** Formats an element for messages. */
export const formatElement = (name: string, index: readonly number[]): string => `${name} [${index.join(', ')}]`;

const formatNumber = (x: number): string => String(Number(x.toPrecision(8)));
const formatBound = (x: number): string => x.toExponential(1);

function formatEntry(entry: GradcheckEntry): string {
  const { order, input, index, output, reverse, forward, numeric, error, allowed, roughness } = entry;
  const of = output ?? `a combination of the ${order === 1 ? 'result' : 'gradient'}`;
  const by = index === undefined ? `a direction of ${input}` : formatElement(input, index);
  const opinions = [
    `reverse ${formatNumber(reverse)}`,
    ...(forward === undefined ? [] : [`forward ${formatNumber(forward)}`]),
    roughness === undefined ? `differences ${formatNumber(numeric)}` : `no numeric derivative: ${roughness}`,
  ];
  const judged = `error ${formatBound(error)}, allowed ${formatBound(allowed)}`;
  return `  ${of} by ${by}: ${opinions.join(', ')}; ${judged}`;
}

/** The maximum number of entries per list in the text. */
const shown = 10;

function formatList(title: string, entries: readonly GradcheckEntry[]): string[] {
  if (entries.length === 0) return [];
  const more = entries.length - shown;
  return [title, ...entries.slice(0, shown).map(formatEntry), ...(more > 0 ? [`  and ${more} more`] : [])];
}

const ratio = ({ error, allowed }: GradcheckEntry): number =>
  Number.isNaN(error) ? Number.POSITIVE_INFINITY : error === 0 ? 0 : error / allowed;

/** Returns whether the error of a derivative exceeds the allowed error. */
export const isWrong = ({ error, allowed }: GradcheckEntry): boolean => !(error <= allowed);

/** The results of checking the derivatives of one order. */
export interface Findings {
  readonly entries: readonly GradcheckEntry[];
  /** The inputs with respect to which no derivative could be checked. */
  readonly unchecked: readonly string[];
  /** The reason why forward mode was not possible; undefined if it was. */
  readonly withoutForward: string | undefined;
}

/** The result of `gradcheck`. Converted to text, it says what is wrong and where. */
export class GradcheckReport {
  /** Whether no derivative is wrong and, for each order, some derivative with respect to each input was checked. */
  readonly passed: boolean;
  /** The number of derivatives that were compared with differences. */
  readonly checked: number;
  /** The wrong derivatives, worst first. */
  readonly failures: readonly GradcheckEntry[];
  /** The derivatives at a kink, jump or edge of the function, where the tape can't be compared with differences. */
  readonly kinks: readonly GradcheckEntry[];
  /** The derivatives that differences can't resolve, since they are too small relative to the function's values. */
  readonly unresolved: readonly GradcheckEntry[];
  /** The inputs with respect to which no derivative could be checked, each with the order: `input 0, order 1`. */
  readonly unchecked: readonly string[];
  /**
   * For each order, the derivative whose error is largest relative to its allowed error. Undefined if there is no
   * derivative.
   */
  readonly worst: readonly (GradcheckEntry | undefined)[];
  /** The reason why forward mode was not checked; undefined if it was. */
  readonly withoutForward: string | undefined;

  /** @param orders The findings for the derivatives of each order. */
  constructor(orders: readonly Findings[]) {
    const entries = orders.flatMap((order) => order.entries);
    const isChecked = ({ roughness }: GradcheckEntry): boolean => roughness === undefined;
    this.failures = entries.filter(isWrong).sort((a, b) => ratio(b) - ratio(a) || 0);
    this.unresolved = entries.filter(({ roughness }) => roughness === 'noise');
    this.kinks = entries.filter((entry) => !isChecked(entry) && entry.roughness !== 'noise');
    this.checked = entries.filter(isChecked).length;
    this.unchecked = orders.flatMap(({ unchecked, entries: own }, i) => {
      const names = own.some(isChecked) || unchecked.length > 0 ? unchecked : ['any input'];
      return names.map((name) => `${name}, order ${i + 1}`);
    });
    this.passed = this.failures.length === 0 && this.unchecked.length === 0;
    this.worst = orders.map((order) =>
      order.entries.reduce<GradcheckEntry | undefined>((a, b) => (a && ratio(a) >= ratio(b) ? a : b), undefined),
    );
    this.withoutForward = orders.find(({ withoutForward }) => withoutForward !== undefined)?.withoutForward;
  }

  toString(): string {
    const { failures, kinks, unresolved, unchecked, checked, passed, withoutForward } = this;
    const wrong = failures.length > 0 ? [`${failures.length} wrong`] : [];
    const missing = unchecked.length > 0 ? [`no derivative checked by ${unchecked.join(', nor by ')}`] : [];
    const verdict = passed ? 'passed' : `failed: ${[...wrong, ...missing].join('; ')}`;
    const rough = kinks.length === 0 ? '' : `, ${kinks.length} at kinks left out`;
    const small = unresolved.length === 0 ? '' : `, ${unresolved.length} lost in rounding`;
    const lines = [`gradcheck ${verdict}; ${checked} derivatives checked${rough}${small}`];
    if (withoutForward !== undefined) lines.push(`not checked in forward mode: ${withoutForward}`);
    const worst = passed ? this.worst.filter((entry) => entry !== undefined) : [];
    lines.push(...formatList('wrong:', failures), ...formatList('closest to the bound:', worst));
    return [...lines, ...formatList('at kinks:', kinks), ...formatList('lost in rounding:', unresolved)].join('\n');
  }
}
