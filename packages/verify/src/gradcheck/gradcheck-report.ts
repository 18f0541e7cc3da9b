/** What `gradcheck` found, to be read by programs and by people. */

import type { Roughness } from '../differences/finite-differences.ts';

/** A derivative that was checked: of one element of the result, or of a random combination of all, by an element of an input. */
export interface GradcheckEntry {
  /** 1 for a derivative of the function, 2 for one of its gradient. */
  readonly order: number;
  /** What it is a derivative by: 'input 0', 'input 1.weight', or the name of a parameter. */
  readonly input: string;
  /** Which element of that; none for a random direction in it. */
  readonly index: readonly number[] | undefined;
  /** Which element of what: 'result [0, 1]', 'result.loss []'; none for a random combination of all. */
  readonly output: string | undefined;
  /** What the sweep backwards says. */
  readonly reverse: number;
  /** What the pass forwards says; none where an operation can't be run forwards. */
  readonly forward: number | undefined;
  /** What central differences say; NaN where the function is rough. */
  readonly numeric: number;
  /** The largest distance between them. */
  readonly error: number;
  /** The largest error that step and rounding explain, beside the size of the derivative and of the values. */
  readonly allowed: number;
  /**
   * Why differences tell nothing of the derivative: the function is rough there, or they drown in rounding (`noise`). Then
   * the two others are compared with each other.
   */
  readonly roughness: Roughness | 'noise' | undefined;
}

/** An element as messages name it. */
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
    roughness === undefined ? `differences ${formatNumber(numeric)}` : `none by differences: ${roughness}`,
  ];
  const judged = `error ${formatBound(error)}, allowed ${formatBound(allowed)}`;
  return `  ${of} by ${by}: ${opinions.join(', ')}; ${judged}`;
}

/** How many entries the text shows. */
const shown = 10;

function formatList(title: string, entries: readonly GradcheckEntry[]): string[] {
  if (entries.length === 0) return [];
  const more = entries.length - shown;
  return [title, ...entries.slice(0, shown).map(formatEntry), ...(more > 0 ? [`  and ${more} more`] : [])];
}

const ratio = ({ error, allowed }: GradcheckEntry): number =>
  Number.isNaN(error) ? Number.POSITIVE_INFINITY : error === 0 ? 0 : error / allowed;

/** Whether its error is more than is explained. */
export const isWrong = ({ error, allowed }: GradcheckEntry): boolean => !(error <= allowed);

/** What was found of derivatives of one order. */
export interface Findings {
  readonly entries: readonly GradcheckEntry[];
  /** The inputs by which no derivative could be checked. */
  readonly unchecked: readonly string[];
  /** Why nothing could be run forwards. */
  readonly withoutForward: string | undefined;
}

/** What `gradcheck` found; as text, what is wrong and where. */
export class GradcheckReport {
  /** Whether no derivative is wrong, and some by each input, of each order, were checked. */
  readonly passed: boolean;
  /** How many derivatives were compared with differences. */
  readonly checked: number;
  /** What is wrong, the worst first. */
  readonly failures: readonly GradcheckEntry[];
  /** Where the function is rough, so that there is nothing to compare the tape with. */
  readonly kinks: readonly GradcheckEntry[];
  /** Derivatives too small beside the values of the function for differences to tell them from others. */
  readonly unresolved: readonly GradcheckEntry[];
  /** The inputs by which no derivative could be checked, with the order: `input 0, order 1`. */
  readonly unchecked: readonly string[];
  /** For each order, the derivative with the largest error beside what is allowed; none where there is none at all. */
  readonly worst: readonly (GradcheckEntry | undefined)[];
  /** Why nothing was run forwards, where an operation has no way to. */
  readonly withoutForward: string | undefined;

  /** @param orders what was found of the derivatives of each order. */
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
    if (withoutForward !== undefined) lines.push(`not run forwards: ${withoutForward}`);
    const worst = passed ? this.worst.filter((entry) => entry !== undefined) : [];
    lines.push(...formatList('wrong:', failures), ...formatList('closest to the bound:', worst));
    return [...lines, ...formatList('at kinks:', kinks), ...formatList('lost in rounding:', unresolved)].join('\n');
  }
}
