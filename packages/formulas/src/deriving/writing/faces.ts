/** The notation of quantities, indices and lengths within one formula. */

import {
  type BigOperator,
  type Comparison,
  type Expression,
  type LetterNode,
  letterOf,
  made,
  number as numberNode,
} from '../../syntax/ast.ts';
import { letterFrom, type Quantity } from '../terms/quantities.ts';
import type { Index, IndicatorRelation, LengthTerm } from '../terms/terms.ts';
import { group, upright } from './build.ts';

/** Returns the letter for the length of an axis. Axes of one class share a letter. */
export type LengthLetters = (length: LengthTerm) => LetterNode;

const indexLetters = ['i', 'j', 'k', 'p', 'q', 'r', 's', 't', 'u', 'v'];

const swapped: Readonly<Record<IndicatorRelation, Comparison>> = { '<': '>', le: 'ge', '=': '=', ne: 'ne' };

/** Adds subscripts to a letter. */
function withIndices(face: LetterNode, positions: readonly Expression[]): Expression {
  if (face.sub.length > 0 || face.sup.length > 0 || !positions.every(isPlain))
    return {
      ...made,
      kind: 'element',
      of: face.sub.length + face.sup.length > 0 ? group(face) : face,
      indices: separated(positions),
    };
  return { ...face, sub: positions };
}

/** Returns whether a position is a single letter. */
const isPlain = (e: Expression): boolean => e.kind === 'letter' && e.sub.length === 0 && e.sup.length === 0;

/** Puts commas between several positions, unless all are single letters. */
function separated(positions: readonly Expression[]): readonly Expression[] {
  return positions.every(isPlain) || positions.length < 2 ? positions : [{ ...made, kind: 'tuple', items: positions }];
}

const onLetter = (face: Expression, change: (letter: LetterNode) => Expression): Expression => {
  if (face.kind === 'derivative') return { ...face, by: face.by.map((by) => onLetter(by, change)) };
  return face.kind === 'letter' ? change(face) : face;
};

export class Faces {
  readonly #lengths: LengthLetters;
  readonly #indices = new Map<Index, LetterNode>();

  constructor(lengths: LengthLetters) {
    this.#lengths = lengths;
  }

  length(term: LengthTerm): Expression {
    return this.#lengths(term);
  }

  index(index: Index): LetterNode {
    const known = this.#indices.get(index);
    if (known !== undefined) return known;
    const at = this.#indices.size;
    const letter = letterOf(made, indexLetters[at % indexLetters.length]!);
    const own =
      at < indexLetters.length ? letter : { ...letter, sub: [numberNode(Math.floor(at / indexLetters.length))] };
    this.#indices.set(index, own);
    return own;
  }

  /** Returns the notation of a quantity for the examples given by indices. */
  quantity({ face }: Quantity, lead: readonly Index[] = []): Expression {
    if (lead.length === 0) return face;
    return onLetter(face, (letter) => ({ ...letter, sup: lead.map((index) => this.index(index)), brackets: '(' }));
  }

  /** Returns the notation of an element of a quantity. */
  element({ face, kind }: Quantity, positions: readonly Expression[]): Expression {
    if (face.kind === 'inverse' && positions.length > 0)
      return { ...made, kind: 'element', of: group(face), indices: separated(positions) };
    return positions.length === 0 || kind === 'argument'
      ? face
      : onLetter(face, (letter) => withIndices(letter, positions));
  }

  fn(name: string, order: number): LetterNode {
    const letter = /^s_\d+$/.test(name) ? letterFrom(name) : upright(name);
    return { ...letter, primes: order };
  }

  /** Returns the indicator [left < right], written as [right > left] if `isTurned`. */
  indicator(relation: IndicatorRelation, left: Expression, right: Expression, isTurned: boolean): Expression {
    const condition: Expression = isTurned
      ? { ...made, kind: 'compare', op: swapped[relation], left: right, right: left }
      : { ...made, kind: 'compare', op: relation, left, right };
    return { ...made, kind: 'indicator', condition };
  }

  sum(index: Index, body: Expression): Expression {
    return this.big('sum', index, body);
  }

  big(op: BigOperator, index: Index, body: Expression): Expression {
    const to = index.size.kind === 'length' ? this.#lengths(index.size) : numberNode(index.length);
    return {
      ...made,
      kind: 'big',
      op,
      indices: [this.index(index)],
      from: numberNode(1),
      to,
      condition: undefined,
      body,
    };
  }
}
