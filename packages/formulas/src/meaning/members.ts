/** Determines the shape of every member of every family, for given numbers of layers, points and times. */

import { bare, type Expression, keyOf, type LetterNode } from '../syntax/ast.ts';
import { scopeOf } from './index-names.ts';
import type { Kinds } from './kinds.ts';
import { eachLetter } from './letters/letters.ts';
import type { Definition, Equation, Outline } from './outline-types.ts';
import { type Indices, indexValue, matchPattern, PageDefinitions } from './program.ts';
import { type Letterbook, noScope, type Scope, Shaper } from './shaper.ts';
import { type Dim, Dims } from './shapes/dims.ts';
import { ShapeError, type Type, Types, Unknown } from './shapes/types.ts';
import { isConstant, textOfCount } from './sides.ts';

/** Thrown for a member that a family doesn't have. */
export class NoMember extends Error {
  override readonly name = 'NoMember';
}

export interface MemberOptions {
  readonly outline: Outline;
  readonly definitions: readonly Definition[];
  readonly kinds: Kinds;
  readonly sizes: (axis: number) => number;
}

/** A value for each index letter of a pattern. */
export type Assignment = Indices;

const noHints: ReadonlyMap<LetterNode, number> = new Map();

function containsConstants(e: Expression): boolean {
  let found = false;
  eachLetter(e, (letter) => {
    found ||= isConstant(letter) || letter.name === 'I';
  });
  return found;
}

const isLayerName = /^(?:l|ell|L)$/;

/** Determines the shapes of members by unification. */
export class Members implements Letterbook {
  readonly byMember = true;
  readonly types = new Types(new Dims());
  readonly program: PageDefinitions;
  readonly shaper: Shaper;
  readonly outline: Outline;
  readonly kinds: Kinds;
  asNumbers = false;
  /** The layer index meant by letters without one, as in \nabla_a C. */
  implied: Expression | undefined;
  /** The shapes found so far, by letter and indices. */
  readonly shapes = new Map<string, Type>();
  /** Definitions whose parts don't fit. */
  readonly conflicts: { readonly statement: number; readonly error: ShapeError }[] = [];
  readonly #options: MemberOptions;
  readonly #counts = new Map<string, Dim>();
  readonly #layered = new Map<number, boolean>();
  readonly #extents = new Map<number, Dim>();
  #isDefining = true;

  constructor(options: MemberOptions) {
    const { outline, definitions, kinds, sizes } = options;
    this.#options = options;
    this.outline = outline;
    this.kinds = kinds;
    const counts = new Map<string, number>();
    for (const [axis, name] of kinds.axisNames) counts.set(name, sizes(axis));
    this.program = new PageDefinitions(outline, definitions, counts, (key, position) =>
      sizes(kinds.axisOf(key, position)),
    );
    this.shaper = new Shaper(this);
    for (const definition of definitions) this.#define(definition);
    this.#isDefining = false;
    for (const name of this.shapes.keys()) this.#inputs.add(name);
  }

  /** Unifies the two sides of a definition, for each member that it defines. */
  #define(definition: Definition): void {
    const { statement } = definition;
    const { sides } = this.outline.reading.statements[statement]!;
    for (const indices of this.assignments(definition)) {
      try {
        this.equate({ left: sides[0]!, right: definition.body, relation: '=' }, indices, statement);
      } catch (error) {
        if (error instanceof ShapeError) this.conflicts.push({ statement, error });
        else if (!(error instanceof Unknown) && !(error instanceof NoMember)) throw error;
      }
    }
  }

  /** Returns the values of the index letters of a definition's members. */
  assignments({ key, pattern, elements, ranges }: Definition): Assignment[] {
    let all: Map<string, number>[] = [new Map()];
    pattern.slice(0, pattern.length - elements).forEach((index, position) => {
      const inside = bare(index);
      const free =
        inside.kind === 'letter'
          ? inside
          : inside.kind === 'sum'
            ? inside.terms.find(({ kind }) => kind === 'letter')
            : undefined;
      if (free?.kind !== 'letter' || this.program.counts.has(free.name) || all[0]?.has(free.name)) return;
      const last = this.#options.sizes(this.kinds.axisOf(key, position));
      const values = Array.from({ length: last + 1 }, (_, i) => i);
      all = all.flatMap((one) => values.map((value) => new Map([...one, [free.name, value]])));
    });
    return all.filter((indices) => {
      const known = new Map([...this.program.counts, ...indices]);
      const members = pattern.slice(0, pattern.length - elements).map((index) => indexValue(index, known));
      if (members.some((value) => value === undefined)) return false;
      const found = this.program.find(key, [
        ...(members as number[]),
        ...pattern.slice(pattern.length - elements).map(() => 1),
      ]);
      return found?.definition.pattern === pattern || (found === undefined && ranges.length === 0 && elements > 0);
    });
  }

  /** Unifies the shapes of two sides for given indices. Element indices without a value match any element. */
  equate(step: Equation, indices: Indices, statement: number): void {
    const { left, right } = step;
    const scope = this.scopeFor(left, right, indices);
    this.asNumbers = this.kinds.asNumbers.has(statement);
    try {
      const { shaper, types } = this;
      const [a, b] = [shaper.infer(left, scope), shaper.infer(right, scope)];
      const [x, y] = [shaper.matrix(a), shaper.matrix(b)];
      if (x.literal || y.literal || types.isScalar(y)) return;
      types.unify(x, y, right, 'the two sides have different shapes');
    } finally {
      this.asNumbers = false;
    }
  }

  scopeFor(left: Expression, right: Expression, indices: Indices): Scope {
    const scope = scopeOf(left, right, this.types, this.outline);
    const extents = new Map([...scope.extents].filter(([name]) => !indices.has(name)));
    return { ...noScope, extents, indices: new Map([...this.program.counts, ...indices]) };
  }

  /** Whether the members along an axis may have different shapes, as layers do. */
  isLayered(axis: number): boolean {
    const known = this.#layered.get(axis);
    if (known !== undefined) return known;
    const { letters } = this.outline;
    const found = [...letters.all.values()].some(({ key, family, alphabet, name }) => {
      if (family === 0 || this.program.isDefined(key) || alphabet === 'upright') return false;
      const kind = this.kinds.of.get(key);
      const isMatrix = kind?.rows === 'many' && kind.columns === 'many' && !/^[XY]$/.test(name);
      return isMatrix && this.kinds.axisOf(key, 0) === axis;
    });
    const isNamed = isLayerName.test(this.kinds.axisNames.get(axis) ?? '');
    this.#layered.set(axis, found || isNamed);
    return found || isNamed;
  }

  /** Returns the number of members along an axis. */
  axisSize(axis: number): number {
    return this.#options.sizes(axis);
  }

  /** Returns the values of the indices that select a member. */
  valuesOf(members: readonly Expression[], indices: Indices): (number | undefined)[] {
    const known = new Map([...this.program.counts, ...indices]);
    return members.map((index) => indexValue(index, known));
  }

  typeOf(letter: LetterNode, key: string, written: readonly Expression[], scope: Scope): Type {
    const members = written.length === 0 ? this.impliedFor(key) : written;
    const values = this.valuesOf(members, scope.indices);
    const alias = this.outline.aliases.find((other) => other.key === key);
    const type = alias && this.#aliased(alias, values, scope);
    return type ?? this.shapeOf(letter, key, values);
  }

  /** Returns the indices meant by a layered letter without indices. */
  impliedFor(key: string): readonly Expression[] {
    const { implied } = this;
    const isOne = implied !== undefined && this.outline.letters.infoOf(key)?.family === 1;
    return isOne && this.isLayered(this.kinds.axisOf(key, 0)) ? [implied] : [];
  }

  /** Returns the shape of a letter's member with these index values. */
  shapeOf(letter: LetterNode, key: string, values: readonly (number | undefined)[]): Type {
    const isLayered = values.map((_, position) => this.isLayered(this.kinds.axisOf(key, position)));
    if (values.some((value, i) => value === undefined && isLayered[i]))
      throw new Unknown(`it is not clear which '${letter.name}' is meant`, letter);
    const isPlain = !this.program.isDefined(key);
    const name = `${key}@${values.map((value, i) => (isLayered[i] || !isPlain ? value : '')).join(',')}`;
    const known = this.shapes.get(name);
    if (known !== undefined) return known;
    this.#check(key, values, isLayered);
    const isMissing =
      !isPlain && !this.#isDefining && values.length > 0 && this.program.find(key, values as number[]) === undefined;
    if (
      isMissing &&
      !this.program.definitions.some((definition) => definition.key === key && definition.elements > 0)
    ) {
      throw new NoMember(`${key} is not defined for ${values.join(', ')}`);
    }
    const kind = this.kinds.of.get(key);
    const type = this.types.fresh(kind?.rows ?? 'one', kind?.columns ?? 'one', key);
    this.shapes.set(name, type);
    this.#declare(type, key, values);
    return type;
  }

  /** Returns the range of an index in an expression, from the letters that it indexes. */
  extentIn(
    name: string,
    body: Expression,
    indices: Indices,
    sizeOf: (dim: Dim) => number | undefined,
  ): number | undefined {
    return this.supposing(() => {
      const scope = this.scopeFor(body, body, new Map([...indices].filter(([other]) => other !== name)));
      const extent = this.types.dims.fresh();
      try {
        this.shaper.infer(body, { ...scope, extents: new Map([...scope.extents, [name, extent]]) });
      } catch (error) {
        if (!(error instanceof Unknown) && !(error instanceof ShapeError)) throw error;
      }
      return sizeOf(extent);
    });
  }

  /** Whether a matrix is known to have as many rows as columns. */
  isSquare(e: Expression, indices: Indices): boolean {
    return this.supposing(() => {
      try {
        const { r, c } = this.shaper.infer(e, this.scopeFor(e, e, indices));
        return this.types.dims.same(r, c);
      } catch (error) {
        if (error instanceof Unknown || error instanceof ShapeError) return false;
        throw error;
      }
    });
  }

  /** Runs a function that unifies shapes, and undoes the unification afterwards, since its assumptions may be wrong. */
  supposing<T>(look: () => T): T {
    const state = this.types.dims.save();
    try {
      return look();
    } finally {
      this.types.dims.restore(state);
    }
  }

  /**
   * Returns the sizes of vectors of ones and identity matrices in a definition's body, as far as shapes determine
   * them.
   */
  hintsOf(
    definition: Definition,
    indices: Indices,
    sizeOf: (dim: Dim) => number | undefined,
  ): ReadonlyMap<LetterNode, number> {
    const { sides } = this.outline.reading.statements[definition.statement]!;
    return this.hintsIn(
      { left: sides[0]!, right: definition.body, relation: '=' },
      indices,
      definition.statement,
      sizeOf,
    );
  }

  /** Returns the sizes of vectors of ones and identity matrices in a step, without keeping the step's unifications. */
  hintsIn(
    step: Equation,
    indices: Indices,
    statement: number,
    sizeOf: (dim: Dim) => number | undefined,
  ): ReadonlyMap<LetterNode, number> {
    const known = this.#hasConstants.get(step.right) ?? (containsConstants(step.left) || containsConstants(step.right));
    this.#hasConstants.set(step.right, known);
    if (!known) return noHints;
    return this.supposing(() => {
      this.shaper.constants.clear();
      try {
        this.equate(step, indices, statement);
      } catch (error) {
        if (!(error instanceof Unknown) && !(error instanceof ShapeError) && !(error instanceof NoMember)) throw error;
      }
      const sizes = [...this.shaper.constants].map(([letter, dim]) => [letter, sizeOf(dim)] as const);
      return new Map(sizes.filter((entry): entry is readonly [LetterNode, number] => entry[1] !== undefined));
    });
  }

  /** Returns the form of a letter that these definitions use: the batch's A_l for one point's a_l. */
  counterpart(letter: LetterNode): LetterNode {
    const { key } = this.outline.letters.useOf(letter);
    if (this.program.isDefined(key)) return letter;
    const name = letter.name === letter.name.toUpperCase() ? letter.name.toLowerCase() : letter.name.toUpperCase();
    const other: LetterNode = { ...letter, name, verbatim: false, face: undefined };
    const alternatives = [other, { ...other, alphabet: 'bold' as const }, { ...other, alphabet: 'plain' as const }];
    return (
      alternatives.find((candidate) => this.program.isDefined(this.outline.letters.useOf(candidate).key)) ?? letter
    );
  }

  /** Returns a letter without its element indices. */
  withoutElements(letter: LetterNode): LetterNode {
    const { elements } = this.outline.letters.useOf(letter);
    return { ...letter, verbatim: false, sub: letter.sub.slice(0, letter.sub.length - elements.length) };
  }

  readonly #hasConstants = new WeakMap<Expression, boolean>();

  /** Whether a member isn't defined itself but is the start of a recursion: h_0. */
  isInput(key: string, values: readonly number[]): boolean {
    return this.#inputs.has(`${key}@${values.join(',')}`);
  }

  readonly #inputs = new Set<string>();

  /** Throws for a member that no definition mentions and whose index exceeds the family's size. */
  #check(key: string, values: readonly (number | undefined)[], isLayered: readonly boolean[]): void {
    if (this.#isDefining) return;
    values.forEach((value, position) => {
      if (value === undefined) return;
      const last = this.#options.sizes(this.kinds.axisOf(key, position));
      const lowest = isLayered[position] ? 1 : 0;
      if (value < lowest || value > last) throw new NoMember(`${key} has no member ${value}`);
    });
  }

  #aliased(alias: Outline['aliases'][number], values: readonly (number | undefined)[], scope: Scope): Type | undefined {
    const by = bare(alias.by);
    if (by.kind !== 'letter') return undefined;
    const members = alias.pattern.slice(0, values.length);
    const indices = matchPattern(
      members,
      values.map((value) => value ?? 0),
      this.program.counts,
    );
    if (indices === undefined && alias.pattern.length > 0) return undefined;
    const use = this.outline.letters.useOf(by);
    return this.typeOf(by, use.key, use.members, {
      ...scope,
      indices: new Map([...scope.indices, ...(indices ?? [])]),
    });
  }

  /** Applies the lengths that declarations give a member. */
  #declare(type: Type, key: string, values: readonly (number | undefined)[]): void {
    for (const { key: declared, members, rows, columns } of this.outline.declarations) {
      if (declared !== key) continue;
      const indices = matchPattern(
        members,
        values.map((value) => value ?? 0),
        this.program.counts,
      );
      if (indices === undefined) continue;
      const known = new Map([...this.program.counts, ...indices]);
      const unify = (dim: Dim, e: Expression | undefined): void => {
        const inside = e === undefined ? undefined : bare(e);
        if (inside?.kind !== 'letter' && inside?.kind !== 'number') return;
        try {
          if (inside.kind === 'number') this.types.dims.setSize(dim, Number(inside.text));
          else this.types.dims.unify(dim, this.countOf(this.#countName(inside, known)));
        } catch {
          // The declaration doesn't fit, so it belongs to other definitions.
        }
      };
      // A declared vector can be a row, depending on its use.
      const isRow = columns === undefined && this.types.dims.extentOf(type.r) === 'one';
      unify(isRow ? type.c : type.r, rows);
      if (!isRow) unify(type.c, columns);
    }
  }

  #countName(letter: LetterNode, indices: Indices): string {
    if (letter.sub.length === 0) return keyOf(letter);
    const values = letter.sub.map((index) => indexValue(index, indices));
    return values.every((value) => value !== undefined) ? `${keyOf(letter)}_${values.join(',')}` : textOfCount(letter);
  }

  extentOf(key: string, position: number): Dim {
    const axis = this.kinds.axisOf(key, position);
    const known = this.#extents.get(axis);
    if (known !== undefined) return known;
    const name = this.kinds.axisNames.get(axis);
    const dim = name === undefined ? this.types.dims.fresh() : this.countOf(name);
    const size = this.#options.sizes(axis);
    if (this.types.dims.sizeOf(dim) === undefined) this.types.dims.setSize(dim, size);
    this.#extents.set(axis, dim);
    return dim;
  }

  countOf(name: string): Dim {
    const known = this.#counts.get(name);
    if (known !== undefined) return known;
    const axis = this.kinds.axisOfCount(name);
    const dim = this.types.dims.fresh(undefined, name);
    this.#counts.set(name, dim);
    if (axis !== undefined && this.types.dims.sizeOf(dim) === undefined)
      this.types.dims.setSize(dim, this.#options.sizes(axis));
    return dim;
  }

  /** The counts found so far, by name. */
  get counts(): ReadonlyMap<string, Dim> {
    return this.#counts;
  }
}
