/**
 * Writes terms as matrix formulas. Sums over an index become products, a free index that is missing becomes a vector of
 * ones, and factors that depend on only a row or a column become diagonal matrices.
 */

import { type Expression, fraction, made, number as numberNode, walk } from '../../syntax/ast.ts';
import { product } from '../terms/simplify.ts';
import { freeIndices, type Index, indexOf, type ProductTerm, type SymbolTerm, type Term } from '../terms/terms.ts';
import {
  call,
  diag,
  group,
  looseOf,
  negative,
  numberOf,
  ones,
  powerOf,
  productOf,
  quotientOf,
  splitFront,
  sqrt,
  sumOf,
  transposed,
} from './build.ts';
import type { Faces } from './faces.ts';

/** Thrown for a term without a matrix form. */
export class NoMatrixForm extends Error {
  override readonly name = 'NoMatrixForm';
}

/** The row and column indices of an expression; `undefined` for an axis of length 1. */
interface Frame {
  readonly rows: Index | undefined;
  readonly columns: Index | undefined;
}

/** A pair of indices, with factors whose elements are multiplied. */
interface Edge {
  readonly from: Index;
  readonly to: Index;
  readonly factors: Expression[];
}

export class MatrixForm {
  readonly #faces: Faces;
  /** The indices of examples, which letters show as superscripts. */
  readonly #fixed: ReadonlySet<Index>;

  constructor(faces: Faces, fixed: ReadonlySet<Index>) {
    this.#faces = faces;
    this.#fixed = fixed;
  }

  /** Writes a term as a matrix, a column or a number, depending on its indices. */
  write(term: Term, frame: Frame): Expression {
    return this.#broadcast(term, frame, frame);
  }

  #uses(term: Term, index: Index | undefined): boolean {
    return index !== undefined && freeIndices(term).includes(index);
  }

  /** Adds vectors of ones for the wanted indices on which a term doesn't depend. */
  #broadcast(term: Term, frame: Frame, wanted: Frame): Expression {
    const [rows, columns] = [this.#uses(term, frame.rows), this.#uses(term, frame.columns)];
    const e = this.#form(term, frame);
    const [needsRows, needsColumns] = [wanted.rows !== undefined && !rows, wanted.columns !== undefined && !columns];
    if (!needsRows && !needsColumns) return e;
    if (term.kind === 'number' && wanted.rows !== undefined && wanted.columns !== undefined) return e;
    const inner = e.kind === 'sum' && e.terms.length > 1 ? group(e) : e;
    const signed =
      e.kind === 'sum' && e.terms.length === 1 ? { minus: true, e: e.terms[0]! } : { minus: false, e: inner };
    const whole = ((): Expression => {
      if (needsRows && needsColumns) return productOf([signed.e, ones, transposed(ones)]);
      if (wanted.columns === undefined || wanted.rows === undefined) return productOf([signed.e, ones]);
      if (!needsRows) return productOf([signed.e, transposed(ones)]);
      const { front, rest } = splitFront(signed.e);
      return productOf([...front, ones, transposed(productOf(rest))]);
    })();
    return signed.minus ? negative(whole) : whole;
  }

  /** Writes a term by the indices that it has: with only one of the two, it becomes a column over that index. */
  #form(term: Term, frame: Frame): Expression {
    switch (term.kind) {
      case 'number':
        return numberOf(term.value);
      case 'length':
        return this.#faces.length(term);
      case 'symbol':
        return this.#symbol(term, frame);
      case 'sum': {
        const wanted = this.#own(term, frame);
        return sumOf(term.terms.map((part) => this.#broadcast(part, frame, wanted)));
      }
      case 'power':
        return this.#power(term.base, term.exponent, frame);
      case 'apply': {
        const wanted = this.#own(term, frame);
        const args = term.args.map((arg) => this.#broadcast(arg, frame, wanted));
        return call(this.#faces.fn(term.fn, term.order), args);
      }
      case 'indicator': {
        const wanted = this.#own(term, frame);
        const [left, right] = [term.left, term.right].map((side) => {
          const isMany = wanted.rows !== undefined || wanted.columns !== undefined;
          return side.kind === 'number' && isMany ? numberOf(side.value) : this.#broadcast(side, frame, wanted);
        }) as [Expression, Expression];
        return this.#faces.indicator(term.relation, left, right, term.left.kind === 'number');
      }
      case 'product':
        return this.#product(term, frame);
      default:
        throw new NoMatrixForm();
    }
  }

  #own(term: Term, frame: Frame): Frame {
    return {
      rows: this.#uses(term, frame.rows) ? frame.rows : undefined,
      columns: this.#uses(term, frame.columns) ? frame.columns : undefined,
    };
  }

  #symbol({ symbol, at }: SymbolTerm, { rows, columns }: Frame): Expression {
    const positions = at
      .map((subscript, axis) => ({ subscript, length: symbol.node.shape[axis]! }))
      .filter(({ subscript }) => subscript.length > 0)
      .map(({ subscript, length }) => {
        const index = subscript.length === 1 ? indexOf(subscript[0]!) : undefined;
        // A part of an axis, or a shifted position, has no matrix form.
        if (index === undefined || index.length !== length) throw new NoMatrixForm();
        return index;
      });
    const lead = positions.length > 2 ? positions.slice(0, -2) : [];
    // A quantity with only example axes has them in front.
    const isFixed = (index: Index): boolean => this.#fixed.has(index) && index !== rows && index !== columns;
    while (lead.length < positions.length && isFixed(positions[lead.length]!)) lead.push(positions[lead.length]!);
    if (!lead.every(isFixed)) throw new NoMatrixForm();
    const [first, second] = positions.slice(lead.length);
    const face = this.#faces.quantity(symbol, lead);
    if (first === undefined) return face;
    if (second === undefined) {
      if (first !== rows && first !== columns) throw new NoMatrixForm();
      return face;
    }
    if (first === rows && second === columns) return face;
    if (first === columns && second === rows) return transposed(face);
    throw new NoMatrixForm();
  }

  #power(base: Term, exponent: number, frame: Frame): Expression {
    const e = this.#form(base, frame);
    const isNumber = !this.#uses(base, frame.rows) && !this.#uses(base, frame.columns);
    if (exponent === 0.5) return e.kind === 'power' && e.base.kind === 'norm' ? e.base : sqrt(e);
    if (exponent === 2 && !isNumber) return looseOf([e, e]);
    if (isNumber && exponent < 0)
      return fraction(numberNode(1), exponent === -1 ? e : this.#power(base, -exponent, frame));
    if (exponent === -0.5) return powerOf(e, numberOf(-0.5), !isNumber);
    return powerOf(e, numberOf(exponent), !isNumber);
  }

  #product(term: ProductTerm, frame: Frame): Expression {
    const { scale, factors, over } = term;
    const outer = over.filter((index) => this.#isOfExamples(factors, index));
    if (outer.length > 0) return this.#overExamples(term, outer, frame);

    const open = [frame.rows, frame.columns, ...over].filter((index) => index !== undefined);
    const scalars: Term[] = [];
    const edges: Edge[] = [];
    const weights = new Map<Index, Term[] | Expression[]>();
    const written = new Map<Index, Expression[]>();
    for (const factor of factors) {
      const free = freeIndices(factor).filter((index) => open.includes(index));
      const [from, to] = free;
      if (free.length > 2) throw new NoMatrixForm();
      if (from === undefined) scalars.push(factor);
      else if (to === undefined) weights.set(from, [...((weights.get(from) as Term[]) ?? []), factor]);
      else this.#addEdge(edges, from, to, [factor], frame);
    }
    for (const [index, list] of weights) written.set(index, [this.#vector(list as Term[], index)]);
    const norm = this.#normOf(factors, over, frame);
    if (norm !== undefined) return this.#front(scale, scalars, norm);

    const numbers: Expression[] = [];
    let pending = [...over];
    while (pending.length > 0) {
      const degree = (index: Index): number => edges.filter(({ from, to }) => from === index || to === index).length;
      const k = pending.reduce((least, index) => (degree(index) < degree(least) ? index : least));
      pending = pending.filter((index) => index !== k);
      const own = edges.filter(({ from, to }) => from === k || to === k);
      for (const edge of own) edges.splice(edges.indexOf(edge), 1);
      const weight = written.get(k);
      written.delete(k);
      if (own.length === 0) numbers.push(this.#total(weight ?? []));
      else if (own.length === 1) {
        const [edge] = own as [Edge];
        const other = edge.from === k ? edge.to : edge.from;
        const vector = productOf([this.#matrix(edge, other), weight === undefined ? ones : looseOf(weight)]);
        written.set(other, [...(written.get(other) ?? []), vector]);
      } else if (own.length === 2) {
        const [a, b] = own as [Edge, Edge];
        const from = a.from === k ? a.to : a.from;
        const to = b.from === k ? b.to : b.from;
        const chain = [
          this.#matrix(a, from),
          ...(weight === undefined ? [] : [diagonal(looseOf(weight))]),
          this.#matrix(b, k),
        ];
        this.#join(edges, { from, to, factors: [productOf(chain)] }, frame);
      } else throw new NoMatrixForm();
    }
    return this.#front(scale, scalars, this.#assembled(edges, written, frame), numbers);
  }

  /**
   * Whether an index only numbers examples, so that letters can show it as a superscript: it is a leading index of
   * every factor that depends on it.
   */
  #isOfExamples(factors: readonly Term[], index: Index): boolean {
    let isFirst = true;
    let rank = 0;
    const visit = (term: Term): void => {
      if (term.kind === 'symbol') {
        const place = term.at.findIndex((subscript) => subscript.some((digit) => indexOf(digit) === index));
        const axes = term.at.filter((subscript) => subscript.length > 0).length;
        if (place !== -1) {
          const before = term.at.slice(0, place).filter((subscript) => subscript.length > 0);
          const isLead = before.every(([digit]) => this.#fixed.has(indexOf(digit!)!) || before.length < axes - 2);
          isFirst &&= isLead;
          rank = Math.max(rank, axes - [...this.#fixed].filter((x) => freeIndices(term).includes(x)).length);
        }
      } else if (term.kind === 'product') term.factors.forEach(visit);
      else if (term.kind === 'sum') term.terms.forEach(visit);
      else if (term.kind === 'power') visit(term.base);
      else if (term.kind === 'apply') term.args.forEach(visit);
      else if (term.kind === 'indicator') [term.left, term.right].forEach(visit);
    };
    factors.forEach(visit);
    return isFirst && rank > 2;
  }

  #overExamples({ scale, factors, over }: ProductTerm, outer: readonly Index[], frame: Frame): Expression {
    const rest = over.filter((index) => !outer.includes(index));
    const inner = new MatrixForm(this.#faces, new Set([...this.#fixed, ...outer]));
    const isScalar = (factor: Term): boolean => freeIndices(factor).length === 0;
    const body = inner.#form(
      product(
        factors.filter((factor) => !isScalar(factor)),
        rest,
      ),
      frame,
    );
    const sums = outer.reduceRight((e, index) => this.#faces.sum(index, e), body);
    return this.#front(scale, factors.filter(isScalar), sums);
  }

  #addEdge(edges: Edge[], from: Index, to: Index, factors: readonly Term[], frame: Frame): void {
    const term = product(factors);
    const [e, turned] = [this.#form(term, { rows: from, columns: to }), this.#form(term, { rows: to, columns: from })];
    const isTurned = transposesIn(turned) < transposesIn(e);
    const edge: Edge = isTurned ? { from: to, to: from, factors: [turned] } : { from, to, factors: [e] };
    this.#join(edges, edge, frame);
  }

  #join(edges: Edge[], edge: Edge, frame: Frame): void {
    const flip = edge.to === frame.rows && edge.from === frame.columns;
    const own: Edge = flip ? { from: edge.to, to: edge.from, factors: edge.factors.map(transposed) } : edge;
    const same = edges.find(
      ({ from, to }) => (from === own.from && to === own.to) || (from === own.to && to === own.from),
    );
    if (same === undefined) edges.push(own);
    else same.factors.push(...(same.from === own.from ? own.factors : own.factors.map(transposed)));
  }

  /** Returns the matrix of an edge, with `from` as its row index. */
  #matrix(edge: Edge, from: Index): Expression {
    const e = hadamard(edge.factors);
    const whole = e.kind === 'sum' || e.kind === 'loose' ? group(e) : e;
    return edge.from === from ? whole : transposed(whole);
  }

  #vector(factors: readonly Term[], index: Index): Expression {
    return hadamard(factors.map((factor) => this.#form(factor, { rows: index, columns: undefined })));
  }

  /** Writes the sum of all elements of an elementwise product of columns: x^T y, or 1^T x. */
  #total(weight: readonly Expression[]): Expression {
    const parts = weight.flatMap(loosePartsOf);
    if (parts.length < 2) return productOf([transposed(ones), ...parts]);
    const last = parts.at(-1)!;
    return productOf([transposed(bracketed(looseOf(parts.slice(0, -1)))), bracketed(last)]);
  }

  /** Writes ||A||^2 if everything is summed and the only factor is a square. */
  #normOf(factors: readonly Term[], over: readonly Index[], frame: Frame): Expression | undefined {
    const isOver = (index: Index | undefined): boolean => index !== undefined && over.includes(index);
    const own = factors.filter((factor) => freeIndices(factor).some(isOver));
    const outside = freeIndices(product(own)).some((index) => index === frame.rows || index === frame.columns);
    if (outside || over.length === 0 || over.length > 2) return undefined;
    const inner = { rows: over[0], columns: over[1] };
    const [first, ...others] = own;
    if (first?.kind !== 'power' || first.exponent !== 2 || others.length > 0) return undefined;
    const e = this.#form(first.base, inner);
    const norm: Expression = { ...made, kind: 'norm', of: e, order: over.length === 2 ? 'F' : undefined };
    return powerOf(norm, numberNode(2), false);
  }

  #assembled(
    edges: readonly Edge[],
    weights: ReadonlyMap<Index, readonly Expression[]>,
    frame: Frame,
  ): Expression | undefined {
    const { rows, columns } = frame;
    const weightOf = (index: Index | undefined): Expression | undefined => {
      const list = index === undefined ? undefined : weights.get(index);
      return list === undefined ? undefined : looseOf(list);
    };
    const [left, right] = [weightOf(rows), weightOf(columns)];
    const [edge, ...others] = edges;
    if (others.length > 0) throw new NoMatrixForm();
    if (edge === undefined) {
      if (left !== undefined && right !== undefined) return productOf([bracketed(left), transposed(bracketed(right))]);
      return left ?? right;
    }
    const matrix = hadamard(edge.factors);
    if (left === undefined && right === undefined) return matrix;
    const middle = matrix.kind === 'loose' || matrix.kind === 'sum' ? group(matrix) : matrix;
    return productOf([
      ...(left === undefined ? [] : [diagonal(left)]),
      middle,
      ...(right === undefined ? [] : [diagonal(right)]),
    ]);
  }

  /** Writes a product with its numbers in front. */
  #front(
    scale: number,
    scalars: readonly Term[],
    body: Expression | undefined,
    more: readonly Expression[] = [],
  ): Expression {
    const none: Frame = { rows: undefined, columns: undefined };
    const above: Expression[] = [];
    const below: Expression[] = [];
    for (const scalar of scalars) {
      if (scalar.kind === 'power' && scalar.exponent < 0) below.push(this.#form(product([scalar.base]), none));
      else above.push(this.#form(scalar, none));
    }
    return withFront(scale, [...above, ...more], below, body);
  }
}

/** Counts the transposes in an expression. */
function transposesIn(e: Expression): number {
  let count = 0;
  walk(e, ({ kind }) => {
    if (kind === 'transpose') count++;
  });
  return count;
}

const bracketed = (e: Expression): Expression => (e.kind === 'loose' || e.kind === 'sum' ? group(e) : e);

const loosePartsOf = (e: Expression): readonly Expression[] =>
  e.kind === 'loose' && e.mark === 'odot' ? [...loosePartsOf(e.left), e.right] : [e];

/** Writes the diagonal matrix of a vector. For a vector of reciprocals 1/v, writes diag(v)^-1. */
const diagonal = (e: Expression): Expression =>
  e.kind === 'loose' && e.mark === 'oslash' && e.left.kind === 'number' && e.left.text === '1'
    ? { ...made, kind: 'inverse', of: diag(e.right.kind === 'group' ? e.right.body : e.right) }
    : diag(e);

/** Returns an elementwise product; factors with the power -1 become divisors. */
function hadamard(factors: readonly Expression[]): Expression {
  const isInverse = (e: Expression): boolean =>
    e.kind === 'power' &&
    e.elementwise &&
    e.exponent.kind === 'sum' &&
    e.exponent.minus[0] === true &&
    e.exponent.terms[0]!.kind === 'number' &&
    e.exponent.terms[0]!.text === '1';
  const above = factors.filter((e) => !isInverse(e));
  const below = factors.filter(isInverse).map((e) => (e as Extract<Expression, { kind: 'power' }>).base);
  // Puts matrix products first, as in (W delta) s'(a).
  above.sort((a, b) => Number(b.kind === 'product') - Number(a.kind === 'product'));
  if (below.length === 0) return looseOf(above);
  const numerator = above.length === 0 ? numberNode(1) : looseOf(above);
  return quotientOf(numerator, looseOf(below));
}

/** Returns the product of `scale`, the fraction `above` / `below`, and `body`. */
export function withFront(
  scale: number,
  above: readonly Expression[],
  below: readonly Expression[],
  body: Expression | undefined,
): Expression {
  const size = Math.abs(scale);
  const plain = numberOf(size);
  const over = [...above];
  const under = [...below];
  if (plain.kind === 'fraction') {
    if (!(plain.numerator.kind === 'number' && plain.numerator.text === '1')) over.unshift(plain.numerator);
    under.unshift(plain.denominator);
  } else if (size !== 1) over.unshift(plain);
  const sign = (e: Expression): Expression => (scale < 0 ? negative(e) : e);
  const inner = body !== undefined && (body.kind === 'sum' || body.kind === 'loose') ? group(body) : body;
  if (under.length === 0) {
    const parts = [
      ...over.map(bracketed),
      ...(body === undefined ? [] : [over.length === 0 && scale > 0 ? body : inner!]),
    ];
    return sign(parts.length === 0 ? numberNode(1) : parts.length === 1 ? parts[0]! : productOf(parts));
  }
  const isShort = body?.kind === 'sum' && over.length === 0 && body.terms.every(({ kind }) => kind === 'letter');
  if (isShort) return sign(fraction(body, productOf(under.map(bracketed))));
  const front = fraction(
    over.length === 0 ? numberNode(1) : productOf(over.map(bracketed)),
    productOf(under.map(bracketed)),
  );
  return sign(inner === undefined ? front : productOf([front, inner]));
}
