/** Determines the kinds of letters (numbers, columns, rows or matrices), and which indices count the same things. */

import { bare, type Expression, keyOf, type LetterNode } from '../syntax/ast.ts';
import { scopeOf } from './index-names.ts';
import { eachLetter } from './letters/letters.ts';
import type { Definition, Equation, Outline } from './outline-types.ts';
import { PageDefinitions } from './program.ts';
import { type Letterbook, type Scope, Shaper } from './shaper.ts';
import { countsOf } from './shapes/counts.ts';
import { type Dim, Dims, type Extent } from './shapes/dims.ts';
import { ShapeError, type Type, Types, Unknown } from './shapes/types.ts';
import { textOfCount } from './sides.ts';
import { spokenFunctions } from './spoken-functions.ts';

export interface Kind {
  readonly rows: Extent;
  readonly columns: Extent;
}

/** The kinds of letters, for a set of definitions and claims. */
export interface Kinds {
  readonly of: ReadonlyMap<string, Kind>;
  /**
   * Returns the number of the axis that an index of a family counts along. Indices that count the same things, such as
   * layers, have the same axis.
   */
  axisOf(key: string, position: number): number;
  /** The name of the count that is the length of each axis: L, n, T. */
  axisNames: ReadonlyMap<number, string>;
  /** Returns the axis whose length is a given count, if there is one. */
  axisOfCount(name: string): number | undefined;
  /**
   * The definitions of numbers in which arrays are written as if they were numbers, with the sum over elements left
   * out.
   */
  readonly asNumbers: ReadonlySet<number>;
  /** Statements whose parts don't fit, with the error. */
  readonly conflicts: ReadonlyMap<number, ShapeError>;
}

export interface KindOptions {
  /** The definitions that hold, and the steps that are claimed. */
  readonly definitions: readonly Definition[];
  readonly claims: readonly { readonly statement: number; readonly step: Equation }[];
  /** Whether lowercase bold letters are rows. */
  readonly rowVectors: boolean;
  /** Whether the use of a lowercase letter, such as a transpose, can show that it isn't a number. Defaults to true. */
  readonly byUse?: boolean;
}

/** Letters whose typeface is ignored because it suggests a wrong shape; their use determines the shape. */
type Relaxed = ReadonlySet<string>;

class KindBook implements Letterbook {
  readonly byMember = false;
  readonly types: Types;
  readonly program: PageDefinitions;
  asNumbers = false;
  readonly shapes = new Map<string, Type>();
  readonly extents = new Map<string, Dim>();
  readonly counts = new Map<string, Dim>();
  /** The counts that occur in declarations. */
  readonly declared = new Set<string>();
  readonly #outline: Outline;
  readonly #rowVectors: boolean;
  readonly #relaxed: Relaxed;
  readonly #countNames: ReadonlySet<string>;

  constructor(
    outline: Outline,
    options: KindOptions,
    relaxed: Relaxed,
    countNames: ReadonlySet<string>,
    byUse: boolean,
  ) {
    this.types = new Types(new Dims(), byUse);
    this.#outline = outline;
    this.#rowVectors = options.rowVectors;
    this.#relaxed = relaxed;
    this.#countNames = countNames;
    this.program = new PageDefinitions(outline, options.definitions, new Map());
  }

  typeOf(letter: LetterNode, key: string): Type {
    const known = this.shapes.get(key);
    if (known !== undefined) return known;
    const type = this.#initial(letter, key);
    this.shapes.set(key, type);
    return type;
  }

  extentOf(key: string, position: number): Dim {
    const at = `${key} ${position}`;
    const known = this.extents.get(at) ?? this.types.dims.fresh();
    this.extents.set(at, known);
    return known;
  }

  countOf(name: string): Dim {
    const known = this.counts.get(name) ?? this.types.dims.fresh(undefined, name);
    this.counts.set(name, known);
    return known;
  }

  /** Records that a length equals the count that a declaration states for it. */
  #note(dim: Dim, e: Expression | undefined): void {
    const inside = e === undefined ? undefined : bare(e);
    if (inside?.kind !== 'letter') return;
    try {
      const name = textOfCount(inside);
      this.types.dims.unify(dim, this.countOf(name));
      this.declared.add(name);
    } catch {
      // A declaration that contradicts another one is about other definitions.
    }
  }

  /** The number of declared counts that have turned out to be equal. */
  get merged(): number {
    const roots = [...this.declared].map((name) => this.types.dims.root(this.countOf(name)));
    return roots.length - new Set(roots).size;
  }

  #initial(letter: LetterNode, key: string): Type {
    const { types } = this;
    const declared = this.#outline.declarations.find((declaration) => declaration.key === key);
    if (declared !== undefined) {
      const extent = (e: Expression | undefined): Extent => {
        const inside = e === undefined ? undefined : bare(e);
        return inside === undefined || (inside.kind === 'number' && inside.text === '1') ? 'one' : 'many';
      };
      const isRow = declared.columns === undefined && this.#relaxed.has(key);
      const [rows, columns] = isRow ? [undefined, declared.rows] : [declared.rows, declared.columns];
      const type = types.fresh(extent(rows), extent(columns), key);
      if (declared.members.length === 0) {
        this.#note(type.r, rows);
        this.#note(type.c, columns);
      }
      return type;
    }
    const alias = this.#outline.aliases.find((other) => other.key === key);
    if (alias !== undefined) {
      const by = bare(alias.by);
      if (by.kind === 'letter' && this.#outline.letters.useOf(by).key !== key) {
        const use = this.#outline.letters.useOf(by);
        const type = this.typeOf(by, use.key);
        const info = this.#outline.letters.infoOf(key);
        return use.elements.length > 0 && (info?.elements ?? 0) === 0 ? types.scalar : { ...type, key };
      }
    }
    const info = this.#outline.letters.infoOf(key);
    if (info?.elements === 1)
      return this.#rowVectors && letter.alphabet === 'bold'
        ? types.fresh('one', 'many', key)
        : types.fresh('many', 'one', key);
    if (info?.elements === 2) return types.fresh('many', 'many', key);
    if (this.#countNames.has(key) || this.#countNames.has(textOfCount(letter))) return types.scalar;
    if (this.#outline.losses.has(keyOf(letter))) return types.fresh('one', 'one', key);
    if (this.#relaxed.has(key)) return types.fresh(undefined, undefined, key);
    if (letter.alphabet === 'calligraphic' || letter.name === 'ell') return types.fresh('one', 'one', key);
    const isCapital = /^\p{Lu}/u.test(letter.name);
    if (isCapital && letter.alphabet !== 'upright') return types.fresh('many', 'many', key);
    if (letter.alphabet === 'bold')
      return this.#rowVectors ? types.fresh('one', 'many', key) : types.fresh('many', 'one', key);
    return types.fresh(undefined, undefined, key);
  }
}

const defined = (e: Expression): boolean => bare(e).kind === 'letter';

/** One attempt to determine kinds, ignoring the typeface of some letters. */
class Attempt {
  readonly book: KindBook;
  readonly shaper: Shaper;
  readonly conflicts = new Map<number, ShapeError>();
  readonly asNumbers = new Set<number>();
  readonly #outline: Outline;
  /** Whether a letter that is transposed, for example, must be an array. */
  readonly #byUse: boolean;

  constructor(outline: Outline, options: KindOptions, relaxed: Relaxed, counts: ReadonlySet<string>, byUse: boolean) {
    this.#outline = outline;
    this.#byUse = byUse;
    this.book = new KindBook(outline, options, relaxed, counts, byUse);
    this.shaper = new Shaper(this.book);
    for (const { statement } of options.definitions) this.#first(statement);
    for (const { statement, step } of options.claims) {
      for (const { body } of spokenFunctions(step, outline)) this.#look(body, step);
      this.#try(statement, () => this.#equate(step, statement));
    }
    this.shaper.settle();
    this.#decide();
    // The kinds of letters are known now, so statements that treat arrays as numbers can be found.
    for (const { statement } of options.definitions) this.#first(statement);
    this.shaper.settle();
  }

  /** Infers shapes from an expression, unless it contradicts what is known. */
  #look(e: Expression, { left, right }: Equation): void {
    const state = this.book.types.dims.save();
    try {
      this.shaper.infer(e, scopeOf(left, right, this.book.types, this.#outline));
    } catch {
      this.book.types.dims.restore(state);
    }
  }

  /** Processes the first step of a statement, which is its definition. */
  #first(statement: number): void {
    const { sides, relations } = this.#outline.reading.statements[statement]!;
    this.#try(statement, () => this.#equate({ left: sides[0]!, right: sides[1]!, relation: relations[0]! }, statement));
  }

  #try(statement: number, run: () => void): void {
    const state = this.book.types.dims.save();
    const deferred = [...this.shaper.deferred];
    try {
      run();
    } catch (error) {
      if (!(error instanceof ShapeError) && !(error instanceof Unknown)) throw error;
      this.book.types.dims.restore(state);
      this.shaper.deferred.splice(0, Number.POSITIVE_INFINITY, ...deferred);
      if (error instanceof ShapeError && !this.conflicts.has(statement)) this.conflicts.set(statement, error);
    }
  }

  #equate({ left, right }: Equation, statement: number): void {
    const { shaper } = this;
    const { types } = this.book;
    const scope = scopeOf(left, right, types, this.#outline);
    for (const { index, from, to } of this.#outline.reading.statements[statement]!.ranges) {
      const extent = scope.extents.get(index.name);
      for (const end of [from, to]) this.#limit(extent, end);
    }
    const a = shaper.infer(left, scope);
    if (types.isScalar(a) && defined(left) && this.#isAsNumbers(right, scope, statement)) return;
    const b = shaper.infer(right, scope);
    const [x, y] = [shaper.matrix(a), shaper.matrix(b)];
    if (x.literal || y.literal) return;
    if (types.fits(x, y)) return;
    const isDerivative = a.jacobian !== undefined || b.jacobian !== undefined;
    if (isDerivative && types.fits({ r: x.c, c: x.r }, y)) return;
    throw new ShapeError('the two sides have different shapes', right, x, y);
  }

  /**
   * Whether the right side of a number's definition isn't a number as written, but can be read elementwise, with a sum
   * over all elements.
   */
  #isAsNumbers(right: Expression, scope: Scope, statement: number): boolean {
    const { types } = this.book;
    const state = types.dims.save();
    const { length } = this.shaper.deferred;
    try {
      if (types.statusOf(this.shaper.infer(right, scope)) !== 'array') return false;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
    } finally {
      types.dims.restore(state);
      this.shaper.deferred.splice(length);
    }
    this.book.asNumbers = true;
    try {
      if (types.statusOf(this.shaper.infer(right, scope)) !== 'array') return false;
      this.asNumbers.add(statement);
      return true;
    } catch (error) {
      if (!(error instanceof ShapeError)) throw error;
      types.dims.restore(state);
      return false;
    } finally {
      this.book.asNumbers = false;
    }
  }

  /** Sets the range of an index: up to L for l = 1, …, L and for l = L-1, …, 1. */
  #limit(extent: Dim | undefined, end: Expression): void {
    const inside = bare(end);
    if (inside.kind === 'sum') for (const term of inside.terms) this.#limit(extent, term);
    if (extent === undefined || inside.kind !== 'letter' || inside.sub.length + inside.sup.length > 0) return;
    try {
      this.book.types.dims.unify(extent, this.book.countOf(keyOf(inside)));
    } catch {
      // A range that doesn't fit is detected when it is used.
    }
  }

  /** Makes one guess about something undetermined, for example that a function differentiated by a matrix is a number. */
  #guess(kind: 'derivative' | 'product', isOf: (a: Type, b: Type) => boolean, shape: (a: Type) => Type): boolean {
    const { types } = this.book;
    const { deferred } = this.shaper;
    const found = deferred.find((item) => item.kind === kind && isOf(item.a, item.b));
    if (found === undefined) return false;
    return types.fits(kind === 'product' ? found.b : found.a, shape(found.a));
  }

  /**
   * Decides the shapes that nothing determines. A function differentiated by a matrix is a number. Lowercase letters
   * that are multiplied elementwise, or follow a matrix, are columns; others are numbers.
   */
  #decide(): void {
    const { types, shapes } = this.book;
    const isOpen = ({ r, c }: Type): boolean =>
      types.dims.extentOf(r) === undefined || types.dims.extentOf(c) === undefined;
    const open = (): [string, Type][] => [...shapes].filter(([, type]) => isOpen(type));
    const set = (dim: Dim, extent: Extent): void => {
      if (types.dims.extentOf(dim) === undefined) types.dims.setExtent(dim, extent);
    };
    for (const pass of ['derivatives', 'arrays', 'halves', 'vectors', 'sums', 'numbers'] as const) {
      for (;;) {
        this.shaper.settle();
        if (pass === 'derivatives') {
          const isUnknown = (of: Type, by: Type): boolean =>
            types.statusOf(of) === 'unknown' &&
            types.dims.extentOf(by.r) === 'many' &&
            types.dims.extentOf(by.c) === 'many';
          if (!this.#guess('derivative', isUnknown, () => types.scalar)) break;
          continue;
        }
        if (pass === 'vectors') {
          const isUnknown = (a: Type, b: Type): boolean =>
            types.statusOf(b) === 'unknown' && types.dims.extentOf(a.c) === 'many';
          if (!this.#byUse || !this.#guess('product', isUnknown, ({ c }) => ({ r: c, c: types.scalar.c }))) break;
          continue;
        }
        if (pass === 'sums') {
          const sum = this.shaper.deferred.find(
            ({ kind, a, b }) => kind === 'sum' && (types.statusOf(a) === 'array') !== (types.statusOf(b) === 'array'),
          );
          if (sum === undefined) break;
          this.shaper.deferred.splice(this.shaper.deferred.indexOf(sum), 1);
          if (types.fits(sum.a, sum.b)) types.fits(sum.result, sum.a);
          continue;
        }
        const [found] = open().filter(([key, type]) => {
          const half = types.dims.extentOf(type.r) !== undefined || types.dims.extentOf(type.c) !== undefined;
          return pass === 'numbers' || (pass === 'halves' ? half : types.arrays.has(key));
        });
        if (found === undefined) break;
        const [key, { r, c }] = found;
        const isCapital = /^\p{Lu}/u.test(this.#outline.letters.infoOf(key)?.name ?? '');
        if (pass === 'numbers') {
          set(r, 'one');
          set(c, 'one');
        } else if (pass === 'halves') {
          set(r, isCapital ? 'many' : 'one');
          set(c, isCapital ? 'many' : 'one');
        } else {
          set(r, types.dims.extentOf(c) === 'many' && !isCapital ? 'one' : 'many');
          set(c, isCapital ? 'many' : 'one');
        }
      }
    }
    this.shaper.settle();
  }

  kinds(): Kinds {
    const { types, shapes, extents, counts } = this.book;
    const of = new Map<string, Kind>();
    for (const [key, { r, c }] of shapes) {
      of.set(key, { rows: types.dims.extentOf(r) ?? 'one', columns: types.dims.extentOf(c) ?? 'one' });
    }
    const axisNames = new Map<number, string>();
    const axes = new Set([...extents.values()].map((dim) => types.dims.root(dim)));
    for (const [name, dim] of counts) {
      const root = types.dims.root(dim);
      if (axes.has(root) && !axisNames.has(root)) axisNames.set(root, name);
    }
    return {
      of,
      axisOf: (key, position) => types.dims.root(this.book.extentOf(key, position)),
      axisNames,
      axisOfCount: (name) => {
        const dim = counts.get(name);
        return dim !== undefined && axes.has(types.dims.root(dim)) ? types.dims.root(dim) : undefined;
      },
      asNumbers: this.asNumbers,
      conflicts: this.conflicts,
    };
  }
}

/**
 * Determines the kinds of letters. If a definition doesn't fit, tries again, ignoring the shape that the typeface of
 * its letters suggests.
 */
export function kindsOf(outline: Outline, options: KindOptions): Kinds {
  const counts = countsOf(outline);
  const relaxed = new Set<string>();
  const of = (): Attempt => new Attempt(outline, options, relaxed, counts, options.byUse ?? true);
  let best = of();
  const defining = new Set(options.definitions.map(({ statement }) => statement));
  const badness = ({ conflicts, book }: Attempt): number =>
    [...conflicts.keys()].reduce((sum, statement) => sum + (defining.has(statement) ? 100 : 1), 10 * book.merged);
  const vectors = outline.declarations.filter(({ columns }) => columns === undefined).map(({ key }) => key);
  for (let tries = 0; tries < 24 && badness(best) > 0; tries++) {
    const candidates = [...best.conflicts.keys()]
      .flatMap((statement) =>
        // A claim can't turn a bold letter into a number; the claim is wrong instead.
        lettersOf(outline, statement).filter((key) => defining.has(statement) || !key.startsWith('bold ')),
      )
      .concat(best.book.merged > 0 ? vectors : [])
      .filter((key) => !relaxed.has(key));
    let better: { attempt: Attempt; key: string } | undefined;
    for (const key of new Set(candidates)) {
      relaxed.add(key);
      const attempt = of();
      relaxed.delete(key);
      if (badness(attempt) < badness(better?.attempt ?? best)) better = { attempt, key };
    }
    if (better === undefined) break;
    relaxed.add(better.key);
    best = better.attempt;
  }
  return best.kinds();
}

function lettersOf(outline: Outline, statement: number): string[] {
  const keys: string[] = [];
  for (const side of outline.reading.statements[statement]!.sides)
    eachLetter(side, (letter) => keys.push(outline.letters.useOf(letter).key));
  return keys;
}
