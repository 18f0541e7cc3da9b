/** Merges formulas that differ only in the layer number, which turns a program into a recursion. */

import {
  type Expression,
  type LetterNode,
  letterOf,
  made,
  number as numberNode,
  partsOf,
  withParts,
} from '../../syntax/ast.ts';
import { textOf } from '../../syntax/print-text.ts';
import { sumOf } from './build.ts';

/** One formula of a procedure. */
export interface Line {
  readonly left: Expression;
  readonly meaning: Expression | undefined;
  readonly right: Expression;
  /** The number of the layer that the formula belongs to. */
  readonly layer: number | undefined;
}

/** Lines that are merged into one for several layers. */
export interface Family<L extends Line> {
  readonly left: Expression;
  /** For links, the derivative dL/dA_l that the letter on the left side denotes. */
  readonly meaning: Expression | undefined;
  readonly right: Expression;
  readonly lines: readonly L[];
  /**
   * The letter that counts layers and the layers themselves, in the order of the procedure; undefined for a line that
   * wasn't merged.
   */
  readonly over: { readonly letter: LetterNode; readonly layers: readonly number[] } | undefined;
}

/** Replaces layer numbers in subscripts by the letter: for layer 2, 3 becomes l + 1. */
function shifted(e: Expression, layer: number, letter: LetterNode): Expression {
  if (e.kind === 'letter') {
    const [first, ...rest] = e.sub;
    if (first?.kind !== 'number') return e;
    const distance = Number(first.text) - layer;
    const size = numberNode(Math.abs(distance));
    const at: Expression =
      distance === 0 ? letter : { ...made, kind: 'sum', terms: [letter, size], minus: [false, distance < 0] };
    return { ...e, sub: [at, ...rest] };
  }
  const parts = partsOf(e).map((part) => shifted(part, layer, letter));
  const moved = parts.length === 0 ? e : withParts(e, parts);
  if (moved.kind === 'call') return { ...moved, fn: shifted(moved.fn, layer, letter) as LetterNode };
  if (moved.kind === 'big')
    return {
      ...moved,
      from: moved.from && shifted(moved.from, layer, letter),
      to: moved.to && shifted(moved.to, layer, letter),
    };
  return moved;
}

const generalized = ({ left, meaning, right, layer }: Line, letter: LetterNode) => ({
  left: shifted(left, layer!, letter),
  meaning: meaning && shifted(meaning, layer!, letter),
  right: shifted(right, layer!, letter),
});

/** The letter that counts layers. */
const layerLetter = letterOf(made, 'l');

/**
 * Merges lines that differ only in the layer number. A merged line takes the position of its first line, or of its
 * last one if `isLate`.
 */
export function families<L extends Line>(lines: readonly L[], isLate: (line: L) => boolean): Family<L>[] {
  const keys = lines.map((line, i) => {
    if (line.layer === undefined) return String(i);
    const { left, right } = generalized(line, layerLetter);
    return `${textOf(left)} = ${textOf(right)}`;
  });
  const groups = new Map<string, L[]>();
  lines.forEach((line, i) => {
    groups.set(keys[i]!, [...(groups.get(keys[i]!) ?? []), line]);
  });
  const ordered = lines.flatMap((line, i) => {
    const own = groups.get(keys[i]!)!;
    return line === own.at(isLate(line) ? -1 : 0) ? [own] : [];
  });
  return ordered.map((own): Family<L> => {
    const [first] = own as [L];
    if (own.length === 1)
      return { left: first.left, meaning: first.meaning, right: first.right, lines: own, over: undefined };
    const layers = own.map(({ layer }) => layer!);
    return { ...generalized(first, layerLetter), lines: own, over: { letter: layerLetter, layers } };
  });
}

/** Returns the largest number in a subscript of an expression. */
function largestNumber(e: Expression): number {
  if (e.kind === 'letter') return e.sub[0]?.kind === 'number' ? Number(e.sub[0].text) : 0;
  return partsOf(e).reduce((most, part) => Math.max(most, largestNumber(part)), 0);
}

/** Writes X_3^T delta_3 + X_2^T delta_2 + X_1^T delta_1 as a sum over l. */
export function foldedSums(e: Expression): Expression {
  const parts = partsOf(e).map(foldedSums);
  const own = parts.length === 0 ? e : withParts(e, parts);
  if (own.kind !== 'sum' || own.terms.length < 2 || own.minus.some((minus) => minus)) return own;
  const terms = own.terms.map((term) => {
    const layer = largestNumber(term);
    const general = shifted(term, layer, layerLetter);
    return { term, layer, general, key: textOf(general) };
  });
  const [first] = terms as [(typeof terms)[number]];
  const same = terms.filter(({ key, layer }) => key === first.key && layer > 0);
  const layers = same.map(({ layer }) => layer).sort((a, b) => a - b);
  const isRun = layers.every((layer, i) => i === 0 || layer === layers[i - 1]! + 1);
  // A sum of two letters is shorter without a summation sign.
  const isWorth = same.length > 2 || (same.length === 2 && first.term.kind === 'product');
  if (!isWorth || !isRun) return own;
  const folded: Expression = {
    ...made,
    kind: 'big',
    op: 'sum',
    indices: [layerLetter],
    from: numberNode(layers[0]!),
    to: numberNode(layers.at(-1)!),
    condition: undefined,
    body: first.general,
  };
  return sumOf([folded, ...terms.filter((term) => !same.includes(term)).map(({ term }) => term)]);
}
