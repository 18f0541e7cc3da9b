/** Evaluates terms: computes the sums of a derived formula as they are written. */

import { type NdArray, sizeOf } from '@tapegrad/kernels';
import { elementsOf } from '../../running/floats.ts';
import type { Node } from '../../running/graph.ts';
import { type Digit, dependsOn, type Index, indexOf, type Subscript, type SymbolTerm, type Term } from './terms.ts';

type Environment = Map<Index, number>;

/** The values of letters and functions. */
export interface Meaning {
  readonly valueOf: (node: Node) => NdArray;
  /** Applies a transition, or its derivative of a given order, to a number. */
  readonly apply: (fn: string, order: number, x: number) => number;
}

const functions: Readonly<Record<string, (x: number, y: number) => number>> = {
  ...{ exp: Math.exp, log: Math.log, sin: Math.sin, cos: Math.cos, tan: Math.tan, asin: Math.asin, acos: Math.acos },
  ...{ atan: Math.atan, sinh: Math.sinh, cosh: Math.cosh, tanh: Math.tanh, abs: Math.abs, sign: Math.sign },
  ...{ floor: Math.floor, ceil: Math.ceil, max: Math.max, min: Math.min, pow: Math.pow, atan2: Math.atan2 },
  sigmoid: (x) => 1 / (1 + Math.exp(-x)),
  softplus: (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x))),
  relu: (x) => Math.max(x, 0),
  remainder: (x, y) => x - Math.floor(x / y) * y,
};

/** Evaluates terms for given data. */
export class Evaluator {
  readonly #meaning: Meaning;
  readonly #elements = new Map<Node, Float64Array>();

  constructor(meaning: Meaning) {
    this.#meaning = meaning;
  }

  /** Returns the elements of a term for all values of the subscripts, in row-major order. */
  elements(term: Term, at: readonly Subscript[]): Float64Array {
    const indices = at.flatMap((subscript) => subscript.map((digit) => indexOf(digit)!));
    const result = new Float64Array(sizeOf(indices.map(({ length }) => length)));
    let next = 0;
    this.#each(indices, new Map(), (environment) => {
      result[next++] = this.#value(term, environment);
    });
    return result;
  }

  #each(
    indices: readonly Index[],
    environment: Environment,
    visit: (environment: Environment) => void,
    from = 0,
  ): void {
    if (from === indices.length) {
      visit(environment);
      return;
    }
    const index = indices[from]!;
    for (let i = 0; i < index.length; i++) {
      environment.set(index, i);
      this.#each(indices, environment, visit, from + 1);
    }
  }

  #position({ terms, offset, lookup }: Digit, environment: Environment): number {
    if (lookup !== undefined) return this.#symbol(lookup, environment);
    return terms.reduce((sum, { index, times }) => sum + times * environment.get(index)!, offset);
  }

  /** Returns an element, or 0 for an index outside of the array. */
  #symbol({ symbol: { node }, at }: SymbolTerm, environment: Environment): number {
    let elements = this.#elements.get(node);
    if (elements === undefined) {
      elements = elementsOf(this.#meaning.valueOf(node));
      this.#elements.set(node, elements);
    }
    let place = 0;
    for (const [axis, length] of node.shape.entries()) {
      let position = 0;
      for (const digit of at[axis]!)
        position = position * (digit.terms[0]?.index.length ?? 1) + this.#position(digit, environment);
      if (position < 0 || position >= length) return 0;
      place = place * length + position;
    }
    return elements[place]!;
  }

  #value(term: Term, environment: Environment): number {
    switch (term.kind) {
      case 'number':
      case 'length':
        return term.value;
      case 'symbol':
        return this.#symbol(term, environment);
      case 'position':
        return this.#position(term.digit, environment);
      case 'sum':
        return term.terms.reduce((total, part) => total + this.#value(part, environment), 0);
      case 'power':
        return this.#value(term.base, environment) ** term.exponent;
      case 'apply': {
        const [x = 0, y = 0] = term.args.map((arg) => this.#value(arg, environment));
        const known = term.order === 0 ? functions[term.fn] : undefined;
        return known === undefined ? this.#meaning.apply(term.fn, term.order, x) : known(x, y);
      }
      case 'indicator': {
        const [a, b] = [this.#value(term.left, environment), this.#value(term.right, environment)];
        const holds = { '<': a < b, le: a <= b, '=': a === b, ne: a !== b }[term.relation];
        return holds ? 1 : 0;
      }
      case 'product':
        return this.#product(term, environment);
      case 'big': {
        let result = { max: -Infinity, min: Infinity, prod: 1 }[term.op];
        this.#each(term.over, environment, (inner) => {
          const value = this.#value(term.of, inner);
          result = term.op === 'prod' ? result * value : Math[term.op](result, value);
        });
        return result;
      }
    }
  }

  #product({ scale, factors, over }: Extract<Term, { kind: 'product' }>, environment: Environment): number {
    // A condition that doesn't hold makes the whole product 0, even next to an infinity or NaN.
    const times = (list: readonly Term[], inner: Environment): number => {
      let result = 1;
      for (const factor of list) {
        result *= this.#value(factor, inner);
        if (result === 0) return 0;
      }
      return result;
    };
    const ordered = [...factors].sort((a, b) => Number(b.kind === 'indicator') - Number(a.kind === 'indicator'));
    const outside = ordered.filter((factor) => !over.some((index) => dependsOn(factor, index)));
    const inside = ordered.filter((factor) => !outside.includes(factor));
    const front = scale * times(outside, environment);
    if (front === 0 || over.length === 0) return front;
    let total = 0;
    this.#each(over, environment, (inner) => {
      total += times(inside, inner);
    });
    return front * total;
  }
}
