/**
 * Determines the roles of indices: which count layers, times or points, which select elements, and which are only
 * labels. A letter with indices of the first kind stands for a family: W_1, …, W_L are its members.
 */

import { indexNames } from '../../statements/conditions.ts';
import type { Statement } from '../../statements/statement.ts';
import {
  type Alphabet,
  bare,
  type Expression,
  isOverIndices,
  keyOf,
  type LetterNode,
  partsOf,
} from '../../syntax/ast.ts';
import { textOf } from '../../syntax/print-text.ts';
import { dimensionsOf } from '../shapes/spaces.ts';
import { writtenOut } from './written-out.ts';

/**
 * An occurrence of a letter: its key, the indices that select a member of its family, and those that select an element
 * of that member.
 */
export interface Use {
  readonly key: string;
  readonly members: readonly Expression[];
  readonly elements: readonly Expression[];
}

export interface LetterInfo {
  readonly key: string;
  readonly name: string;
  readonly alphabet: Alphabet;
  /** One of its occurrences. */
  readonly sample: LetterNode;
  /** The number of indices that select a member of a family; these come first. */
  readonly family: number;
  /** The number of indices that select an element. */
  readonly elements: number;
  /** Whether it also occurs without its family index, and then denotes an arbitrary point. */
  readonly isGeneric: boolean;
}

interface Occurrence {
  readonly letter: LetterNode;
  readonly statement: number;
  readonly sup: readonly Expression[];
  readonly sub: readonly Expression[];
}

/** Letters that usually count layers and times. */
const counters = /^(?:l|ell|L|t|T|tau)$/;
const usualIndices = /^(?:i|j|k|l|ell|m|n|t|s|p|q|r|u|L|T|tau)$/;

/** Visits the letters of an expression that aren't indices, including the functions that are called. */
export function eachLetter(e: Expression, visit: (letter: LetterNode) => void): void {
  if (e.kind === 'letter') visit(e);
  if (e.kind === 'call') visit(e.fn);
  if (e.kind === 'big') for (const bound of [e.from, e.to]) if (bound !== undefined) eachLetter(bound, visit);
  for (const part of partsOf(e)) eachLetter(part, visit);
}

const isArithmetic = (e: Expression): boolean => {
  const inside = bare(e);
  return (
    inside.kind === 'sum' &&
    inside.terms.some(({ kind }) => kind === 'letter') &&
    inside.terms.some(({ kind }) => kind === 'number')
  );
};
const letterName = (e: Expression): string | undefined => {
  const inside = bare(e);
  return inside.kind === 'letter' && inside.sub.length + inside.sup.length === 0 ? inside.name : undefined;
};
const isNumber = (e: Expression): boolean => bare(e).kind === 'number';
const isSmall = (name: string | undefined): name is string => name !== undefined && /^[a-z]$/.test(name);

/** Returns the names that are bound by a sum or a loop, or that occur with a number added in an index. */
function boundNames(statements: readonly Statement[]): Set<string> {
  const names = new Set<string>();
  const inIndex = (index: Expression): void => {
    if (!isArithmetic(index)) return;
    for (const term of (bare(index) as { terms: readonly Expression[] }).terms) {
      const name = letterName(term);
      if (name !== undefined) names.add(name);
    }
  };
  const pairs = new Map<string, [string, string][]>();
  const plain = new Set<string>();
  const visit = (e: Expression): void => {
    if (e.kind === 'big' && isOverIndices(e)) for (const index of e.indices) names.add(index.name);
    // In [X Y]_{ab}, a and b can only be indices.
    if (e.kind === 'element') for (const name of e.indices.map(letterName)) if (isSmall(name)) names.add(name);
    if (e.kind === 'letter') {
      if (isBare(e)) plain.add(keyOf(e));
      for (const index of [...e.sub, ...e.sup]) inIndex(index);
      const [first, second, third] = e.sub.map(letterName);
      if (first !== undefined && second !== undefined && third === undefined)
        pairs.set(keyOf(e), [...(pairs.get(keyOf(e)) ?? []), [first, second]]);
    }
    if (e.kind === 'call') for (const index of [...e.fn.sub, ...e.fn.sup]) inIndex(index);
    for (const part of partsOf(e)) visit(part);
  };
  for (const { sides, ranges, conditions } of statements) {
    for (const { index } of ranges) names.add(index.name);
    for (const name of conditions.flatMap(indexNames)) names.add(name);
    for (const side of sides) visit(side);
  }
  // With x_ij on a page, x_nd is an element too.
  for (const [key, all] of pairs) {
    // With a matrix V on a page, V_ab is an element of it, unless a and b have other meanings: W_xh may be a weight.
    for (const [first, second] of plain.has(key) ? all : []) {
      const isElement = first !== second && [first, second].every((name) => isSmall(name) && !plain.has(name));
      if (isElement) names.add(first).add(second);
    }
    if (!all.some((pair) => pair.every((name) => usualIndices.test(name)))) continue;
    for (const pair of all) {
      const isElement = pair.some((name) => usualIndices.test(name)) && pair.every(isSmall);
      if (isElement) for (const name of pair) names.add(name);
    }
  }
  return names;
}

const isBare = ({ sub, sup }: LetterNode): boolean => sub.length + sup.length === 0;
const isUpper = ({ name }: LetterNode): boolean => /^\p{Lu}/u.test(name);
const isCapitalOrBold = (letter: LetterNode): boolean => letter.alphabet === 'bold' || isUpper(letter);

/** Determines the roles of each letter's indices from all statements of a page. */
export class Letters {
  readonly #labels = new Map<string, Set<string>>();
  readonly #infos = new Map<string, LetterInfo>();
  readonly #bound: ReadonlySet<string>;
  /** Letters that are declared as matrices without an index. */
  readonly #matrices = new Set<string>();
  /** Letters whose arrays are written out by their elements. */
  readonly #writtenOut = new Set<string>();
  /** Letters that are computed from their own members: the mean f of functions f_i. */
  readonly #combined = new Set<string>();

  constructor(statements: readonly Statement[]) {
    this.#bound = boundNames(statements);
    for (const statement of statements) {
      const { sides, relations } = statement;
      const [left, right] = sides.map(bare);
      const array = writtenOut(statement);
      if (array !== undefined) this.#writtenOut.add(keyOf(array.letter));
      const whole = left?.kind === 'call' ? left.fn : undefined;
      if (whole !== undefined && isBare(whole) && right !== undefined)
        eachLetter(right, (part) => {
          if (keyOf(part) === keyOf(whole) && part.sub.length === 1) this.#combined.add(keyOf(whole));
        });
      const by = right?.kind === 'derivative' ? bare(right.by[0]!) : undefined;
      const isMatrix =
        (relations[0] === 'in' && right !== undefined && dimensionsOf(right)?.columns !== undefined) ||
        (by?.kind === 'letter' && this.#matrices.has(keyOf(by)));
      if (isMatrix && left?.kind === 'letter' && left.sub.length + left.sup.length === 0)
        this.#matrices.add(keyOf(left));
    }
    const raw: { letter: LetterNode; statement: number }[] = [];
    statements.forEach(({ sides }, statement) => {
      for (const side of sides) eachLetter(side, (letter) => raw.push({ letter, statement }));
    });
    this.#findLabels(raw.map(({ letter }) => letter));
    const byKey = new Map<string, Occurrence[]>();
    for (const { letter, statement } of raw) {
      const { key, sup, sub } = this.#split(letter);
      const list = byKey.get(key) ?? [];
      byKey.set(key, list);
      list.push({ letter, statement, sup, sub });
    }
    const points = this.#pointNames(byKey);
    for (const [key, uses] of byKey) this.#infos.set(key, this.#describe(key, uses, points));
  }

  /** All letters, by their keys. */
  get all(): ReadonlyMap<string, LetterInfo> {
    return this.#infos;
  }

  infoOf(key: string): LetterInfo | undefined {
    return this.#infos.get(key);
  }

  /** Splits the indices of an occurrence by their roles. */
  useOf(letter: LetterNode): Use {
    const known = this.#uses.get(letter);
    if (known !== undefined) return known;
    const found = this.#useOf(letter);
    this.#uses.set(letter, found);
    return found;
  }

  readonly #uses = new WeakMap<LetterNode, Use>();

  #useOf(letter: LetterNode): Use {
    const { key, sup, sub } = this.#split(letter);
    const info = this.#infos.get(key);
    const indices = [...sup, ...sub];
    const family = info?.family ?? sup.length;
    // A letter without its family index means any member, so its indices select an element.
    const isShort =
      indices.length < family ||
      (indices.length < family + (info?.elements ?? 0) &&
        indices.length === (info?.elements ?? 0) &&
        info?.isGeneric === true &&
        sup.length === 0 &&
        indices.length > 0);
    const members = isShort ? [] : indices.slice(0, family);
    return { key, members, elements: isShort ? indices : indices.slice(family) };
  }

  /** Whether a name is an index on this page. */
  isIndexName(name: string): boolean {
    return this.#bound.has(name) || usualIndices.test(name);
  }

  /** Finds subscripts that are words, or letters that don't count anything: W_{xh}, or W_Q next to W_K. */
  #findLabels(letters: readonly LetterNode[]): void {
    const byKey = new Map<string, LetterNode[]>();
    for (const letter of letters) byKey.set(keyOf(letter), [...(byKey.get(keyOf(letter)) ?? []), letter]);
    for (const [key, all] of byKey) {
      const lists = all.flatMap(({ sub, sup }) => [sub, sup]).filter((list) => list.length > 0);
      const labels = new Set<string>();
      const names = (list: readonly Expression[]): (string | undefined)[] => list.map(letterName);
      // With both p_y and p_k on a page, the true class y is an index too.
      const isElement = lists.some((list) => list.length === 1 && /^[ijk]$/.test(letterName(list[0]!) ?? ''));
      const isForeign = (name: string | undefined): boolean =>
        name !== undefined && !this.isIndexName(name) && !/^[A-Z]$/.test(name) && !(isElement && /^[yc]$/.test(name));
      const isLast = (name: string | undefined): boolean => name !== undefined && /^[A-Z]$/.test(name);
      const counts = lists.some(
        (list) =>
          list.length === 1 &&
          (isArithmetic(list[0]!) || isNumber(list[0]!) || counters.test(letterName(list[0]!) ?? '')),
      );
      const hasBare = all.some(isBare);
      const hasForeign = lists.some((list) => names(list).some(isForeign));
      const usesIndex = lists.some((list) => names(list).some((name) => name !== undefined && this.#bound.has(name)));
      for (const list of lists) {
        const of = names(list);
        const text = list.map(textOf).join('');
        if (list.some(({ kind }) => kind === 'prose')) labels.add(text);
        // Elements count from 1, so x_0 beside x is another value of x.
        else if (text === '0' && hasBare && lists.every((other) => other.map(textOf).join('') === '0'))
          labels.add(text);
        else if (of.some(isForeign)) labels.add(text);
        // Matches W_Q next to W_K, and W_q, W_k, W_v.
        else if (list.length === 1 && isLast(of[0]) && !counts && !usesIndex) labels.add(text);
        else if (hasForeign && of.every((name) => name !== undefined) && !of.some((name) => this.#bound.has(name!)))
          labels.add(text);
        else if (
          list.some(
            (index) =>
              !isNumber(index) && letterName(index) === undefined && !isArithmetic(index) && index.kind !== 'dots',
          )
        )
          labels.add(text);
      }
      this.#labels.set(key, labels);
    }
  }

  #split(letter: LetterNode): { key: string; sup: readonly Expression[]; sub: readonly Expression[] } {
    const labels = this.#labels.get(keyOf(letter));
    let key = keyOf(letter);
    const own = (list: readonly Expression[]): readonly Expression[] => {
      const text = list.map(textOf).join('');
      if (list.length === 0 || labels?.has(text) !== true) return list;
      const indices = list.filter((index) => {
        const name = letterName(index);
        return name !== undefined && list.length > 1 && this.#bound.has(name);
      });
      key += `_${list
        .filter((index) => !indices.includes(index))
        .map(textOf)
        .join('')}`;
      return indices;
    };
    const sub = own(letter.sub);
    const sup = own(letter.sup);
    return { key, sup, sub };
  }

  /**
   * Returns, for each statement, the names of indices that count points: subscripts of bold vectors, and superscripts
   * that don't usually count layers or times.
   */
  #pointNames(byKey: ReadonlyMap<string, readonly Occurrence[]>): Map<number, Set<string>> {
    const names = new Map<number, Set<string>>();
    for (const uses of byKey.values()) {
      for (const { letter, statement, sub, sup } of uses) {
        const isVector = letter.alphabet === 'bold' && !isUpper(letter) && sub.length === 1;
        const [index] = isVector ? sub : sup;
        const name = index === undefined ? undefined : letterName(index);
        if (name === undefined || counters.test(name)) continue;
        names.set(statement, (names.get(statement) ?? new Set()).add(name));
      }
    }
    return names;
  }

  #describe(key: string, uses: readonly Occurrence[], points: ReadonlyMap<number, ReadonlySet<string>>): LetterInfo {
    const sample = uses[0]!.letter;
    const supCount = Math.max(...uses.map(({ sup }) => sup.length));
    const subCount = Math.max(...uses.map(({ sub }) => sub.length));
    let ofSub = 0;
    for (let at = 0; at < subCount; at++) {
      const values = uses.flatMap(({ sub, statement }) =>
        sub[at] === undefined ? [] : [{ index: sub[at]!, statement }],
      );
      if (at === ofSub && this.#isFamilySlot(sample, uses, values, subCount, points)) ofSub++;
    }
    // a_i next to a_ij denotes a row of a table.
    const single = uses.some(({ sub }) => sub.length === 1);
    if (ofSub === 0 && subCount === 2 && single) ofSub = 1;
    if (subCount - ofSub > 2) ofSub = subCount - 2;
    const family = supCount + ofSub;
    const isGeneric = family > 0 && uses.some(({ sub, sup }) => sup.length + sub.length < family);
    return { key, name: sample.name, alphabet: sample.alphabet, sample, family, elements: subCount - ofSub, isGeneric };
  }

  #isFamilySlot(
    sample: LetterNode,
    uses: readonly Occurrence[],
    values: readonly { index: Expression; statement: number }[],
    count: number,
    points: ReadonlyMap<number, ReadonlySet<string>>,
  ): boolean {
    const isCounted = values.some(({ index }) => isArithmetic(index) || counters.test(letterName(index) ?? ''));
    if (isCounted) return true;
    if (count === 1 && this.#combined.has(keyOf(sample))) return true;
    // If a letter has its layer as a superscript, its subscript selects an element.
    const isLayered = uses.some(({ sup, sub }) => sup.length > 0 && sub.length > 0);
    const isNumbered = values.every(({ index }) => isNumber(index));
    // W_1 and W_2 are weights, not rows of W, even if one declaration gives the shape of them all.
    const isWhole =
      this.#writtenOut.has(keyOf(sample)) ||
      (this.#matrices.has(keyOf(sample)) && !(isNumbered && /^(?:W|U|V|Theta)$/.test(sample.name)));
    if (count === 1 && isCapitalOrBold(sample) && !isLayered && !isWhole) return true;
    const countsPoints = values.some(
      ({ index, statement }) => points.get(statement)?.has(letterName(index) ?? '') === true,
    );
    if (count === 1 && countsPoints) return true;
    const hasBare = uses.some(({ sub, sup }) => sub.length + sup.length === 0);
    return count === 1 && isNumbered && !hasBare;
  }
}
