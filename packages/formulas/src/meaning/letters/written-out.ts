/** Recognizes arrays that are only written out by their own elements: x = (x_1, …, x_n), which defines nothing. */

import type { Statement } from '../../statements/statement.ts';
import { bare, type Expression, keyOf, type LetterNode, made, number, partsOf } from '../../syntax/ast.ts';
import { textOf } from '../../syntax/print-text.ts';

/** The letter of an array with its lengths; undefined for a length of 1. */
export interface WrittenOut {
  readonly letter: LetterNode;
  readonly rows: Expression | undefined;
  readonly columns: Expression | undefined;
}

type Lengths = Omit<WrittenOut, 'letter'>;

const textOfAll = (indices: readonly Expression[]): string => indices.map(textOf).join();

const someLength: Expression = { ...made, kind: 'dots' };

/** Returns the letter in an element, also for a superscript that was parsed as a power, with that superscript. */
function letterIn(e: Expression): { readonly letter: LetterNode; readonly power: readonly Expression[] } | undefined {
  const inside = bare(e);
  if (inside.kind === 'letter') return { letter: inside, power: [] };
  const base = inside.kind === 'power' ? bare(inside.base) : undefined;
  return base?.kind === 'letter' && inside.kind === 'power' ? { letter: base, power: [inside.exponent] } : undefined;
}

/** Returns the lengths of a list; that of a list with dots if its end is written. */
function lengthOf(items: readonly Expression[]): Expression | undefined {
  const [only] = items;
  if (items.length === 1 && only?.kind === 'big') {
    const isFromOne = only.from?.kind === 'number' && only.from.text === '1';
    return (isFromOne ? only.to : undefined) ?? someLength;
  }
  if (items.some(({ kind }) => kind === 'dots' || kind === 'big')) return someLength;
  return items.length === 1 ? undefined : number(items.length);
}

/** Returns the lengths of an array that is written by its elements; undefined for an expression of another kind. */
function lengthsOf(e: Expression): Lengths | undefined {
  const inside = bare(e);
  switch (inside.kind) {
    case 'transpose': {
      const of = lengthsOf(inside.of);
      // [x_1, x_2]^T is the usual way to write a column in a line.
      if (inside.of.kind === 'group' && of?.columns === undefined) return of;
      return of && { rows: of.columns, columns: of.rows };
    }
    case 'tuple':
      return stacked(inside.items);
    case 'big':
      return inside.op === 'list' ? stacked([inside]) : undefined;
    case 'matrix':
      return {
        rows: lengthOf(inside.rows.map((row) => row.find(({ kind }) => kind !== 'dots') ?? row[0]!)),
        columns: lengthOf(inside.rows.find((row) => !row.every(({ kind }) => kind === 'dots')) ?? []),
      };
    default:
      return undefined;
  }
}

/** Returns the lengths of a column of numbers or rows. */
function stacked(items: readonly Expression[]): Lengths | undefined {
  const first = bare(items[0]!);
  const row = lengthsOf(first.kind === 'big' ? first.body : first);
  return row?.rows === undefined ? { rows: lengthOf(items), columns: row?.columns } : undefined;
}

/** Collects the elements in an array; undefined if it contains something else. */
function elementsIn(e: Expression): Expression[] | undefined {
  const inside = bare(e);
  if (inside.kind === 'dots') return [];
  if (letterIn(inside) !== undefined) return [inside];
  if (!/^(?:transpose|tuple|big|matrix)$/.test(inside.kind)) return undefined;
  const all = partsOf(inside).map(elementsIn);
  return all.every((part) => part !== undefined) ? all.flat() : undefined;
}

/** Returns whether indices that are numbers, of elements without dots between them, count up by one. */
function isInOrder(e: Expression, indexOf: (element: Expression) => readonly Expression[] | undefined): boolean {
  const inside = bare(e);
  if (inside.kind === 'transpose') return isInOrder(inside.of, indexOf);
  const rows = inside.kind === 'matrix' ? inside.rows : inside.kind === 'tuple' ? [inside.items] : [];
  const places = rows.flatMap((row, i) =>
    row.map((cell, j) => ({ place: rows.length > 1 && row.length > 1 ? [i, j] : [i + j], index: indexOf(cell) })),
  );
  const numbered = places.filter(({ index }) => index?.every((one) => bare(one).kind === 'number'));
  if (numbered.length < places.length || numbered.length === 0) return true;
  const offsets = numbered.map(({ place, index }) =>
    index!.map((one, k) => Number((bare(one) as { text: string }).text) - (place.at(k - index!.length) ?? 0)).join(),
  );
  return new Set(offsets).size === 1;
}

/** Returns the array that a statement writes out, if its right side consists of the left side's elements, in order. */
export function writtenOut({ sides, relations }: Pick<Statement, 'sides' | 'relations'>): WrittenOut | undefined {
  const [left, right] = sides;
  if (left === undefined || right === undefined || (relations[0] !== '=' && relations[0] !== 'define'))
    return undefined;
  const whole = letterIn(left);
  const lengths = whole && lengthsOf(right);
  const elements = lengths && elementsIn(right);
  if (whole === undefined || lengths === undefined || elements === undefined || elements.length === 0) return undefined;
  const { letter, power } = whole;
  const ownIndex = (element: Expression): readonly Expression[] | undefined => {
    const found = letterIn(element);
    if (found === undefined || keyOf(found.letter) !== keyOf(letter) || found.letter.primes !== letter.primes)
      return undefined;
    const { sub, sup } = found.letter;
    const isOwn =
      textOfAll([...sup, ...found.power]) === textOfAll([...letter.sup, ...power]) &&
      textOfAll(sub.slice(0, letter.sub.length)) === textOfAll(letter.sub);
    return isOwn && sub.length > letter.sub.length ? sub.slice(letter.sub.length) : undefined;
  };
  const isOwn = elements.every((element) => ownIndex(element) !== undefined);
  return isOwn && isInOrder(right, ownIndex) ? { letter, ...lengths } : undefined;
}
