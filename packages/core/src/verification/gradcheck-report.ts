/** What `gradcheck` found, to be read by programs and by people. */

import type { Roughness } from './slopes.ts';

/** A derivative on trial: of one element of the result, or of a random combination of all, by an element of an input. */
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
  /** The largest error that step, rounding and size of the values explain. */
  readonly allowed: number;
  /** Why there is no derivative to hold the others against: then they are held against each other. */
  readonly roughness: Roughness | undefined;
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
  Number.isNaN(error) ? Number.POSITIVE_INFINITY : error / allowed;

/** Whether its error is more than is explained. */
export const isWrong = ({ error, allowed }: GradcheckEntry): boolean => !(error <= allowed);

/** What `gradcheck` found; as text, what is wrong and where. */
export class GradcheckReport {
  /** Whether no derivative is wrong. */
  readonly passed: boolean;
  /** How many derivatives were held against differences. */
  readonly checked: number;
  /** What is wrong, the worst first. */
  readonly failures: readonly GradcheckEntry[];
  /** Where the function is rough, so that there is nothing to hold the tape against. */
  readonly kinks: readonly GradcheckEntry[];
  /** For each order, the derivative with the largest error beside what is allowed; none where there is none at all. */
  readonly worst: readonly (GradcheckEntry | undefined)[];
  /** Why nothing was run forwards, where an operation has no way to. */
  readonly withoutForward: string | undefined;

  constructor(orders: readonly (readonly GradcheckEntry[])[], withoutForward: string | undefined) {
    const entries = orders.flat();
    this.failures = entries.filter(isWrong).sort((a, b) => ratio(b) - ratio(a) || 0);
    this.kinks = entries.filter(({ roughness }) => roughness !== undefined);
    this.checked = entries.length - this.kinks.length;
    this.passed = this.failures.length === 0;
    this.worst = orders.map((list) =>
      list.reduce<GradcheckEntry | undefined>((a, b) => (a && ratio(a) >= ratio(b) ? a : b), undefined),
    );
    this.withoutForward = withoutForward;
  }

  toString(): string {
    const verdict = this.passed ? 'passed' : `failed: ${this.failures.length} wrong`;
    const rough = this.kinks.length === 0 ? '' : `, ${this.kinks.length} at kinks left out`;
    const lines = [`gradcheck ${verdict}; ${this.checked} derivatives checked${rough}`];
    if (this.withoutForward !== undefined) lines.push(`not run forwards: ${this.withoutForward}`);
    const worst = this.passed ? this.worst.filter((entry) => entry !== undefined) : [];
    lines.push(...formatList('wrong:', this.failures), ...formatList('closest to the bound:', worst));
    return [...lines, ...formatList('at kinks:', this.kinks)].join('\n');
  }
}
