/** Translates a node to a term for one of its elements: the primitives in terms of indices. */

import { type Activation, type Convolution, comparisons, type Slice, unary } from '@tapegrad/kernels';
import type { Application, Node } from '../../running/graph.ts';
import { isDiagonal, isOfDiagonal } from '../naming/views.ts';
import { type Axes, isLengthOf } from '../recording/axes.ts';
import { type Composite, compositeOf } from '../recording/composites.ts';
import type { Quantity } from './quantities.ts';
import { apply, indicator, isNumber, negated, power, product, sum } from './simplify.ts';
import { broadcastAt, freshSubscript, reshapedAt, shifted, slicedAt, Untranslatable, windowAt } from './subscripts.ts';
import { type Index, indexOf, keyOf, number, one, type Subscript, type SymbolTerm, type Term, zero } from './terms.ts';

/** The assignment of letters to nodes. */
export interface Letters {
  /** Returns the quantity of a node that has a letter. */
  readonly quantityOf: (node: Node) => Quantity | undefined;
  /** Returns the quantity of a node, and gives it a letter if it has none. */
  readonly demand: (node: Node) => Quantity;
  readonly isConstant: (node: Node) => boolean;
  /** Returns the one-hot rows of labels, for the number of classes of some logits. */
  readonly oneHot: (labels: Node, classes: Node) => Node;
  readonly softmax: (logits: Node) => Node;
  /** Returns the divisor of a normalization. */
  readonly deviation: (normalized: Node) => Node;
}

const minus = (term: Term): Term => product([term], [], -1);
const over = (subscripts: readonly Subscript[]): Index[] =>
  subscripts.flatMap((subscript) => subscript.map((digit) => indexOf(digit)!));

const signFunctions: ReadonlySet<string> = new Set(Object.keys(unary));

export class Translator {
  readonly #letters: Letters;
  readonly #axes: Axes;

  constructor(letters: Letters, axes: Axes) {
    this.#letters = letters;
    this.#axes = axes;
  }

  readonly isLetter = (node: Node): boolean => this.#letters.quantityOf(node) !== undefined;

  /** Creates indices for the axes of a node. */
  indicesFor(node: Node): Subscript[] {
    return node.shape.map((_, axis) => freshSubscript(node, axis, this.#axes, this.isLetter));
  }

  /** Returns the element of a node at given subscripts: by its letter, or from its operands. */
  at(node: Node, at: readonly Subscript[]): Term {
    const quantity = this.#letters.quantityOf(node);
    return quantity === undefined ? this.definition(node, at) : this.#symbol(quantity, at);
  }

  /** Returns the element of a node from its operands. */
  definition(node: Node, at: readonly Subscript[]): Term {
    if (node.op !== 'leaf' && node.constant !== undefined) return number(node.constant);
    const { op, inputs, attributes } = node;
    const [x, y] = inputs as [Node, Node];
    const operand = (i: number): Term => this.at(inputs[i]!, broadcastAt(inputs[i]!, at));
    switch (op) {
      case 'leaf': {
        if (!isLengthOf(attributes)) throw new Untranslatable(node);
        const name = this.#axes.classOf(attributes.lengthOf, attributes.axis);
        return { kind: 'length', name, value: attributes.value };
      }
      case 'neg':
        return minus(operand(0));
      case 'cast':
      case 'stopGradient':
      case 'alias':
        return operand(0);
      case 'sqrt':
        return power(operand(0), 0.5);
      case 'expm1':
        return sum([apply('exp', [operand(0)]), number(-1)]);
      case 'log1p':
        return apply('log', [sum([one, operand(0)])]);
      case 'apply': {
        const { fn, order } = attributes as Application;
        return apply(fn, [operand(0)], order);
      }
      case 'add':
        return sum([operand(0), operand(1)]);
      case 'sub':
        return sum([operand(0), minus(operand(1))]);
      case 'mul':
        return product([operand(0), operand(1)]);
      case 'div':
        return product([operand(0), power(operand(1), -1)]);
      case 'pow': {
        const exponent = operand(1);
        return exponent.kind === 'number' ? power(operand(0), exponent.value) : apply('pow', [operand(0), exponent]);
      }
      case 'maximum':
      case 'minimum':
        return this.#extremum(node, operand(0), operand(1));
      case 'remainder':
      case 'atan2':
        return apply(op, [operand(0), operand(1)]);
      case 'activationGrad':
        return this.#slope(node, at);
      case 'where':
        return this.#choice(node, at);
      case 'sum':
      case 'max':
      case 'min':
      case 'prod':
        return this.#reduced(node, at);
      case 'cumsum':
        return this.#runningSum(node, at);
      case 'broadcastTo':
        return operand(0);
      case 'permute': {
        const order = attributes as readonly number[];
        return this.at(
          x,
          x.shape.map((_, axis) => at[order.indexOf(axis)]!),
        );
      }
      case 'reshape':
        return isOfDiagonal(node) ? this.#onDiagonal(x, at) : this.at(x, reshapedAt(node, at));
      case 'slice':
        if (isDiagonal(node)) return this.at(x.inputs[0]!, [at[0]!, at[0]!]);
        return this.#demanded(x, slicedAt(node, attributes as Slice, x.shape, at));
      case 'scatterSlice':
        return this.#embedded(node, at);
      case 'take':
        return this.#taken(node, at);
      case 'scatterAdd':
        return this.#scattered(node, at);
      case 'matmul':
        return this.#matmul(x, y, at);
      case 'affine': {
        const bias = inputs[2]!;
        return sum([this.#matmul(x, y, at), this.at(bias, broadcastAt(bias, at))]);
      }
      case 'crossEntropy':
        return this.#crossEntropy(node, at);
      case 'crossEntropyGrad':
        return this.#crossEntropyGrad(node, at);
      case 'composite':
        return this.#composite(node, at);
      case 'conv':
      case 'convInput':
      case 'convWeight':
        return this.#convolution(node, at);
      default: {
        if (op in comparisons) return this.#comparison(node, operand(0), operand(1));
        if (signFunctions.has(op)) return apply(op, [operand(0)]);
        throw new Untranslatable(node);
      }
    }
  }

  #symbol(quantity: Quantity, at: readonly Subscript[]): Term {
    const { node } = quantity;
    const own = node.shape.map((length, axis): Subscript => (length === 1 ? [] : at[axis]!));
    return { kind: 'symbol', symbol: quantity, at: own };
  }

  /**
   * Returns an element by its letter. An array that is read at shifted positions needs a letter, or its operands would
   * also be read there.
   */
  #demanded(node: Node, at: readonly Subscript[]): Term {
    if (node.constant !== undefined && node.op !== 'leaf') return number(node.constant);
    const isSame = at.every((subscript) => subscript.every((digit) => indexOf(digit) !== undefined));
    return isSame ? this.at(node, at) : this.#symbol(this.#letters.demand(node), at);
  }

  #extremum(node: Node, a: Term, b: Term): Term {
    // For conditions, these are 'or' and 'and'.
    if (node.dtype === 'bool') return node.op === 'minimum' ? product([a, b]) : sum([a, b, minus(product([a, b]))]);
    return apply(node.op === 'maximum' ? 'max' : 'min', [a, b]);
  }

  #comparison(node: Node, a: Term, b: Term): Term {
    const [x, y] = node.inputs as [Node, Node];
    if (node.op !== 'equal') return indicator(node.op === 'less' ? '<' : 'le', a, b);
    const isKink = (side: Node, other: Term): boolean => !this.#letters.isConstant(side) && other.kind === 'number';
    // A trained value practically never equals a given number exactly; at such kinks the tape's conventions hold.
    return isKink(x, b) || isKink(y, a) ? zero : indicator('=', a, b);
  }

  /** Returns g s'(x), with the slope computed from the value y. */
  #slope({ inputs, attributes }: Node, at: readonly Subscript[]): Term {
    const [g, y] = inputs as [Node, Node];
    const [cotangent, value] = [this.at(g, at), this.at(y, at)];
    switch (attributes as Activation) {
      case 'tanh':
        return product([cotangent, sum([one, minus(power(value, 2))])]);
      case 'sigmoid':
        return product([cotangent, value, sum([one, minus(value)])]);
      default: {
        if (y.op === 'relu') return product([cotangent, indicator('<', zero, value)]);
        // A cotangent that is already a product with y is 0 wherever y is 0, so it needs no indicator [y > 0].
        if (g.op === 'mul' && g.inputs.includes(y)) return cotangent;
        if (g.op === 'mul' && isNumber(value)) return isNumber(value, 0) ? zero : cotangent;
        if (isShare(value)) return product([cotangent, value]);
        return product([cotangent, indicator('ne', value, zero)]);
      }
    }
  }

  #choice({ inputs }: Node, at: readonly Subscript[]): Term {
    const [condition, x, y] = inputs.map((input) => this.at(input, broadcastAt(input, at))) as [Term, Term, Term];
    const otherwise =
      condition.kind === 'indicator'
        ? negated(condition.relation, condition.left, condition.right)
        : sum([one, minus(condition)]);
    if (isSignOf(condition, x) && keyOf(x) === keyOf(minus(y))) return apply('abs', [x]);
    if (isSignOf(condition, y) && keyOf(y) === keyOf(minus(x))) return minus(apply('abs', [y]));
    if (isNumber(condition, 1)) return x;
    if (isNumber(condition, 0)) return y;
    return sum([product([condition, x]), product([otherwise, y])]);
  }

  #reduced(node: Node, at: readonly Subscript[]): Term {
    const [x] = node.inputs as [Node];
    const axes = node.attributes as readonly number[];
    const inner = x.shape.map((_, axis) =>
      axes.includes(axis) ? freshSubscript(x, axis, this.#axes, this.isLetter, false) : at[axis]!,
    );
    const along = over(axes.map((axis) => inner[axis]!));
    const of = this.at(x, inner);
    if (node.op === 'sum') return product([of], along);
    return along.length === 0 ? of : { kind: 'big', op: node.op as 'max', of, over: along };
  }

  #runningSum(node: Node, at: readonly Subscript[]): Term {
    const [x] = node.inputs as [Node];
    const axis = node.attributes as number;
    const own = freshSubscript(x, axis, this.#axes, this.isLetter, false);
    const [digit, end] = [own[0], at[axis]?.[0]];
    if (own.length !== 1 || at[axis]!.length !== 1 || digit === undefined || end === undefined) {
      if (own.length === 0) return this.at(x, at);
      throw new Untranslatable(node);
    }
    const isBefore = indicator('le', { kind: 'position', digit }, { kind: 'position', digit: end });
    return product([isBefore, this.at(x, at.with(axis, own))], over([own]));
  }

  /** Returns an element of a matrix that is 0 outside its diagonal. */
  #onDiagonal({ inputs: [vector] }: Node, [row, column]: readonly Subscript[]): Term {
    const [i, j] = [row![0], column![0]];
    if (i === undefined || j === undefined || row!.length + column!.length > 2) throw new Untranslatable(vector!);
    const isThere = indicator('=', { kind: 'position', digit: i }, { kind: 'position', digit: j });
    return product([isThere, this.at(vector!, [row!])]);
  }

  #embedded(node: Node, at: readonly Subscript[]): Term {
    const [x] = node.inputs as [Node];
    const { starts, steps, shape } = node.attributes as Slice & { readonly shape: readonly number[] };
    const factors: Term[] = [];
    const along: Index[] = [];
    const inner = x.shape.map((length, axis): Subscript => {
      if (length === shape[axis] && steps[axis] === 1) return at[axis]!;
      const own = freshSubscript(x, axis, this.#axes, this.isLetter, false);
      if (own.length > 1 || at[axis]!.length !== 1) throw new Untranslatable(node);
      const [place] = shifted(node, own, steps[axis]!, starts[axis]!);
      const digit = place ?? { terms: [], offset: starts[axis]!, lookup: undefined };
      factors.push(indicator('=', { kind: 'position', digit: at[axis]![0]! }, { kind: 'position', digit }));
      along.push(...over([own]));
      return own;
    });
    return product([...factors, this.at(x, inner)], along);
  }

  #lookup(indices: Node, at: readonly Subscript[]): Subscript {
    const lookup: SymbolTerm = { kind: 'symbol', symbol: this.#letters.demand(indices), at: broadcastAt(indices, at) };
    return [{ terms: [], offset: 0, lookup }];
  }

  #taken(node: Node, at: readonly Subscript[]): Term {
    const [x, indices] = node.inputs as [Node, Node];
    const axis = node.attributes as number;
    const rank = indices.shape.length;
    const own = this.#lookup(indices, at.slice(axis, axis + rank));
    return this.#demanded(x, at.toSpliced(axis, rank, own));
  }

  #scattered(node: Node, at: readonly Subscript[]): Term {
    const [x, indices] = node.inputs as [Node, Node];
    const { axis } = node.attributes as { readonly axis: number };
    const own = indices.shape.map((_, i) => freshSubscript(x, axis + i, this.#axes, this.isLetter, false));
    const place = at[axis]![0];
    if (at[axis]!.length !== 1 || place === undefined) throw new Untranslatable(node);
    const [digit] = this.#lookup(indices, own);
    const isThere = indicator('=', { kind: 'position', digit: place }, { kind: 'position', digit: digit! });
    return product([isThere, this.at(x, [...at.slice(0, axis), ...own, ...at.slice(axis + 1)])], over(own));
  }

  #matmul(x: Node, y: Node, at: readonly Subscript[]): Term {
    const [a, b] = [x.shape.length, y.shape.length];
    const left = freshSubscript(x, a - 1, this.#axes, this.isLetter, false);
    const right = freshSubscript(y, b - 2, this.#axes, this.isLetter, false);
    const inner = right.length > left.length ? right : left;
    const lead = at.slice(0, -2);
    const of = (node: Node, last: readonly Subscript[]): Term => {
      const own = lead.slice(lead.length - (node.shape.length - 2));
      return this.at(
        node,
        [...own, ...last].map((subscript, axis) => (node.shape[axis] === 1 ? [] : subscript)),
      );
    };
    return product([of(x, [at.at(-2)!, inner]), of(y, [inner, at.at(-1)!])], over([inner]));
  }

  #crossEntropy(node: Node, [row]: readonly Subscript[]): Term {
    const [logits, labels] = node.inputs as [Node, Node];
    const [y, p] = [this.#letters.oneHot(labels, logits), this.#letters.softmax(logits)];
    const classes = freshSubscript(logits, 1, this.#axes, this.isLetter, false);
    const log = apply('log', [this.at(p, [row!, classes])]);
    return product([this.at(y, [row!, classes]), log], over([classes]), -1);
  }

  #crossEntropyGrad(node: Node, at: readonly Subscript[]): Term {
    const [g, logits, labels] = node.inputs as [Node, Node, Node];
    const [y, p] = [this.#letters.oneHot(labels, logits), this.#letters.softmax(logits)];
    return product([this.at(g, [at[0]!]), sum([this.at(p, at), minus(this.at(y, at))])]);
  }

  /**
   * For `normalize`, returns (x - mean x) / s. For `deviation`, returns s = sqrt(mean (x - mean x)^2 + eps) itself.
   * The mean is subtracted only if `centered` is set.
   */
  #composite(node: Node, at: readonly Subscript[]): Term {
    const composite = compositeOf(node);
    if (composite?.name === 'logSumExp' || composite?.name === 'logSoftmax')
      return this.#logarithm(node, composite, at);
    if (composite?.name !== 'normalize' && composite?.name !== 'deviation') throw new Untranslatable(node);
    const [x] = node.inputs as [Node];
    const { axes, eps = 0, centered } = composite;
    const alongAxes = (): Subscript[] =>
      x.shape.map((_, axis) =>
        axes.includes(axis) ? freshSubscript(x, axis, this.#axes, this.isLetter, false) : at[axis]!,
      );
    const mean = (of: (inner: readonly Subscript[]) => Term): Term => {
      const inner = alongAxes();
      const along = over(axes.map((axis) => inner[axis]!));
      return product([of(inner), ...along.map(({ size }) => power(size, -1))], along);
    };
    const deviation = (inner: readonly Subscript[]): Term => {
      const own = this.at(x, inner);
      return centered === true ? sum([own, minus(mean((other) => this.at(x, other)))]) : own;
    };
    if (composite.name === 'deviation')
      return power(sum([mean((inner) => power(deviation(inner), 2)), number(eps)]), 0.5);
    return product([deviation(at), power(this.at(this.#letters.deviation(node), at), -1)]);
  }

  /** Returns log sum exp(x) or, for `logSoftmax`, x - log sum exp(x). */
  #logarithm({ inputs }: Node, { name, axes }: Composite, at: readonly Subscript[]): Term {
    const [x] = inputs as [Node];
    const inner = x.shape.map((_, axis) =>
      axes.includes(axis) ? freshSubscript(x, axis, this.#axes, this.isLetter, false) : at[axis]!,
    );
    const total = product([apply('exp', [this.at(x, inner)])], over(axes.map((axis) => inner[axis]!)));
    const log = apply('log', [total]);
    return name === 'logSumExp' ? log : sum([this.at(x, at), minus(log)]);
  }

  #convolution(node: Node, at: readonly Subscript[]): Term {
    const [x, y] = node.inputs as [Node, Node];
    const { windows, groups } = node.attributes as Convolution;
    if (groups !== 1) throw new Untranslatable(node);
    const fresh = (of: Node, axis: number): Subscript => {
      const own = freshSubscript(of, axis, this.#axes, this.isLetter, false);
      if (axis > 1 && own.length > 1) throw new Untranslatable(node);
      return own;
    };
    const spatial = windows.map((_, i) => i + 2);
    const [a, b, ...rest] = at as [Subscript, Subscript, ...Subscript[]];
    if (node.op === 'conv') {
      const channel = fresh(x, 1);
      const elements = spatial.map((axis) => fresh(y, axis));
      const places = windows.map((window, i) => windowAt(node, rest[i]!, elements[i]!, window));
      const factors = [this.#padded(x, [a, channel, ...places]), this.at(y, [b, channel, ...elements])];
      return product(factors, over([channel, ...elements]));
    }
    if (node.op === 'convWeight') {
      const example = fresh(x, 0);
      const positions = spatial.map((axis) => fresh(y, axis));
      const places = windows.map((window, i) => windowAt(node, positions[i]!, rest[i]!, window));
      const factors = [this.#padded(x, [example, b, ...places]), this.at(y, [example, a, ...positions])];
      return product(factors, over([example, ...positions]));
    }
    const channel = fresh(x, 1);
    const elements = spatial.map((axis) => fresh(y, axis));
    if (windows.every(({ stride }) => stride === 1)) {
      // Solves q = p + k dilation - padding for the position p that is read.
      const places = windows.map(({ dilation, padding }, i) => {
        const back = { size: 0, stride: 1, dilation: -dilation, padding: [-padding[0], 0] as const };
        return windowAt(node, rest[i]!, elements[i]!, back);
      });
      const factors = [this.#padded(x, [a, channel, ...places]), this.at(y, [channel, b, ...elements])];
      return product(factors, over([channel, ...elements]));
    }
    const positions = spatial.map((axis) => fresh(x, axis));
    const areThere = windows.map((window, i) => {
      const [digit] = windowAt(node, positions[i]!, elements[i]!, window);
      const [place] = rest[i]!;
      return indicator('=', { kind: 'position', digit: place ?? digitless }, { kind: 'position', digit: digit! });
    });
    const factors = [this.at(x, [a, channel, ...positions]), this.at(y, [channel, b, ...elements])];
    return product([...areThere, ...factors], over([channel, ...elements, ...positions]));
  }

  /** Returns an element, or 0 outside of the array. */
  #padded(node: Node, at: readonly Subscript[]): Term {
    return this.#symbol(this.#letters.demand(node), at);
  }
}

const digitless = { terms: [], offset: 0, lookup: undefined } as const;

/** Returns whether a condition is x > 0. */
const isSignOf = (condition: Term, x: Term): boolean =>
  condition.kind === 'indicator' &&
  condition.relation === '<' &&
  isNumber(condition.left, 0) &&
  keyOf(condition.right) === keyOf(x);

/** Returns whether a term is always 0 or 1. */
const isShare = (term: Term): boolean => term.kind === 'indicator' || (term.kind === 'number' && term.value === 1);
