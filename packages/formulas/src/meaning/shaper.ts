/**
 * Determines shapes of expressions by unification.
 *
 * There are two modes. In the mode by letters, all members of a family have the same shape, and only lengths of 1 are
 * distinguished; this determines which letters are numbers, vectors and matrices. In the mode by members, each layer
 * has its own lengths; this determines which lengths are equal.
 */

import {
  type BigNode,
  bare,
  type CallNode,
  type DerivativeNode,
  type Expression,
  isOverIndices,
  keyOf,
  type LetterNode,
} from '../syntax/ast.ts';
import { chainOf } from './chains.ts';
import { type Indices, indexValue, type PageDefinitions } from './program.ts';
import { elementwise, isNamedCount, isNumberCall, textOfNumber, toNumber } from './shapes/calls.ts';
import { Combining } from './shapes/combining.ts';
import type { Dim } from './shapes/dims.ts';
import { ShapeError, swapped, type Type, type Types, Unknown } from './shapes/types.ts';
import { isConstant, textOfCount } from './sides.ts';

/** The context of an expression. */
export interface Scope {
  /** The values of indices, in the mode by members. */
  readonly indices: Indices;
  /** The ranges of indices. */
  readonly extents: ReadonlyMap<string, Dim>;
  /** The arguments of the function whose body is being processed. */
  readonly parameters: ReadonlyMap<string, Type>;
  /** The nesting depth of function bodies. */
  readonly depth: number;
}

export const noScope: Scope = { indices: new Map(), extents: new Map(), parameters: new Map(), depth: 0 };

/** The operations that differ between the two modes. */
export interface Letterbook {
  readonly program: PageDefinitions;
  readonly types: Types;
  /** Returns the shape of a letter, before its element indices are applied. */
  typeOf(letter: LetterNode, key: string, members: readonly Expression[], scope: Scope): Type;
  /** Returns the range of a family's index, as a symbolic length. */
  extentOf(key: string, position: number): Dim;
  countOf(name: string): Dim;
  /** Whether members of families are distinguished. */
  readonly byMember: boolean;
  /**
   * Whether arrays are written as if they were numbers. Products are then elementwise, followed by a sum over all
   * elements.
   */
  readonly asNumbers: boolean;
}

export class Shaper extends Combining {
  readonly book: Letterbook;
  /** The sizes of vectors of ones and identity matrices found last. */
  readonly constants = new Map<LetterNode, Dim>();

  constructor(book: Letterbook) {
    super(book.types);
    this.book = book;
  }

  override get asNumbers(): boolean {
    return this.book.asNumbers;
  }

  infer(e: Expression, scope: Scope): Type {
    const { types } = this;
    switch (e.kind) {
      case 'number':
        return types.literal;
      case 'letter':
        return this.letter(e, scope);
      case 'group':
        return this.infer(e.body, scope);
      case 'sum':
        return e.terms.map((term) => this.infer(term, scope)).reduce((a, b) => this.combined(a, b, e));
      case 'product':
        return this.#product(e, scope);
      case 'loose':
        return this.#loose(e, scope);
      case 'fraction': {
        const [above, below] = [this.infer(e.numerator, scope), this.infer(e.denominator, scope)];
        if (types.statusOf(below) !== 'unknown')
          return types.isScalar(below) ? this.plain(above) : this.combined(above, below, e);
        const result = types.fresh();
        this.deferred.push({ a: above, b: below, result, at: e, kind: 'quotient' });
        return result;
      }
      case 'power': {
        const squared = this.#square(e, scope);
        if (squared !== undefined) return squared;
        const type = this.infer(e.base, scope);
        if (bare(e.exponent).kind !== 'number') this.infer(e.exponent, scope);
        return this.plain(type);
      }
      case 'transpose': {
        const type = this.matrix(this.infer(e.of, scope));
        if (e.mark !== "'" || bare(e.of).kind === 'letter') types.markArray(type);
        return swapped(type);
      }
      case 'inverse': {
        const type = this.infer(e.of, scope);
        this.#makeSquare(type, e);
        return this.plain(type);
      }
      case 'element':
        return this.#element(e, scope);
      case 'call':
        return this.#call(e, scope);
      case 'big':
        return this.#big(e, scope);
      case 'derivative':
        return this.#derivative(e, scope);
      case 'norm':
        types.markArray(this.infer(e.of, scope));
        return types.scalar;
      case 'absolute': {
        const of = this.infer(e.of, scope);
        const isMatrix = types.dims.extentOf(of.r) === 'many' && types.dims.extentOf(of.c) === 'many';
        // |X| of a matrix is its determinant.
        if (isMatrix && !this.asNumbers) this.#makeSquare(of, e);
        return types.scalar;
      }
      case 'inner': {
        const [left, right] = [this.infer(e.left, scope), this.infer(e.right, scope)];
        types.markArray(left);
        types.unify(left, right, e, 'the two sides of an inner product have different shapes');
        return types.scalar;
      }
      case 'at': {
        for (const { left, right } of e.points) this.combined(this.infer(left, scope), this.infer(right, scope), e);
        return this.plain(this.matrix(this.infer(e.of, scope)));
      }
      case 'indicator':
        return this.#compared(e.condition, scope);
      case 'compare':
        return this.#compared(e, scope);
      case 'matrix': {
        for (const cell of e.rows.flat()) this.infer(cell, scope);
        const [r, c] = [types.dims.fresh(), types.dims.fresh()];
        types.dims.setSize(r, e.rows.length);
        types.dims.setSize(c, Math.max(...e.rows.map((row) => row.length)));
        return { r, c };
      }
      case 'tuple': {
        const [first] = e.items.map((item) => this.infer(item, scope));
        if (e.items.some((item) => item.kind === 'big' && item.op === 'list'))
          return e.items.length === 1 ? first! : types.fresh('many', 'one');
        const rows = types.dims.fresh();
        types.dims.setSize(rows, e.items.length);
        return { r: rows, c: types.scalar.c };
      }
      case 'cases':
        for (const { condition } of e.rows) if (condition !== undefined) this.infer(condition, scope);
        return e.rows.map(({ value }) => this.infer(value, scope)).reduce((a, b) => this.combined(a, b, e));
      default:
        throw new Unknown('this has no value', e);
    }
  }

  /** Returns the shape of a letter's square if the page defines only the square: σ². */
  #square({ base, exponent }: Extract<Expression, { kind: 'power' }>, scope: Scope): Type | undefined {
    const [letter, times] = [bare(base), bare(exponent)];
    if (letter.kind !== 'letter' || times.kind !== 'number') return undefined;
    const { key, members, elements } = this.book.program.outline.letters.useOf(letter);
    const name = `${key}^${times.text}`;
    if (!this.book.program.isDefined(name)) return undefined;
    const type = this.book.typeOf(letter, name, members, scope);
    return elements.length === 0 ? type : this.picked(type, elements, letter, scope);
  }

  #makeSquare({ r, c }: Type, at: Expression): void {
    try {
      this.types.dims.unify(r, c);
    } catch {
      throw new ShapeError('this must be square', at, { r, c });
    }
  }

  #isArray({ r, c }: Type): boolean {
    return this.types.dims.extentOf(r) === 'many' || this.types.dims.extentOf(c) === 'many';
  }

  /** Treats A X^2 as A X X: a power of a matrix next to an array is a matrix power, so the matrix is square. */
  #multiplyOut(factor: Expression, scope: Scope): void {
    if (factor.kind !== 'power' || factor.elementwise || !/^[2-8]$/.test(textOfNumber(factor.exponent))) return;
    const { dims } = this.types;
    const { r, c } = this.infer(factor.base, scope);
    if (dims.extentOf(r) !== 'many' || dims.extentOf(c) !== 'many') return;
    try {
      dims.unify(r, c);
    } catch {
      // A matrix that can't be square has an elementwise power.
    }
  }

  #product(e: Extract<Expression, { kind: 'product' }>, scope: Scope): Type {
    const types = e.factors.map((factor) => this.infer(factor, scope));
    // ∂L/∂a ∂a/∂W is laid out like ∂L/∂W.
    const chain = chainOf(e.factors);
    if (chain?.others.every((other) => this.types.isScalar(types[e.factors.indexOf(other)]!))) {
      const ofLink = ({ of, by }: DerivativeNode): [Type, Type] => [this.infer(of, scope), this.infer(by[0]!, scope)];
      return this.derivativeType(ofLink(chain.links[0]!)[0], ofLink(chain.links.at(-1)!)[1], e);
    }
    e.factors.forEach((factor, i) => {
      if (!this.asNumbers && types.some((other, j) => j !== i && this.#isArray(other)))
        this.#multiplyOut(factor, scope);
    });
    return types.slice(1).reduce((a, b, i) => this.multiplied(a, b, e, e.marks[i] === 'cdot'), types[0]!);
  }

  #loose(e: Extract<Expression, { kind: 'loose' }>, scope: Scope): Type {
    const { types } = this;
    const [left, right] = [this.infer(e.left, scope), this.infer(e.right, scope)];
    if (e.mark === 'otimes') {
      if (types.isVector(left) && types.isVector(right)) {
        const side = ({ r, c }: Type): Dim => (types.dims.extentOf(c) === 'one' ? r : c);
        return { r: side(left), c: side(right) };
      }
      return types.fresh('many', 'many');
    }
    // In ∂L/∂z ⊙ ∂z/∂a, the second factor contains the slopes of an elementwise function.
    const of = [left, right].map((type) => (type.jacobian === undefined ? type : type.jacobian.by));
    for (const type of of) if (!type.literal && types.statusOf(type) === 'unknown') types.markArray(type);
    return this.plain(this.combined(of[0]!, of[1]!, e));
  }

  letter(letter: LetterNode, scope: Scope): Type {
    const { types, book } = this;
    const parameter = scope.parameters.get(keyOf(letter));
    if (parameter !== undefined) {
      const { sub, sup } = letter;
      return sub.length + sup.length > 0 ? this.picked(parameter, [...sup, ...sub], letter, scope) : parameter;
    }
    if (isConstant(letter)) return this.#constant(letter);
    if (letter.name === 'I' && !book.program.isDefined('I') && letter.sub.length < 2) {
      const size = letter.sub[0] === undefined ? types.dims.fresh('many') : this.#count(letter.sub[0]);
      this.constants.set(letter, size);
      return { r: size, c: size };
    }
    const { letters } = book.program.outline;
    const { key, members, elements } = letters.useOf(letter);
    if (
      letter.name === 'delta' &&
      letter.alphabet === 'plain' &&
      elements.length === 2 &&
      members.length === 0 &&
      !book.program.isDefined(key)
    ) {
      return types.scalar;
    }
    members.forEach((index, position) => {
      this.#link(index, book.extentOf(key, position), scope);
    });
    const type = book.typeOf(letter, key, members, scope);
    return elements.length === 0 ? type : this.picked(type, elements, letter, scope);
  }

  #constant(letter: LetterNode): Type {
    const { types } = this;
    const { name, sub } = letter;
    if (!/^[01]$/.test(name)) return types.literal;
    if (name === '0') return types.literal;
    const size = sub[0] === undefined ? types.dims.fresh('many') : this.#count(sub[0]);
    this.constants.set(letter, size);
    return { r: size, c: types.scalar.c };
  }

  #count(e: Expression): Dim {
    const inside = bare(e);
    if (inside.kind === 'letter') return this.book.countOf(isNamedCount(inside) ? textOfCount(inside) : keyOf(inside));
    const dim = this.types.dims.fresh('many');
    if (inside.kind === 'number') this.types.dims.setSize(dim, Number(inside.text));
    return dim;
  }

  /** Records that an index selects an element along an axis: the axis has the index's range, or is at least as long. */
  #place(index: Expression, extent: Dim, scope: Scope): void {
    const inside = bare(index);
    if (inside.kind === 'number') this.types.dims.setLeast(extent, Number(inside.text));
    else this.#link(inside, extent, scope);
  }

  /** Records that an index has the range of the axis that it indexes. */
  #link(index: Expression, extent: Dim, scope: Scope): void {
    const inside = bare(index);
    if (inside.kind === 'letter') {
      const own = scope.extents.get(inside.name);
      if (own !== undefined) this.#tie(own, extent);
      else if (/^[A-Z]$/.test(inside.name) || this.book.program.outline.lasts.has(inside.name))
        this.#tie(this.book.countOf(inside.name), extent);
      return;
    }
    if (inside.kind !== 'sum' || this.book.byMember) return;
    // The index l - 1 in z_{l-1} takes as many values as l, shifted by one.
    for (const term of inside.terms) if (term.kind === 'letter') this.#link(term, extent, scope);
  }

  #tie(a: Dim, b: Dim): void {
    try {
      this.types.dims.unify(a, b);
    } catch {
      // An index that exceeds its axis is detected during evaluation.
    }
  }

  /** Returns the shape of the part that indices select: an element, a row or a column. */
  picked(type: Type, indices: readonly Expression[], at: Expression, scope: Scope): Type {
    const { types } = this;
    const [first, second, third] = indices;
    if (third !== undefined) throw new Unknown('a matrix takes at most two indices', at);
    if (second === undefined) {
      types.markArray(type);
      const isRow = types.dims.extentOf(type.r) === 'one' && types.dims.extentOf(type.c) === 'many';
      this.#place(first!, isRow ? type.c : type.r, scope);
      return types.isVector(type) || types.statusOf(type) === 'unknown'
        ? types.scalar
        : { r: types.scalar.r, c: type.c };
    }
    types.markArray(type);
    this.#place(first!, type.r, scope);
    this.#place(second, type.c, scope);
    const [rows, columns] = [first!.kind === 'dots', second.kind === 'dots'];
    return { r: rows ? type.r : types.scalar.r, c: columns ? type.c : types.scalar.c };
  }

  #element(e: Extract<Expression, { kind: 'element' }>, scope: Scope): Type {
    return this.picked(this.matrix(this.infer(e.of, scope)), e.indices, e, scope);
  }

  #call(e: CallNode, scope: Scope): Type {
    const { types, book } = this;
    const args = e.args.map((arg) => this.infer(arg, scope));
    const [x] = args as [Type];
    const name = e.fn.alphabet === 'upright' ? e.fn.name : '';
    if (toNumber.test(name)) {
      if (/^(?:trace|det|logdet)$/.test(name)) this.#makeSquare(x, e);
      types.markArray(x);
      return types.scalar;
    }
    if (name === 'diag') {
      if (types.isVector(x) || types.statusOf(x) === 'unknown') {
        const side = types.dims.extentOf(x.c) === 'one' || types.statusOf(x) === 'unknown' ? x.r : x.c;
        return { r: side, c: side };
      }
      return { r: x.r, c: types.scalar.c };
    }
    if (name === 'transpose') return swapped(x);
    if (name === 'inverse') return this.plain(x);
    if (name === 'rowsum') return { r: x.r, c: types.scalar.c };
    if (name === 'colsum') return { r: types.scalar.r, c: x.c };
    if (name === 'max' || name === 'min')
      return args.length === 1 ? types.scalar : args.reduce((a, b) => this.combined(a, b, e));
    if (name === 'vec') return types.fresh('many', 'one');
    if (elementwise.test(name)) {
      if (/softmax/.test(name)) types.markArray(x);
      const type = this.plain(this.matrix(x));
      return e.fn.sub.length > 0 && /softmax/.test(name)
        ? this.picked({ ...type }, e.fn.sub, e, scope)
        : { ...type, key: x.key };
    }
    const { key, members, elements } = book.program.outline.letters.useOf(e.fn);
    const values = members.map((index) => indexValue(index, scope.indices) ?? 0);
    const known = book.byMember ? values : members.map(() => 1);
    const found = book.program.findFunction(key, known, args.length);
    if (found !== undefined && e.fn.primes === 0) {
      if (scope.depth > 20) throw new Unknown('this function is defined in terms of itself', e);
      const { parameters, body } = found.definition;
      const inner = new Map(parameters.map((parameter, i) => [keyOf(parameter), args[i]!]));
      return this.infer(body, {
        ...scope,
        parameters: inner,
        indices: new Map([...scope.indices, ...found.indices]),
        depth: scope.depth + 1,
      });
    }
    members.forEach((index, position) => {
      this.#link(index, book.extentOf(key, position), scope);
    });
    if (isNumberCall(e, book.program.outline)) return types.scalar;
    const type = this.plain(this.matrix(x));
    return elements.length > 0 ? this.picked(type, elements, e, scope) : { ...type, key: x.key };
  }

  #big(e: BigNode, scope: Scope): Type {
    if (!isOverIndices(e)) {
      for (const bound of [e.from, e.to]) if (bound !== undefined) this.infer(bound, scope);
      const parameters = new Map([...scope.parameters, [keyOf(e.indices[0]!), this.types.scalar] as const]);
      return this.infer(e.body, { ...scope, parameters });
    }
    const extents = new Map(scope.extents);
    for (const index of e.indices) {
      const extent = this.types.dims.fresh();
      const to = e.to === undefined ? undefined : bare(e.to);
      const isFromOne =
        e.from === undefined || (bare(e.from).kind === 'number' && (bare(e.from) as { text: string }).text === '1');
      if (to?.kind === 'letter' && (isFromOne || e.isDotted) && isNamedCount(to) && !scope.extents.has(to.name))
        this.#tie(this.book.countOf(textOfCount(to)), extent);
      extents.set(index.name, extent);
    }
    const names = e.indices.map(({ name }) => name);
    const indices = new Map(scope.indices);
    const first = e.from === undefined ? 1 : (indexValue(e.from, indices) ?? 1);
    for (const name of names) indices.set(name, first);
    const type = this.infer(e.body, { ...scope, extents, indices });
    if (e.op === 'list') return { r: extents.get(names[0]!)!, c: type.c };
    return { ...type, literal: false };
  }

  #derivative(e: DerivativeNode, scope: Scope): Type {
    const { types } = this;
    const of = this.infer(e.of, scope);
    const [by, second] = e.by.map((variable) =>
      this.infer(variable.kind === 'transpose' ? variable.of : variable, scope),
    ) as [Type, Type | undefined];
    if (second !== undefined) {
      if (types.isScalar(by)) return types.isScalar(second) ? this.plain(of) : this.plain(second);
      return { ...types.fresh(), jacobian: { of: by, by: second } };
    }
    if (e.mark === 'differential') return { ...this.plain(by), key: by.key };
    return this.derivativeType(of, by, e);
  }

  #compared(e: Expression, scope: Scope): Type {
    const inside = bare(e);
    if (inside.kind !== 'compare') return this.infer(inside, scope);
    const isIndex = (side: Expression): boolean =>
      indexValue(side, scope.indices) !== undefined ||
      (bare(side).kind === 'letter' && scope.extents.has((bare(side) as LetterNode).name));
    if (isIndex(inside.left) && isIndex(inside.right)) return this.types.scalar;
    return this.combined(this.infer(inside.left, scope), this.infer(inside.right, scope), inside);
  }
}
