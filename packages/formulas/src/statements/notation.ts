/** Finds facts about letters on which parsing depends: which are functions, and which have superscript indices. */

import { holdsOwnValue } from '../parsing/applications.ts';
import type { Notation } from '../parsing/cursor.ts';
import { bare, type Expression, keyOf, type LetterNode, made, walk } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';

export const noNotation: Notation = {
  functions: new Set(),
  superscripted: new Set(),
  bracketed: new Set(),
  differences: false,
  variables: undefined,
  twofold: new Set(),
  differentials: new Set(),
  impliedSums: false,
  ownE: false,
};

/** Letters that are functions whenever brackets follow them. */
const usual = /^(?:sigma|phi|varphi|psi|f|g|h|s|rho|F|G|H|p|q|softmax|act|k)$/;
/** Letters that usually denote losses: L(w) is the loss, not a product. */
const losses = /^(?:L|J|E|C|ell|R|l|Loss|loss|cost|Cost|MSE|CE|NLL|BCE|Q)$/;

interface Uses {
  total: number;
  applied: number;
  /** How often it has several arguments. */
  listed: number;
  primed: number;
  /** Whether it is transposed or inverted, and therefore a matrix. */
  isMatrix: boolean;
  letter: LetterNode;
}

/** Counts how often each letter occurs, and how often brackets follow it. */
function usesIn(expressions: readonly Expression[]): Map<string, Uses> {
  const uses = new Map<string, Uses>();
  const at = (letter: LetterNode): Uses => {
    const key = keyOf(letter);
    const known = uses.get(key) ?? { total: 0, applied: 0, listed: 0, primed: 0, isMatrix: false, letter };
    uses.set(key, known);
    return known;
  };
  const visit = (e: Expression): void => {
    if (e.kind === 'letter') {
      at(e).total++;
      if (e.primes > 0) at(e).primed++;
    }
    const base = e.kind === 'transpose' || e.kind === 'inverse' ? bare(e.of) : undefined;
    if (base?.kind === 'letter') at(base).isMatrix = true;
    if (e.kind === 'call' && e.fn.alphabet !== 'upright') at(e.fn).applied++;
    if (e.kind !== 'product') return;
    e.factors.forEach((factor, i) => {
      const next = e.factors[i + 1];
      const isCalled = next?.kind === 'group' && next.open !== '{' && e.marks[i] === '';
      if (factor.kind !== 'letter' || !isCalled || holdsOwnValue(next, factor)) return;
      at(factor).applied++;
      if (next.body.kind === 'tuple') at(factor).listed++;
    });
  };
  for (const e of expressions) walk(e, visit);
  return uses;
}

/** Returns the letter that f(x) = … defines as a function. */
function definedFunction(left: Expression): LetterNode | undefined {
  if (left.kind !== 'product' || left.factors.length !== 2) return undefined;
  const [fn, argument] = left.factors as [Expression, Expression];
  if (fn.kind !== 'letter' || argument.kind !== 'group') return undefined;
  const inside = argument.body.kind === 'tuple' ? argument.body.items : [argument.body];
  return inside.every((item) => bare(item).kind === 'letter') ? fn : undefined;
}

/** Returns the letters that have a superscript which was parsed as an index of layers or times, such as l or l - 1. */
function superscriptedIn(expressions: readonly Expression[]): Pick<Notation, 'superscripted' | 'bracketed'> {
  const plain = new Set<string>();
  const powers = new Map<string, Set<string>>();
  const found = new Set<string>();
  const note = (letter: LetterNode, exponent: Expression): void => {
    const inside = bare(exponent);
    const text = inside.kind === 'letter' ? inside.name : inside.kind === 'number' ? inside.text : '';
    const key = keyOf(letter);
    powers.set(key, (powers.get(key) ?? new Set()).add(text));
  };
  for (const e of expressions) {
    walk(e, (part) => {
      if (part.kind === 'letter' && part.sup.length > 0) {
        found.add(keyOf(part));
        if (part.brackets === '') plain.add(keyOf(part));
      }
      if (part.kind === 'power' && part.base.kind === 'letter') note(part.base, part.exponent);
    });
  }
  return { superscripted: found, bracketed: new Set([...found].filter((key) => !plain.has(key))) };
}

/**
 * Returns the letters that have two subscripts: w_{ij} occurs, or all subscripts are numbers of two digits that form a
 * table, as in w_{11}, w_{12}, w_{21}, w_{22}.
 */
function twofoldIn(expressions: readonly Expression[]): Set<string> {
  const lists = new Map<string, (readonly Expression[])[]>();
  for (const e of expressions) {
    walk(e, (part) => {
      if (part.kind !== 'letter' || part.sub.length === 0 || part.sup.length > 0) return;
      lists.set(keyOf(part), [...(lists.get(keyOf(part)) ?? []), part.sub]);
    });
  }
  const found = new Set<string>();
  for (const [key, all] of lists) {
    const numbers = all.flatMap(([index, second]) =>
      index?.kind === 'number' && second === undefined ? [index.text] : [],
    );
    const digits = [0, 1].map((place) => new Set(numbers.map((text) => text[place])));
    const isTable = numbers.length === all.length && digits.every(({ size }) => size > 1);
    const isTwofold = all.some(
      (sub) => sub.length === 2 && sub.every(({ kind }) => kind === 'letter' || kind === 'number'),
    );
    if ((isTwofold || isTable) && numbers.every((text) => /^[1-9]{2}$/.test(text))) found.add(key);
  }
  return found;
}

/** Returns whether the page uses e as a letter: it is defined, differentiated, or a variable of differentiation. */
function ownsE(statements: readonly (readonly Expression[])[]): boolean {
  const isE = (e: Expression | undefined): boolean => {
    const inside = e && bare(e);
    return inside?.kind === 'letter' && inside.name === 'e' && /^(?:plain|upright)$/.test(inside.alphabet);
  };
  let found = statements.some(([left, ...others]) => others.length > 0 && isE(left));
  for (const side of statements.flat()) {
    walk(side, (e) => {
      if (e.kind === 'derivative' && e.mark !== 'differential') found ||= isE(e.of) || e.by.some(isE);
    });
  }
  return found;
}

/** Returns the arguments with which functions occur first, if these are letters. */
function variablesIn(expressions: readonly Expression[], functions: ReadonlySet<string>): Map<string, Expression> {
  const found = new Map<string, Expression>();
  const note = (fn: Expression, args: Expression): void => {
    const isNew = fn.kind === 'letter' && functions.has(keyOf(fn)) && !found.has(keyOf(fn));
    const items = args.kind === 'tuple' ? args.items : [args];
    const isPlain = items.every((item) => item.kind === 'letter' && item.sub.length + item.sup.length === 0);
    if (isNew && isPlain) found.set(keyOf(fn), args);
  };
  for (const e of expressions) {
    walk(e, (part) => {
      if (part.kind === 'call') note(part.fn, listOf(part.args));
      if (part.kind !== 'product') return;
      part.factors.forEach((factor, i) => {
        const next = part.factors[i + 1];
        if (next?.kind === 'group' && part.marks[i] === '') note(factor, next.body);
      });
    });
  }
  return found;
}

/** Returns the variables of gradients that are written as lists of derivatives: ∇L = [∂L/∂w, ∂L/∂b]. */
function listedVariables(statements: readonly (readonly Expression[])[]): Map<string, Expression> {
  const found = new Map<string, Expression>();
  for (const sides of statements) {
    const of = sides.map(bare).find((side) => side.kind === 'derivative' && side.by[0]?.kind === 'prose');
    const letter = of?.kind === 'derivative' ? bare(of.of) : undefined;
    if (letter?.kind !== 'letter') continue;
    for (const side of sides) {
      const items = itemsOf(side).map(bare);
      const by = items.flatMap((item) =>
        item.kind === 'derivative' && item !== of && textOf(bare(item.of)) === textOf(letter)
          ? item.by.slice(0, 1)
          : [],
      );
      if (by.length > 0 && by.length === items.length) found.set(keyOf(letter), listOf(by));
    }
  }
  return found;
}

function itemsOf(e: Expression): readonly Expression[] {
  const inside = bare(e);
  if (inside.kind === 'transpose' || inside.kind === 'element') return itemsOf(inside.of);
  if (inside.kind === 'matrix') return inside.rows.flat();
  return inside.kind === 'tuple' ? inside.items : [inside];
}

const listOf = (items: readonly Expression[]): Expression =>
  items.length === 1 ? items[0]! : { ...made, kind: 'tuple', items };

const isDelta = (e: Expression): boolean =>
  e.kind === 'letter' && e.name === 'Delta' && e.sub.length + e.sup.length === 0;

/** Returns whether each \Delta of a page stands directly before a letter, and denotes its change. */
function writesDifferences(expressions: readonly Expression[]): boolean {
  let [all, before] = [0, 0];
  for (const e of expressions) {
    walk(e, (part) => {
      if (isDelta(part)) all++;
      if (part.kind !== 'product') return;
      before += part.factors.filter(
        (factor, i) => isDelta(factor) && part.factors[i + 1]?.kind === 'letter' && part.marks[i] === '',
      ).length;
    });
  }
  return all > 0 && all === before;
}

/** Determines a page's notation from its formulas, as parsed without knowing it. */
export function notationOf(
  sides: readonly (readonly Expression[])[],
  { differentials, impliedSums }: Pick<Notation, 'differentials' | 'impliedSums'>,
): Notation {
  const expressions = sides.flat();
  const functions = new Set<string>();
  for (const [key, { total, applied, listed, primed, isMatrix, letter }] of usesIn(expressions)) {
    const isBoldCapital = letter.alphabet === 'bold' && /^\p{Lu}/u.test(letter.name);
    if (applied === 0 || (primed === 0 && (isMatrix || isBoldCapital))) continue;
    const isUsual = usual.test(letter.name) && applied + primed >= total * 0.6;
    const isLoss = losses.test(letter.name) && applied > 0;
    // \text{CrossEntropy}(Z, y): a word with several arguments.
    const isWord = letter.alphabet === 'upright' && letter.name.length > 2 && listed === total;
    if (primed > 0 || isUsual || isLoss || isWord) functions.add(key);
  }
  for (const [left] of sides) {
    const fn = left && definedFunction(left);
    if (fn !== undefined) functions.add(keyOf(fn));
  }
  const variables = new Map([...variablesIn(expressions, functions), ...listedVariables(sides)]);
  const twofold = twofoldIn(expressions);
  return {
    functions,
    ...superscriptedIn(expressions),
    variables,
    twofold,
    differences: writesDifferences(expressions),
    differentials,
    impliedSums,
    ownE: ownsE(sides),
  };
}
