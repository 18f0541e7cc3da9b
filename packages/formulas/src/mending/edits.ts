/** Generates small edits of a formula that undo common mistakes. */

import { bare, type Expression, fraction, type LetterNode, made, number, partsOf, withParts } from '../syntax/ast.ts';
import {
  grouped,
  half,
  letterNamed,
  loose,
  negated,
  one,
  ones,
  product,
  same,
  scaled,
  transposed,
  two,
} from './notation.ts';

/** A changed formula. */
export interface Edit {
  readonly result: Expression;
  /** The size of the change; smaller is preferred. */
  readonly cost: number;
  /** A description of the change in words. */
  readonly what: string;
}

/** The context in which edits are generated. */
export interface Workshop {
  readonly mark: string;
  readonly isNumber: (e: Expression) => boolean;
  /** Counts that may be a factor, such as n. */
  readonly counts: readonly Expression[];
  /** Slopes, such as s'(a), that may be missing as factors. */
  readonly slopes: readonly Expression[];
  /** Chain-rule terms that may be missing: ∂L/∂u ∂u/∂x. */
  readonly ways: readonly Expression[];
  /** Letters that may have been confused. */
  readonly letters: readonly LetterNode[];
  /** Index names that may have been confused. */
  readonly indexNames: readonly string[];
}

const edit = (result: Expression, cost: number, what: string): Edit => ({ result, cost, what });

/** Changes an index by one, or to another letter. */
function indexEdits(
  index: Expression,
  names: readonly string[],
): { readonly index: Expression; readonly cost: number }[] {
  const inside = bare(index);
  const shifted = (by: number): Expression | undefined => {
    if (inside.kind === 'number') {
      const value = Number(inside.text) + by;
      return value >= 0 ? number(value) : undefined;
    }
    if (inside.kind === 'letter')
      return { ...made, kind: 'sum', terms: [inside, number(Math.abs(by))], minus: [false, by < 0] };
    if (inside.kind !== 'sum' || inside.terms.length !== 2) return undefined;
    const [letter, count] = inside.terms as [Expression, Expression];
    if (letter.kind !== 'letter' || count.kind !== 'number') return undefined;
    const value = (inside.minus[1] ? -1 : 1) * Number(count.text) + by;
    return value === 0
      ? letter
      : { ...made, kind: 'sum', terms: [letter, number(Math.abs(value))], minus: [false, value < 0] };
  };
  const moved = [1, -1].flatMap((by) => shifted(by) ?? []).map((to) => ({ index: to, cost: 1 }));
  const renamed =
    inside.kind === 'letter'
      ? names
          .filter((name) => name !== inside.name)
          .map((name) => ({ index: { ...letterNamed(name) } as Expression, cost: 1.2 }))
      : [];
  return [...moved, ...renamed];
}

const isSwappable = (a: Expression, b: Expression): boolean =>
  bare(a).kind === 'letter' && bare(b).kind === 'letter' && !same(a, b);

/** Creates a Kronecker delta: 1 if the two indices are equal, otherwise 0. */
const kronecker = (names: readonly string[]): LetterNode => ({
  ...letterNamed('delta'),
  sub: names.map((name) => letterNamed(name)),
});

function letterEdits(letter: LetterNode, { letters, indexNames }: Workshop): Edit[] {
  const edits: Edit[] = [];
  const changed = (change: Partial<LetterNode>): LetterNode => ({ ...letter, verbatim: false, ...change });
  for (const list of ['sub', 'sup'] as const) {
    letter[list].forEach((index, i) => {
      const isSingle = /^[a-z]$|^ell$/.test((bare(index) as Partial<LetterNode>).name ?? '') && letter[list].length > 1;
      for (const { index: to, cost } of indexEdits(
        index,
        isSingle || bare(index).kind === 'letter' ? indexNames : [],
      )) {
        edits.push(edit(changed({ [list]: letter[list].with(i, to) }), cost, 'an index'));
      }
    });
    const [first, second] = letter[list];
    if (letter[list].length === 2 && isSwappable(first!, second!))
      edits.push(edit(changed({ [list]: [second!, first!] }), 1, 'the order of indices'));
  }
  for (const other of letters) {
    if (other.name === letter.name && other.alphabet === letter.alphabet) continue;
    edits.push(
      edit(
        {
          ...letter,
          verbatim: false,
          name: other.name,
          alphabet: other.alphabet,
          accents: other.accents,
          face: other.face,
        },
        1.6,
        'a letter',
      ),
    );
  }
  return edits;
}

/** Edits a product: changes the order, removes a factor, transposes, or replaces a matrix product by a Hadamard product. */
function productEdits(e: Extract<Expression, { kind: 'product' }>, shop: Workshop): Edit[] {
  const edits: Edit[] = [];
  const { factors } = e;
  const marks = (count: number) => Array.from({ length: count }, () => '' as const);
  factors.forEach((factor, i) => {
    const rest = factors.toSpliced(i, 1);
    const isNumeral = factor.kind === 'number' || (factor.kind === 'fraction' && shop.isNumber(factor));
    edits.push(
      edit(
        rest.length === 1 ? rest[0]! : { ...made, kind: 'product', factors: rest, marks: marks(rest.length - 1) },
        isNumeral ? 1 : 1.5,
        'a factor',
      ),
    );
    const next = factors[i + 1];
    if (next === undefined || shop.isNumber(factor) || shop.isNumber(next)) return;
    const swapped = factors.with(i, next).with(i + 1, factor);
    edits.push(edit({ ...made, kind: 'product', factors: swapped, marks: e.marks }, 1, 'the order of factors'));
    const numbers = factors.slice(0, i + 1).filter(shop.isNumber);
    const [left, right] = [factors.slice(0, i + 1).filter((part) => !shop.isNumber(part)), factors.slice(i + 1)];
    const split = loose(product(left), product(right));
    edits.push(
      edit(
        numbers.length === 0 ? split : product([...numbers, grouped(split)]),
        1,
        'an elementwise product instead of a matrix product',
      ),
    );
  });
  const arrays = factors.filter((factor) => !shop.isNumber(factor));
  if (arrays.length > 0) edits.push(edit(transposed(e, shop.mark, shop.isNumber), 1, 'a transpose'));
  // Replaces 2 M by M + M^T.
  const [first, second, ...rest] = factors;
  if (first?.kind === 'number' && first.text === '2' && second !== undefined && !shop.isNumber(second)) {
    const both = symmetrised(second, shop);
    edits.push(edit(rest.length === 0 ? bare(both) : product([both, ...rest]), 1.4, 'adding the transpose'));
  }
  return edits;
}

const symmetrised = (e: Expression, { mark, isNumber }: Workshop): Expression =>
  grouped({ ...made, kind: 'sum', terms: [e, transposed(e, mark, isNumber)], minus: [false, false] });

function sumEdits(e: Extract<Expression, { kind: 'sum' }>): Edit[] {
  const edits: Edit[] = [];
  e.terms.forEach((_, i) => {
    edits.push(edit({ ...e, verbatim: false, minus: e.minus.with(i, !e.minus[i]) }, 1, 'a sign'));
    if (e.terms.length > 1) {
      const [terms, minus] = [e.terms.toSpliced(i, 1), e.minus.toSpliced(i, 1)];
      edits.push(
        edit(terms.length === 1 && !minus[0] ? terms[0]! : { ...e, verbatim: false, terms, minus }, 1.5, 'a term'),
      );
    }
  });
  return edits;
}

/** Edits the outermost operation of an expression, and leaves the operands unchanged. */
function outermost(e: Expression, shop: Workshop, isTop: boolean): Edit[] {
  const edits: Edit[] = [];
  const isArray = !shop.isNumber(e);
  switch (e.kind) {
    case 'letter':
      edits.push(...letterEdits(e, shop));
      break;
    case 'product':
      edits.push(...productEdits(e, shop));
      break;
    case 'sum':
      edits.push(...sumEdits(e));
      break;
    case 'loose': {
      const numbers = [e.left, e.right].some(shop.isNumber);
      edits.push(edit(product([e.left, e.right]), 1, 'a matrix product instead of an elementwise product'));
      if (!numbers) {
        edits.push(edit(product([e.right, e.left]), 1.2, 'a matrix product instead of an elementwise product'));
        edits.push(
          edit(
            product([{ ...made, kind: 'transpose', of: e.left, mark: shop.mark }, e.right]),
            1.5,
            'a matrix product instead of an elementwise product',
          ),
        );
      }
      edits.push(edit(e.left, 1.5, 'a factor'), edit(e.right, 1.5, 'a factor'));
      break;
    }
    case 'number':
      if (e.text === '1' && shop.indexNames.length === 2)
        edits.push(edit(kronecker(shop.indexNames), 1.4, 'a Kronecker delta'));
      if (/^\d+$/.test(e.text))
        for (const by of [1, -1])
          if (Number(e.text) + by > 0) edits.push(edit(number(Number(e.text) + by), 1.2, 'a number'));
      break;
    case 'fraction':
      edits.push(edit(e.numerator, 1.2, 'a denominator'));
      if (shop.isNumber(e)) edits.push(edit(fraction(e.denominator, e.numerator), 1.2, 'a fraction'));
      break;
    case 'power':
      edits.push(edit(e.base, 1, 'a power'));
      break;
    case 'inverse':
      edits.push(edit(e.of, 1.2, 'an inverse'));
      break;
    case 'call': {
      const { fn } = e;
      if (fn.primes > 0)
        edits.push(edit({ ...e, verbatim: false, fn: { ...fn, verbatim: false, primes: 0 } }, 1, 'a derivative'));
      else if (!shop.isNumber(e) || fn.alphabet === 'plain')
        edits.push(edit({ ...e, verbatim: false, fn: { ...fn, verbatim: false, primes: 1 } }, 1, 'a derivative'));
      for (const { result, cost, what } of letterEdits(fn, { ...shop, letters: [] }))
        edits.push(edit({ ...e, verbatim: false, fn: result as LetterNode }, cost, what));
      break;
    }
    case 'big':
      edits.push(edit(e.body, 1.5, 'a sum'));
      break;
    default:
  }
  if (e.kind === 'transpose') edits.push(edit(e.of, 1, 'a transpose'));
  else if (
    isArray &&
    (e.kind === 'letter' ||
      e.kind === 'inverse' ||
      e.kind === 'group' ||
      e.kind === 'call' ||
      e.kind === 'derivative' ||
      e.kind === 'loose' ||
      e.kind === 'sum')
  ) {
    edits.push(edit(transposed(e, shop.mark, shop.isNumber), 1, 'a transpose'));
    if (e.kind === 'letter') edits.push(edit({ ...made, kind: 'inverse', of: e }, 1.6, 'an inverse'));
  }
  if (isTop || e.kind === 'loose') edits.push(...factorEdits(e, shop, isTop));
  return edits;
}

/** Adds factors that may be missing or misplaced: signs, numbers, counts, slopes and sums. */
function factorEdits(e: Expression, shop: Workshop, isTop: boolean): Edit[] {
  const edits: Edit[] = [
    edit(negated(e), 1, 'the sign'),
    edit(scaled(e, two), 1, 'the factor 2'),
    edit(scaled(e, half), 1, 'the factor 1/2'),
  ];
  for (const way of isTop ? shop.ways : []) {
    const [terms, minus] = e.kind === 'sum' ? [e.terms, e.minus] : [[e], [false]];
    edits.push(
      edit({ ...made, kind: 'sum', terms: [...terms, way], minus: [...minus, false] }, 1.7, 'a term of the chain rule'),
    );
  }
  for (const count of shop.counts) {
    edits.push(
      edit(scaled(e, fraction(one, count)), 1, 'a size as a factor'),
      edit(scaled(e, count), 1.1, 'a size as a factor'),
    );
  }
  if (shop.isNumber(e)) {
    for (const slope of shop.slopes) edits.push(edit(product([e, slope]), 1.5, 'a derivative'));
    return edits;
  }
  for (const slope of shop.slopes)
    edits.push(edit(loose(e.kind === 'sum' ? grouped(e) : e, slope), 1.5, 'a derivative'));
  const transposedOnes: Expression = { ...made, kind: 'transpose', of: ones(), mark: shop.mark };
  edits.push(
    edit(product([transposedOnes, e.kind === 'sum' || e.kind === 'loose' ? grouped(e) : e]), 1.8, 'a sum over rows'),
  );
  edits.push(
    edit(product([e.kind === 'sum' || e.kind === 'loose' ? grouped(e) : e, ones()]), 1.8, 'a sum over columns'),
  );
  edits.push(
    edit(
      product([transposed(e.kind === 'sum' ? grouped(e) : e, shop.mark, shop.isNumber), ones()]),
      1.9,
      'a sum over rows',
    ),
  );
  edits.push(edit(bare(symmetrised(e, shop)), 1.6, 'adding the transpose'));
  return edits;
}

/** Returns all small edits of an expression, each changing one of its parts. */
export function editsOf(e: Expression, shop: Workshop, isTop = true): Edit[] {
  const edits = outermost(e, shop, isTop);
  const parts = partsOf(e);
  parts.forEach((part, i) => {
    // The differentiated expression stays unchanged; only the variable may be mistaken.
    if (e.kind === 'derivative' && i === 0) return;
    const isTerm = e.kind === 'sum' || (e.kind === 'group' && isTop);
    for (const { result, cost, what } of editsOf(part, shop, isTerm && isTop)) {
      edits.push(edit(withParts(e, parts.with(i, result)), cost, what));
    }
  });
  return edits;
}
