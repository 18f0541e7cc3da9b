/** Finds the values of letters: numbers, results of definitions, or random data. */

import { eachLetter } from '../meaning/letters/letters.ts';
import { NoMember } from '../meaning/members.ts';
import type { Alias, Definition, FunctionDefinition } from '../meaning/outline-types.ts';
import { indexValue, type Match, matchPattern } from '../meaning/program.ts';
import { noScope } from '../meaning/shaper.ts';
import type { Dim } from '../meaning/shapes/dims.ts';
import { isConstant, textOfCount } from '../meaning/sides.ts';
import type { Node } from '../running/graph.ts';
import { bare, type Expression, keyOf, type LetterNode, made } from '../syntax/ast.ts';
import { anyFunction, anyMap, backwardKeys } from './losses.ts';
import { NoMeaning, type Scope, topScope } from './scope.ts';
import type { Evaluating } from './setting.ts';
import { isNumber, isVector, Misfit, type Value } from './values.ts';

/** The maximum nesting depth of definitions. */
const deepest = 150;

export class Resolver {
  readonly #host: Evaluating;
  /** The sizes of vectors of ones and identity matrices, as far as a statement's shapes determine them. */
  hints: ReadonlyMap<LetterNode, number> = new Map();
  readonly #known = new Map<string, Value>();
  readonly #running = new Set<string>();

  constructor(host: Evaluating) {
    this.#host = host;
  }

  get #members() {
    return this.#host.setting.members;
  }

  /** Returns the value of an index. */
  index(e: Expression, scope: Scope): number | undefined {
    const { labels, members } = this.#host.setting;
    return indexValue(e, new Map([...members.program.counts, ...labels, ...scope.indices]));
  }

  /** Returns the values of the indices that select a member of a letter's family: [2] for W_2. */
  indices(letter: LetterNode, scope: Scope): number[] {
    const { letters } = this.#members.outline;
    const use = letters.useOf(letter);
    const family = letters.infoOf(use.key)?.family ?? use.members.length;
    const written = use.members.length > 0 ? use.members : this.#members.impliedFor(use.key);
    if (written.length < family) {
      const { program, outline } = this.#members;
      const isWhole = [...program.definitions, ...outline.functions].some(
        ({ key, pattern }) => key === use.key && pattern.length === 0,
      );
      return isWhole ? [] : [this.#host.setting.point];
    }
    return written.map((index) => {
      const value = this.index(index, scope) ?? this.#anyMember(use.key, index);
      if (value === undefined) throw new NoMeaning(`it is not clear which '${letter.name}' is meant`, letter);
      return value;
    });
  }

  /** Returns a value for an index that nothing binds: that of an arbitrary point, if all members have the same shape. */
  #anyMember(key: string, index: Expression): number | undefined {
    const { kinds } = this.#members;
    const isFree = bare(index).kind === 'letter' && !this.#members.isLayered(kinds.axisOf(key, 0));
    return isFree ? this.#host.setting.point : undefined;
  }

  /** Returns the value of a letter that is an index or a count. */
  #asNumber(letter: LetterNode, scope: Scope): number | undefined {
    const { labels, sizeOf } = this.#host.setting;
    if (letter.sup.length > 0 || letter.primes > 0) return undefined;
    const isBare = letter.sub.length === 0;
    const key = keyOf(letter);
    if (isBare && scope.indices.has(letter.name) && letter.alphabet === 'plain') return scope.indices.get(letter.name);
    if (isBare && labels.has(key)) return labels.get(key);
    const { program, counts } = this.#members;
    if (program.isDefined(key)) return undefined;
    const numbered = `${key}_${letter.sub.map((index) => this.index(index, scope) ?? '').join(',')}`;
    const named = textOfCount(letter);
    const count = isBare ? counts.get(key) : (counts.get(numbered) ?? counts.get(named));
    if (count !== undefined) return sizeOf(count);
    return isBare ? program.counts.get(key) : undefined;
  }

  letter(letter: LetterNode, scope: Scope): Value {
    const { arithmetic } = this.#host;
    const parameter = scope.parameters.get(keyOf(letter));
    if (parameter !== undefined) {
      const indices = [...letter.sup, ...letter.sub];
      return indices.length > 0 ? this.picked(parameter, indices, letter, scope) : parameter;
    }
    const number = this.#asNumber(letter, scope);
    if (number !== undefined) return arithmetic.number(number);
    const { program, outline } = this.#members;
    const isIdentity = letter.name === 'I' && !program.isDefined('I') && letter.sub.length < 2;
    if (isConstant(letter) || isIdentity) return this.#constant(letter, scope);
    const use = outline.letters.useOf(letter);
    const isDelta =
      letter.name === 'delta' && letter.alphabet === 'plain' && use.elements.length === 2 && use.members.length === 0;
    if (isDelta && !program.isDefined(use.key)) {
      const [i, j] = use.elements.map((index) => this.index(index, scope));
      if (i === undefined || j === undefined) throw new NoMeaning('the indices of this delta are not known', letter);
      return arithmetic.number(i === j ? 1 : 0);
    }
    return this.under(use.key, letter, scope);
  }

  /** Returns the value that a key has for the indices of a letter: that of its own key, or that of its square. */
  under(key: string, letter: LetterNode, scope: Scope): Value {
    const { elements } = this.#members.outline.letters.useOf(letter);
    const values = this.indices(letter, scope);
    if (elements.length === 0) return this.member(key, values, letter, scope);
    return this.#element(key, values, elements, letter, scope);
  }

  /** Whether a letter is the start of a recursion, such as h_0, which depends on nothing. */
  isStart(letter: LetterNode, scope: Scope): boolean {
    const { program, outline } = this.#members;
    const { key, members } = outline.letters.useOf(letter);
    return members.length > 0 && program.isDefined(key) && this.#members.isInput(key, this.indices(letter, scope));
  }

  /** Whether a letter's elements are defined one by one. */
  isGathered(key: string): boolean {
    return this.#members.program.definitions.some((definition) => definition.key === key && definition.elements > 0);
  }

  #element(
    key: string,
    values: readonly number[],
    elements: readonly Expression[],
    letter: LetterNode,
    scope: Scope,
  ): Value {
    const places = elements.map((index) => this.index(index, scope));
    if (places.every((place) => place !== undefined) && this.isGathered(key)) {
      const all = [...values, ...places];
      const match = this.#members.program.find(key, all, scope.until);
      if (match !== undefined && match.definition.elements > 0)
        return this.#defined(match.definition, match.indices, key, all, scope);
    }
    return this.picked(this.member(key, values, letter, scope), elements, letter, scope);
  }

  #constant(letter: LetterNode, scope: Scope): Value {
    const { arithmetic } = this.#host;
    if (letter.name === 'pi') return arithmetic.number(Math.PI);
    if (letter.name === '0') return arithmetic.number(0);
    if (letter.name === 'e') return arithmetic.number(Math.E);
    if (letter.name === 'infty') throw new NoMeaning('infinity cannot be used in a computation', letter);
    const [index] = letter.sub;
    const size = index === undefined ? this.hints.get(letter) : this.#count(index, scope);
    if (size === undefined) throw new NoMeaning(`the size of '${letter.name}' is not known here`, letter);
    return letter.name === 'I' ? arithmetic.identity(size) : arithmetic.filled(1, size, 1, [false, true]);
  }

  #count(index: Expression, scope: Scope): number | undefined {
    const inside = bare(index);
    return (inside.kind === 'letter' ? this.#asNumber(inside, scope) : undefined) ?? this.index(index, scope);
  }

  /** Returns the value of a letter with all its elements. */
  member(key: string, values: readonly number[], letter: LetterNode, scope: Scope): Value {
    const members = this.#members;
    const alias = members.outline.aliases.find((other) => other.key === key);
    const aliased = alias === undefined ? undefined : this.#aliased(alias, values, scope);
    if (aliased !== undefined) return aliased;
    const match = members.program.find(key, values, scope.until);
    if (match !== undefined) return this.#defined(match.definition, match.indices, key, values, scope);
    const fn = members.program.findFunction(key, values);
    if (fn !== undefined && letter.primes > 0 && letter.isPrimedName !== true) {
      const { parameters } = fn.definition;
      return this.#host.matrix({ ...made, kind: 'call', fn: letter, args: parameters, open: '(' }, scope);
    }
    if (fn !== undefined) return this.#ofFunction(key, fn, scope);
    const isDefined = members.program.isDefined(key);
    if (members.outline.losses.has(key) && !isDefined) return this.#anyLoss(key, values, scope);
    if (isDefined && !this.isGathered(key) && !members.isInput(key, values)) {
      throw new NoMember(`'${letter.name}' is not defined for ${values.join(', ')}`);
    }
    const { r, c } = members.shapeOf(letter, key, values);
    const [rows, columns] = [this.#host.setting.lengthOf(r), this.#host.setting.lengthOf(c)];
    const { dims } = members.types;
    const one: readonly [boolean, boolean] = [dims.extentOf(r) === 'one', dims.extentOf(c) === 'one'];
    if (this.isGathered(key)) return this.#gathered(key, values, rows, columns, one, scope);
    const parents = this.#parents(key, scope);
    if (parents.length > 0) return anyMap(this.#host.arithmetic, key, [rows, columns], one, parents);
    return { node: this.#host.arithmetic.graph.leaf(`${key}@${values.join(',')}`, [rows, columns]), one };
  }

  /** Assembles an array whose elements are defined one by one. */
  #gathered(
    key: string,
    values: readonly number[],
    rows: number,
    columns: number,
    one: readonly [boolean, boolean],
    scope: Scope,
  ): Value {
    const at = (i: number, j: number): Value => {
      const place = one[1] ? [i + 1] : one[0] ? [j + 1] : [i + 1, j + 1];
      const all = [...values, ...place];
      const match = this.#members.program.find(key, all, scope.until);
      if (match === undefined) throw new NoMember(`'${key}' is not defined for ${place.join(', ')}`);
      return this.#defined(match.definition, match.indices, key, all, scope);
    };
    const table = Array.from({ length: rows }, (_, i) => Array.from({ length: columns }, (_, j) => at(i, j)));
    return this.#host.arithmetic.table(table, one);
  }

  #aliased(alias: Alias, values: readonly number[], scope: Scope): Value | undefined {
    const members = this.#members;
    const indices = matchPattern(alias.pattern.slice(0, values.length), values, members.program.counts);
    if (indices === undefined) return undefined;
    const by = bare(alias.by);
    const variable = by.kind === 'letter' ? members.counterpart(by) : by;
    // delta_j = ∂L/∂z_j defines the whole of delta.
    const isShort = alias.pattern.length > values.length && variable.kind === 'letter';
    const whole = isShort ? members.withoutElements(variable) : variable;
    const derivative = this.#host.derivativeOf(alias.of, whole, {
      ...scope,
      indices: new Map([...scope.indices, ...indices]),
    });
    return this.#host.arithmetic.matrix(derivative);
  }

  #defined(
    definition: Definition,
    indices: ReadonlyMap<string, number>,
    key: string,
    values: readonly number[],
    scope: Scope,
  ): Value {
    const { setting, arithmetic } = this.#host;
    const name = `${key}@${values.join(',')} ${definition.statement} ${setting.point} ${Object.values(arithmetic.layout).join(' ')}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#running.has(name) || this.#running.size > deepest)
      throw new NoMeaning(`'${key}' is defined in terms of itself`);
    this.#running.add(name);
    const outer = this.hints;
    try {
      this.hints = this.#members.hintsOf(definition, indices, setting.sizeOf);
      const asNumbers = this.#members.kinds.asNumbers.has(definition.statement);
      const computed = this.#run(definition, { ...topScope, indices, until: scope.until, asNumbers });
      const total = asNumbers ? arithmetic.total(computed) : computed;
      // A constant gets a node of its own, so that letters with equal values stay distinct.
      const value =
        total.node.constant === undefined ? total : { ...total, node: arithmetic.graph.alias(total.node, name) };
      this.#known.set(name, value);
      return value;
    } finally {
      this.hints = outer;
      this.#running.delete(name);
    }
  }

  /** Evaluates L, defined by L(w) = …, at the page's own w. */
  #ofFunction(key: string, { definition, indices }: Match<FunctionDefinition>, scope: Scope): Value {
    const { arithmetic } = this.#host;
    if (this.#running.has(key) || this.#running.size > deepest)
      throw new NoMeaning(`'${key}' is defined in terms of itself`);
    this.#running.add(key);
    try {
      const isLoss = this.#members.outline.losses.has(key);
      const value = this.#run(
        { key, body: definition.body },
        { ...topScope, indices, until: scope.until, asNumbers: isLoss },
      );
      return isLoss ? arithmetic.total(value) : value;
    } finally {
      this.#running.delete(key);
    }
  }

  #run({ key, body }: Pick<Definition, 'key' | 'body'>, scope: Scope): Value {
    try {
      return this.#host.matrix(body, scope);
    } catch (error) {
      if (error instanceof Misfit)
        throw new NoMeaning(`the definition of '${key}' is inconsistent: ${error.message}`, error.at);
      throw error;
    }
  }

  /** Returns the values that a letter depends on, if the page says no more about the letter than its dependencies. */
  #parents(key: string, scope: Scope): Value[] {
    const parents = this.#members.outline.dependencies.get(key) ?? [];
    return parents.map((letter) => this.letter(letter, { ...scope, parameters: topScope.parameters }));
  }

  /** Whether the page computes anything but losses. */
  get #hasResults(): boolean {
    const { program, outline } = this.#members;
    return program.definitions.some(({ key }) => !outline.losses.has(key));
  }

  /**
   * Returns a stand-in for an undefined loss: a smooth function of all values that the page computes but doesn't use
   * further.
   */
  #anyLoss(key: string, values: readonly number[], scope: Scope): Value {
    const name = `${key}@${values.join(',')}`;
    const known = this.#known.get(name);
    if (known !== undefined) return known;
    if (this.#running.has(name)) throw new NoMeaning(`the inputs of '${key}' are not known`);
    this.#running.add(name);
    try {
      const parents = this.#parents(key, scope);
      const results = parents.length > 0 && !this.#hasResults ? [] : this.#results(scope);
      const all = [...results, ...parents.filter(({ node }) => !results.some((other) => other.node === node))];
      const used = usedBy(all.map(({ node }) => node));
      const value = anyFunction(
        this.#host.arithmetic,
        name,
        all.filter(({ node }) => !used.has(node)),
      );
      this.#known.set(name, value);
      return value;
    } finally {
      this.#running.delete(name);
    }
  }

  /** Returns the values that the page's definitions compute and no definition uses. */
  #results(scope: Scope): Value[] {
    const members = this.#members;
    const all: Value[] = [];
    const backward = backwardKeys(members.program.definitions, members.outline);
    for (const definition of members.program.definitions) {
      if (members.outline.losses.has(definition.key) || backward.has(definition.key)) continue;
      const { sides } = members.outline.reading.statements[definition.statement]!;
      for (const indices of members.assignments(definition)) {
        const values = members.valuesOf(
          definition.pattern.slice(0, definition.pattern.length - definition.elements),
          indices,
        );
        try {
          const value = this.member(definition.key, values as number[], letterOn(sides[0]!), scope);
          if (definition.elements === 0) all.push(value);
          else for (const node of partsOfTable(value.node)) all.push({ node, one: value.one });
        } catch (error) {
          if (!(error instanceof NoMember)) throw error;
        }
      }
    }
    // A page without definitions has only data.
    const used = usedBy(all.map(({ node }) => node));
    const results = all.filter(
      ({ node }, i) => !used.has(node) && node.op !== 'leaf' && all.findIndex((other) => other.node === node) === i,
    );
    if (results.length === 0) throw new NoMeaning('the page does not say what the loss is computed from');
    return results;
  }

  /** Returns the loss that is differentiated in a notation such as dW, which doesn't name the loss. */
  theLoss(scope: Scope): Value {
    const { outline, program } = this.#members;
    const infos = [...outline.losses]
      .flatMap((key) => outline.letters.infoOf(key) ?? [])
      .filter(({ family }) => family === 0);
    const info = infos.find(({ key }) => program.isDefined(key)) ?? infos[0];
    return info === undefined ? this.#anyLoss('loss', [], scope) : this.member(info.key, [], info.sample, scope);
  }

  /**
   * Returns the number of points (examples) that an array has rows or columns for; undefined unless a loss contains
   * this number, as a mean over points does.
   */
  pointsOf(letter: LetterNode, scope: Scope): number | undefined {
    const members = this.#members;
    const { dims } = members.types;
    const use = members.outline.letters.useOf(letter);
    const { r, c } = members.typeOf(letter, use.key, use.members, { ...noScope, indices: scope.indices });
    const isOf = (dim: Dim): boolean => dims.same(dim, r) || dims.same(dim, c);
    const names = new Set<string>();
    for (const { key, body } of members.program.definitions) {
      if (members.outline.losses.has(key)) eachLetter(body, (other) => names.add(keyOf(other)));
    }
    const count = [...members.counts].find(([name, dim]) => names.has(name) && isOf(dim));
    return count && this.#host.setting.sizeOf(count[1]);
  }

  /** Returns the row-major positions, from 0, of the element that indices select, or of all elements of a row or column. */
  places(whole: Value, indices: readonly Expression[], at: Expression, scope: Scope): number[] {
    const [rows, columns] = whole.node.shape as [number, number];
    const [first, second] = indices.map((index) => (index.kind === 'dots' ? 'all' : this.index(index, scope)));
    if (indices.length > 2 || first === undefined || (indices.length === 2 && second === undefined)) {
      throw new NoMeaning('it is not clear which element is meant', at);
    }
    const all = Array.from({ length: rows * columns }, (_, i) => i);
    const isAt = (place: number): boolean => {
      const [row, column] = [Math.floor(place / columns) + 1, (place % columns) + 1];
      if (indices.length === 1) return first === 'all' || (whole.one[0] ? column : row) === first;
      return (first === 'all' || row === first) && (second === 'all' || column === second);
    };
    return all.filter(isAt);
  }

  /** Returns the part of an array that indices select. */
  picked(x: Value, indices: readonly Expression[], at: Expression, scope: Scope): Value {
    const { arithmetic } = this.#host;
    const value = arithmetic.matrix(x);
    const [first, second] = indices.map((index) => (index.kind === 'dots' ? 'all' : this.index(index, scope)));
    if (indices.length > 2 || first === undefined) throw new NoMeaning('it is not clear which element is meant', at);
    // The sizes tried are arbitrary, so a fixed index may exceed them.
    const longest = Math.max(...value.node.shape);
    const isBeyond = (index: Expression): boolean =>
      bare(index).kind === 'number' &&
      !((this.index(index, scope) ?? 0) <= longest && (this.index(index, scope) ?? 0) > 0);
    if (indices.some(isBeyond)) throw new NoMeaning('this element may not exist', at);
    if (indices.length === 1) {
      if (first === 'all' || (isNumber(value) && first === 1)) return value;
      if (!isVector(value)) return arithmetic.row(value, first, at);
      return value.one[0] ? arithmetic.element(value, 1, first, at) : arithmetic.element(value, first, 1, at);
    }
    if (second === undefined) throw new NoMeaning('it is not clear which element is meant', at);
    if (first === 'all') return second === 'all' ? value : arithmetic.column(value, second, at);
    return second === 'all' ? arithmetic.row(value, first, at) : arithmetic.element(value, first, second, at);
  }
}

/** Returns the letter that the left side of a definition defines, directly or by its square. */
function letterOn(side: Expression): LetterNode {
  const inside = bare(side);
  return (inside.kind === 'power' ? bare(inside.base) : inside) as LetterNode;
}

/** Returns the elements of a table that is assembled from them, row by row. */
const partsOfTable = (node: Node): readonly Node[] =>
  node.op === 'concat' ? node.inputs.flatMap(partsOfTable) : [node];

/** Returns the nodes from which others are computed. */
function usedBy(nodes: readonly Node[]): Set<Node> {
  const used = new Set<Node>();
  const ahead = nodes.flatMap(({ inputs }) => inputs);
  for (let node = ahead.pop(); node !== undefined; node = ahead.pop()) {
    if (used.has(node)) continue;
    used.add(node);
    ahead.push(...node.inputs);
  }
  return used;
}
