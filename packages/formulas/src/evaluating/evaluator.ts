/** Evaluates expressions: a page's definitions, run as written on a graph. */

import { chainOf } from '../meaning/chains.ts';
import { ancestorsOf, Graph, type Node } from '../running/graph.ts';
import { bare, type DerivativeNode, type Expression, keyOf, type LetterNode } from '../syntax/ast.ts';
import { called } from './calls.ts';
import { collected, listed } from './collections.ts';
import { absolute, norm, squaredNorm } from './functions.ts';
import { partialOf } from './partials.ts';
import { valueAt } from './points.ts';
import { Resolver } from './resolver.ts';
import { NoMeaning, type Scope, topScope } from './scope.ts';
import type { Evaluating, Setting } from './setting.ts';
import { Arithmetic, isNumber, isVector, type Value } from './values.ts';

/**
 * Returns whether two arrays have the same shape and are neither square nor numbers, so that their product is elementwise.
 */
const isSameShape = (a: Value, b: Value): boolean =>
  !isNumber(a) &&
  !isNumber(b) &&
  a.jacobian === undefined &&
  b.jacobian === undefined &&
  a.one[0] === b.one[0] &&
  a.one[1] === b.one[1] &&
  a.node.shape.every((n, i) => n === b.node.shape[i]);

/** Evaluates expressions in one setting. */
export class Evaluator implements Evaluating {
  readonly setting: Setting;
  readonly arithmetic: Arithmetic;
  readonly resolver: Resolver;

  constructor(setting: Setting, graph = new Graph()) {
    this.setting = setting;
    this.arithmetic = new Arithmetic(graph);
    this.resolver = new Resolver(this);
  }

  matrix(e: Expression, scope: Scope): Value {
    return this.arithmetic.matrix(this.value(e, scope));
  }

  picked = (x: Value, indices: readonly Expression[], at: Expression, scope: Scope): Value =>
    this.resolver.picked(x, indices, at, scope);

  indices = (letter: LetterNode, scope: Scope): number[] => this.resolver.indices(letter, scope);

  value(e: Expression, scope: Scope = topScope): Value {
    const { arithmetic } = this;
    switch (e.kind) {
      case 'number':
        return arithmetic.number(Number(e.text));
      case 'letter':
        return this.resolver.letter(e, scope);
      case 'group':
        return this.value(e.body, scope);
      case 'sum':
        return this.#sum(e, scope);
      case 'product':
        return this.#product(e, scope);
      case 'loose':
        return this.#loose(e, scope);
      case 'fraction': {
        const [above, below] = [this.value(e.numerator, scope), this.value(e.denominator, scope)];
        return arithmetic.paired(above, below, (k, x, y) => k.div(x, y), e);
      }
      case 'power':
        return this.#power(e, scope);
      case 'transpose': {
        const value = this.value(e.of, scope);
        const isSlope = e.mark === "'" && bare(e.of).kind !== 'letter' && isNumber(arithmetic.matrix(value));
        return isSlope ? this.#slope(arithmetic.matrix(value), e) : arithmetic.transposed(value);
      }
      case 'inverse': {
        const x = this.matrix(e.of, scope);
        if (isNumber(x)) return arithmetic.paired(arithmetic.number(1), x, (k, a, b) => k.div(a, b), e);
        return { ...x, node: arithmetic.graph.inverse(arithmetic.square(x, e).node) };
      }
      case 'element':
        return this.resolver.picked(this.matrix(e.of, scope), e.indices, e, scope);
      case 'call':
        return called(this, e, scope);
      case 'big':
        return collected(this, e, scope);
      case 'derivative':
        return this.#derivative(e, scope);
      case 'norm':
        return norm(arithmetic, this.value(e.of, scope), e.order);
      case 'absolute':
        return absolute(arithmetic, this.value(e.of, scope));
      case 'inner':
        return arithmetic.inner(this.value(e.left, scope), this.value(e.right, scope), e);
      case 'indicator':
        return this.#truth(e.condition, scope);
      case 'compare':
        return this.#truth(e, scope);
      case 'matrix':
        return arithmetic.table(
          e.rows.map((row) => row.map((cell) => this.matrix(cell, scope))),
          [false, false],
        );
      case 'cases':
        return this.#cases(e, scope);
      case 'tuple':
        return listed(this, e, scope);
      case 'at':
        return valueAt(this, e, scope);
      case 'dots':
        throw new NoMeaning('the meaning of these dots is not known', e);
      default:
        throw new NoMeaning('this has no value', e);
    }
  }

  /** Returns the derivative of a number with respect to the only letter that it depends on: (x^2)' is 2 x. */
  #slope(of: Value, at: Expression): Value {
    const [leaf, ...others] = ancestorsOf([of.node]).filter(({ op }) => op === 'leaf');
    const isOne = leaf !== undefined && others.length === 0 && leaf.shape.every((n) => n === 1);
    if (!isOne) throw new NoMeaning('the page does not say which variable this is differentiated with respect to', at);
    return this.arithmetic.derivative(of, { node: leaf, one: [true, true] });
  }

  #sum(e: Extract<Expression, { kind: 'sum' }>, scope: Scope): Value {
    const { arithmetic } = this;
    let total: Value | undefined;
    e.terms.forEach((term, i) => {
      const value = this.value(term, scope);
      const isMinus = e.minus[i] === true;
      if (total === undefined) total = isMinus ? arithmetic.negated(value) : value;
      else total = arithmetic.paired(total, value, (k, x, y) => (isMinus ? k.sub(x, y) : k.add(x, y)), e);
    });
    return total!;
  }

  #product(e: Extract<Expression, { kind: 'product' }>, scope: Scope): Value {
    const { arithmetic } = this;
    const chain = chainOf(e.factors);
    if (chain !== undefined) {
      const others = chain.others.map((other) => this.value(other, scope));
      if (others.every(isNumber)) {
        const value = this.#contracted(chain.links, scope);
        return others.reduce((product, other) => arithmetic.product(other, product, e), value);
      }
    }
    const values = e.factors.map((factor) => this.value(factor, scope));
    return values.slice(1).reduce((product, value, i) => {
      if (scope.asNumbers && isSameShape(product, value))
        return arithmetic.paired(product, value, (k, x, y) => k.mul(x, y), e);
      return arithmetic.product(product, value, e, e.marks[i] === 'cdot');
    }, values[0]!);
  }

  /** Multiplies the derivatives of a chain-rule product, summing over all elements of the intermediate values. */
  #contracted(links: readonly DerivativeNode[], scope: Scope): Value {
    const { arithmetic } = this;
    const ends = links.map(
      (link) =>
        partialOf(this, link.of, link.by[0]!, scope) ?? {
          of: this.value(link.of, scope),
          by: this.value(link.by[0]!, scope),
        },
    );
    if (ends.every(({ of, by }) => isNumber(of) && isNumber(by))) {
      return links.map((link) => this.value(link, scope)).reduce((a, b) => arithmetic.product(a, b, links[0]!));
    }
    const whole = ends.map((pair) => arithmetic.wholeJacobian(pair)).reduce((a, b) => arithmetic.k.matmul(a, b));
    return this.#laidOut(whole, ends[0]!.of, ends.at(-1)!.by);
  }

  /** Lays out the derivatives of `of` with respect to `by`. `whole` has a row for each element of `of`. */
  #laidOut(whole: Node, of: Value, by: Value): Value {
    const { arithmetic } = this;
    const { k, layout } = arithmetic;
    if (isNumber(of)) {
      const plain: Value = { node: k.reshape(whole, by.node.shape), one: by.one };
      return layout.gradient === 'same' || isNumber(by) ? plain : arithmetic.transposed(plain);
    }
    if (isNumber(by)) return { node: k.reshape(whole, of.node.shape), one: of.one };
    if (!isVector(of) || !isVector(by)) return { ...arithmetic.number(Number.NaN), whole };
    const matrix: Value = { node: whole, one: [false, false] };
    return layout.jacobian === 'rows' ? matrix : arithmetic.transposed(matrix);
  }

  #loose(e: Extract<Expression, { kind: 'loose' }>, scope: Scope): Value {
    const { arithmetic } = this;
    const [left, right] = [this.value(e.left, scope), this.value(e.right, scope)];
    if (e.mark === 'otimes') return this.#outer(arithmetic.matrix(left), arithmetic.matrix(right), e);
    const slopes = (value: Value): Value => {
      const { jacobian } = value;
      const isSlope = jacobian !== undefined && !isNumber(jacobian.of) && !isNumber(jacobian.by);
      return isSlope ? arithmetic.slopes(jacobian, e) : value;
    };
    const isQuotient = e.mark === 'oslash';
    return arithmetic.paired(slopes(left), slopes(right), (k, x, y) => (isQuotient ? k.div(x, y) : k.mul(x, y)), e);
  }

  /** Returns the outer product of vectors, or the Kronecker product of matrices. */
  #outer(a: Value, b: Value, at: Expression): Value {
    const { arithmetic } = this;
    const column = (x: Value): Value => (x.one[1] ? x : arithmetic.transposed(x));
    if (isVector(a) && isVector(b)) return arithmetic.product(column(a), arithmetic.transposed(column(b)), at);
    const [m, n] = a.node.shape as [number, number];
    const block = (i: number, j: number): Value => arithmetic.product(arithmetic.element(a, i + 1, j + 1, at), b, at);
    const rows = Array.from({ length: m }, (_, i) => Array.from({ length: n }, (_, j) => block(i, j)));
    return arithmetic.table(rows, [false, false]);
  }

  #power(e: Extract<Expression, { kind: 'power' }>, scope: Scope): Value {
    const { arithmetic } = this;
    const [base, exponent] = [bare(e.base), bare(e.exponent)];
    const times = exponent.kind === 'number' ? Number(exponent.text) : Number.NaN;
    const squared = base.kind === 'letter' ? this.#squareName(base, times) : undefined;
    if (squared !== undefined) return this.resolver.under(squared, base as LetterNode, scope);
    if (times === 2 && base.kind === 'norm' && (base.order === undefined || /^[2F]$/.test(base.order))) {
      return squaredNorm(arithmetic, this.value(base.of, scope));
    }
    const value = this.matrix(e.base, scope);
    const isMatrix = !isNumber(value) && !isVector(value) && !e.elementwise && !scope.asNumbers;
    if (
      isMatrix &&
      Number.isInteger(times) &&
      times >= 1 &&
      times < 9 &&
      this.setting.members.isSquare(e.base, scope.indices)
    ) {
      let product = value;
      for (let i = 1; i < times; i++) product = arithmetic.product(product, value, e);
      return product;
    }
    if (times === 2) return arithmetic.map(value, (k, node) => k.mul(node, node));
    return arithmetic.paired(value, this.matrix(e.exponent, scope), (k, x, y) => k.pow(x, y), e);
  }

  /** Returns the key of a letter that is defined only by its square: σ². */
  #squareName(letter: LetterNode, times: number): string | undefined {
    const { outline, program } = this.setting.members;
    const key = `${outline.letters.useOf(letter).key}^${times}`;
    return program.isDefined(key) ? key : undefined;
  }

  /** Whether a condition on indices holds; undefined for a condition on values. */
  #known(e: Expression, scope: Scope): boolean | undefined {
    const inside = bare(e);
    if (inside.kind !== 'compare') return undefined;
    const [a, b] = [this.resolver.index(inside.left, scope), this.resolver.index(inside.right, scope)];
    if (a === undefined || b === undefined) return undefined;
    return { '=': a === b, '<': a < b, '>': a > b, le: a <= b, ge: a >= b, ne: a !== b, in: true }[inside.op];
  }

  holds(e: Expression, scope: Scope): boolean {
    const known = this.#known(e, scope);
    if (known === undefined) throw new NoMeaning('this condition on indices is not supported', e);
    return known;
  }

  /** Returns 1 where a condition holds, 0 elsewhere. */
  #truth(e: Expression, scope: Scope): Value {
    const { arithmetic } = this;
    const known = this.#known(e, scope);
    if (known !== undefined) return arithmetic.number(known ? 1 : 0);
    const inside = bare(e);
    if (inside.kind !== 'compare' || inside.op === 'in') throw new NoMeaning('this condition is not supported', e);
    const [left, right] = [this.value(inside.left, scope), this.value(inside.right, scope)];
    const compared = arithmetic.paired(
      left,
      right,
      (k, x, y) => {
        if (inside.op === '<') return k.cast(k.less(x, y), 'float64');
        if (inside.op === '>') return k.cast(k.less(y, x), 'float64');
        if (inside.op === 'le') return k.cast(k.lessEqual(x, y), 'float64');
        if (inside.op === 'ge') return k.cast(k.lessEqual(y, x), 'float64');
        return k.cast(k.equal(x, y), 'float64');
      },
      e,
    );
    return inside.op === 'ne'
      ? arithmetic.paired(arithmetic.number(1), compared, (k, x, y) => k.sub(x, y), e)
      : compared;
  }

  #cases(e: Extract<Expression, { kind: 'cases' }>, scope: Scope): Value {
    const { arithmetic } = this;
    let result: Value | undefined;
    for (const { value, condition } of e.rows.toReversed()) {
      const known = condition === undefined ? true : this.#known(condition, scope);
      if (known === false) continue;
      const here = this.matrix(value, scope);
      if (known === true || result === undefined) result = here;
      else {
        const truth = this.#truth(condition!, scope);
        const otherwise = result;
        const share = arithmetic.paired(here, otherwise, (k, x, y) => k.sub(x, y), e);
        result = arithmetic.paired(
          otherwise,
          arithmetic.paired(truth, share, (k, x, y) => k.mul(x, y), e),
          (k, x, y) => k.add(x, y),
          e,
        );
      }
    }
    if (result === undefined) throw new NoMeaning('no case applies', e);
    return result;
  }

  derivativeOf(of: Expression, by: Expression, scope: Scope): Value {
    return this.#partial(of, by, scope) ?? this.#by(this.value(of, scope), by, scope);
  }

  /** Returns the partial derivative of a call with respect to one of its arguments, if it is one. */
  #partial(of: Expression, by: Expression, scope: Scope): Value | undefined {
    const found = partialOf(this, of, by, scope);
    if (found === undefined) return undefined;
    const derivative = this.arithmetic.derivative(found.of, found.by);
    return found.elements.length === 0 ? derivative : this.picked(derivative, found.elements, by, scope);
  }

  #derivative(e: DerivativeNode, scope: Scope): Value {
    if (e.mark === 'differential') return this.#differential(e, scope);
    const isPartial = /^(?:partial|slash|nabla)$/.test(e.mark) && e.by.length === 1;
    const partial = isPartial ? this.#partial(e.of, e.by[0]!, scope) : undefined;
    if (partial !== undefined) return partial;
    const of = this.value(e.of, scope);
    this.#checkDependence(e, of, scope);
    return e.by.reduce((value, by) => this.#by(value, by, scope), of);
  }

  /** Throws for a derivative of an undefined letter, since the page doesn't say how it depends on the variable. */
  #checkDependence(e: DerivativeNode, of: Value, scope: Scope): void {
    const [top, bottom] = [bare(e.of), bare(e.by[0]!)];
    if (top.kind !== 'letter' || bottom.kind !== 'letter' || of.jacobian !== undefined) return;
    const { letters } = this.setting.members.outline;
    const isSame = letters.useOf(top).key === letters.useOf(bottom).key;
    const node = of.node.op === 'slice' ? of.node.inputs[0]! : of.node;
    if (this.resolver.isStart(top, scope)) return;
    if (isSame || node.op !== 'leaf' || scope.parameters.has(keyOf(top))) return;
    // Throws `NoMember` if the variable is a nonexistent member of a family, so that these index values are skipped.
    this.value(bottom, scope);
    throw new NoMeaning(`the page does not say how '${top.name}' depends on '${bottom.name}'`, e);
  }

  /** Evaluates dW, the derivative of the loss. */
  #differential(e: DerivativeNode, scope: Scope): Value {
    const by = bare(e.by[0]!);
    const value = this.#by(this.resolver.theLoss(scope), by, scope);
    const letter = by.kind === 'element' ? bare(by.of) : by;
    const isOwn = this.arithmetic.layout.differential === 'own' && letter.kind === 'letter';
    const points = isOwn ? this.resolver.pointsOf(letter, scope) : undefined;
    return points === undefined ? value : this.arithmetic.product(this.arithmetic.number(points), value, e);
  }

  /** Returns the derivative of a value with respect to the letter or element that an expression names. */
  #by(of: Value, variable: Expression, scope: Scope): Value {
    const { arithmetic, resolver } = this;
    const by = bare(variable.kind === 'transpose' && variable.mark !== "'" ? variable.of : variable);
    const value = arithmetic.matrix(of);
    if (by.kind === 'letter') {
      const { outline } = this.setting.members;
      const use = outline.letters.useOf(by);
      if (use.elements.length > 0 && !resolver.isGathered(use.key) && !scope.parameters.has(use.key)) {
        const whole = resolver.member(use.key, resolver.indices(by, scope), by, scope);
        return this.#byElement(value, whole, use.elements, by, scope);
      }
    }
    if (by.kind === 'tuple') {
      if (!isNumber(value))
        throw new NoMeaning('the derivative of an array with respect to several letters is not supported', by);
      const each = by.items.map((item) => [arithmetic.matrix(this.#by(of, item, scope))]);
      return arithmetic.table(each, [false, true]);
    }
    if (by.kind === 'element') return this.#byElement(value, this.matrix(by.of, scope), by.indices, by, scope);
    return arithmetic.derivative(value, this.matrix(by, scope));
  }

  /**
   * Differentiates with respect to elements of an array. Other values may be computed from the whole array, so the
   * derivative is taken with respect to the whole array first.
   */
  #byElement(of: Value, whole: Value, elements: readonly Expression[], at: Expression, scope: Scope): Value {
    const { arithmetic } = this;
    const { k } = arithmetic;
    const [rows, columns] = whole.node.shape as [number, number];
    const numbers: Value = {
      node: k.reshape(arithmetic.wholeJacobian({ of, by: whole }), [
        of.node.shape[0]! * of.node.shape[1]!,
        rows * columns,
      ]),
      one: [false, false],
    };
    const picks = this.resolver.places(whole, elements, at, scope);
    if (isNumber(of)) {
      const gradient: Value = { node: k.reshape(numbers.node, [rows, columns]), one: whole.one };
      return this.resolver.picked(gradient, elements, at, scope);
    }
    const taken = picks.map((pick) => arithmetic.column(numbers, pick + 1, at).node);
    if (picks.length === 1) return { node: k.reshape(taken[0]!, of.node.shape), one: of.one };
    if (!isVector(of))
      throw new NoMeaning('the derivative of a matrix with respect to a row or column is not supported', at);
    const jacobian: Value = { node: k.concat(taken, 1), one: [false, false] };
    return arithmetic.layout.jacobian === 'rows' ? jacobian : arithmetic.transposed(jacobian);
  }
}
