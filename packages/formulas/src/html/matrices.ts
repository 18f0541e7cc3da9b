/** Shows the matrices of a counterexample as heat maps: tables whose cells are colored by their elements. */

import type { Counterexample } from '../judging/verdict.ts';
import { letterCommands } from '../syntax/names.ts';
import { escaped } from './markup.ts';
import { typeset } from './typeset.ts';

type Rows = readonly (readonly number[])[];

/** Returns a name such as `delta_(1,2)` or `dL of W_1` in LaTeX. */
function nameLatex(name: string): string {
  const [, base = name, index = ''] = /^(.*?)(?:_\(?([^()]*)\)?)?$/.exec(name) ?? [];
  const letter = letterCommands.has(base)
    ? `\\${base}`
    : base.length === 1
      ? base
      : `\\mathrm{${base.replace(/[^\p{L}\p{N} ]/gu, '\\$&')}}`;
  return index === '' ? letter : `${letter}_{${index}}`;
}

const nameHtml = (name: string): string => typeset(nameLatex(name), [], { display: false });

/**
 * Returns an element's color strength: the square root of its size relative to the largest, so that small elements stay
 * visible.
 */
const shareOf = (value: number, largest: number): number =>
  largest === 0 || !Number.isFinite(value) ? 0 : Math.sqrt(Math.abs(value) / largest);

const shown = (value: number): string => String(Number(value.toPrecision(3))).replace('-', '\u2212');

const largestOf = (matrices: readonly Rows[]): number =>
  matrices.flat(2).reduce((most, x) => (Number.isFinite(x) ? Math.max(most, Math.abs(x)) : most), 0);

function table(rows: Rows, largest: number, other: Rows | undefined): string {
  const cell = (value: number, i: number, j: number): string => {
    const share = shareOf(value, largest).toFixed(2);
    const differs =
      other !== undefined && Math.abs((other[i]?.[j] ?? Number.NaN) - value) <= 1e-9 * largest
        ? ''
        : ' class="differs"';
    const kind = other === undefined ? '' : differs;
    return `<td${kind} style="--share:${share};--hue:var(--${value < 0 ? 'cold' : 'warm'})" title="${value}">${shown(value)}</td>`;
  };
  return `<table class="heat">${rows.map((row, i) => `<tr>${row.map((value, j) => cell(value, i, j)).join('')}</tr>`).join('')}</table>`;
}

const figure = (name: string, body: string): string =>
  `<figure class="matrix"><figcaption>${name}</figcaption>${body}</figure>`;

/** Formats a counterexample: its data, and both sides of the formula below. */
export function counterexampleHtml({ data, functions, where, left, right }: Counterexample): string {
  const matrices = Object.entries(data).map(([name, rows]) =>
    figure(nameHtml(name), table(rows, largestOf([rows]), undefined)),
  );
  const words = [
    ...(where === '' ? [] : [escaped(where)]),
    ...Object.entries(functions).map(([name, fn]) => `${nameHtml(name)} = ${escaped(fn)}`),
  ];
  const given = words.length === 0 ? '' : `<p class="given">${words.join(' · ')}</p>`;
  const largest = largestOf([left ?? [], right ?? []]);
  const sides =
    left === undefined || right === undefined
      ? ''
      : `<div class="sides">${figure('left side', table(left, largest, right))}<span class="unequal">≠</span>${figure('right side', table(right, largest, left))}</div>`;
  return `<div class="counterexample"><h4>A counterexample</h4>${given}<div class="matrices">${matrices.join('')}</div>${sides}</div>`;
}
