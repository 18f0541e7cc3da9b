/**
 * Gives a world (the definitions of one program on a page, and its claims) concrete sizes, so that claims can be
 * evaluated.
 */

import { Evaluator } from '../evaluating/evaluator.ts';
import type { Transition } from '../evaluating/setting.ts';
import { labelsIn } from '../meaning/letters/labels.ts';
import { eachLetter } from '../meaning/letters/letters.ts';
import { Members } from '../meaning/members.ts';
import type { Outline } from '../meaning/outline-types.ts';
import type { Dim } from '../meaning/shapes/dims.ts';
import { spokenFunctions } from '../meaning/spoken-functions.ts';
import { Graph } from '../running/graph.ts';
import { bare, type Expression, type LetterNode, walk } from '../syntax/ast.ts';
import { isOfSquares, propertiesAt } from './properties.ts';
import { defaultSizes, type World } from './worlds.ts';

/** The sizes and transitions with which a world is tried. */
export interface TrialSettings {
  /**
   * The lengths to use: different ones for axes that may differ (`unequal`), the same for all axes (`equal`), or those
   * in a list.
   */
  readonly lengths: 'unequal' | 'equal' | readonly number[];
  /** The minimum number of layers and time steps. */
  readonly depth: number;
  /** The number of points: the length of every axis that counts points. */
  readonly points: number;
  readonly transitions: ReadonlyMap<string, Transition>;
}

export const usualTrial: TrialSettings = { lengths: 'unequal', depth: 3, points: 3, transitions: new Map() };

/** Small lengths, of which the first few are all different. */
const unequal = [3, 2, 4, 5, 2, 3, 4, 6, 5, 3, 2, 4];

/** A world with concrete sizes. */
export class Scenario {
  readonly outline: Outline;
  readonly world: World;
  readonly trial: TrialSettings;
  readonly members: Members;
  /** The evaluator for each point; all share one graph. */
  readonly #evaluators = new Map<number, Evaluator>();
  readonly #graph = new Graph();
  readonly #sizes = new Map<Dim, number>();
  readonly #axisSizes: (axis: number) => number;

  constructor(outline: Outline, world: World, trial: TrialSettings) {
    this.outline = outline;
    this.world = world;
    this.trial = trial;
    const { definitions, kinds } = world;
    const usual = defaultSizes(outline, definitions, kinds, trial.depth);
    const pointAxes = new Set(this.genericAxes());
    this.#axisSizes = (axis) => (pointAxes.has(axis) ? trial.points : usual(axis));
    this.members = new Members({ outline, definitions, kinds, sizes: this.#axisSizes });
    // Infers the shapes of letters that occur only in claims.
    for (const { step, statement } of world.claims) {
      this.#learnSquares(step, statement);
      this.#learn(step, statement);
    }
    this.#assign();
  }

  /**
   * Returns the axes along which letters occur both with and without an index. These are points, and a letter without an
   * index refers to any one of them.
   */
  genericAxes(): number[] {
    if (this.#generic !== undefined) return this.#generic;
    const { kinds, definitions, claims } = this.world;
    const { letters, reading, functions } = this.outline;
    const uses = new Map<string, { bare: boolean; indexed: boolean }>();
    const note = (e: Expression): void =>
      eachLetter(e, (letter) => {
        const { key, members } = letters.useOf(letter);
        if (letters.infoOf(key)?.family !== 1) return;
        const known = uses.get(key) ?? { bare: false, indexed: false };
        uses.set(key, { bare: known.bare || members.length === 0, indexed: known.indexed || members.length > 0 });
      });
    const statements = new Set([...definitions, ...claims].map(({ statement }) => statement));
    for (const statement of statements) for (const side of reading.statements[statement]!.sides) note(side);
    for (const { body, parameters } of functions) {
      note(body);
      parameters.forEach(note);
    }
    const isSet = (key: string): boolean =>
      [...definitions, ...functions].some((definition) => definition.key === key) ||
      /^(?:bold )?(?:W|b|theta|Theta|V|U)$/.test(key);
    const axes = [...uses]
      .filter(([key, use]) => use.bare && use.indexed && !isSet(key) && kinds.of.has(key))
      .map(([key]) => kinds.axisOf(key, 0));
    this.#generic = [...new Set(axes)];
    return this.#generic;
  }

  #generic: number[] | undefined;

  axisSize(axis: number): number {
    return this.#axisSizes(axis);
  }

  /**
   * Makes a matrix square, where possible, if its inverse, determinant or trace is taken, or if it has a property of
   * square matrices.
   */
  #learnSquares({ left, right }: World['claims'][number]['step'], statement: number): void {
    const { members, outline, world } = this;
    const properties = propertiesAt(outline, outline.reading.statements[statement]!.block);
    const scope = members.scopeFor(left, right, new Map());
    const note = (letter: Expression): void => {
      const inside = bare(letter);
      if (inside.kind !== 'letter') return;
      const state = members.types.dims.save();
      try {
        const { r, c } = members.shaper.infer(inside, scope);
        if (members.types.dims.extentOf(r) === 'many') members.types.dims.unify(r, c);
      } catch {
        members.types.dims.restore(state);
      }
    };
    for (const side of [left, right]) {
      walk(side, (e) => {
        const isSquare =
          e.kind === 'letter' && [...(properties.get(outline.letters.useOf(e).key) ?? [])].some(isOfSquares);
        if (isSquare) note(e);
        if (world.definitions.length > 0) return;
        if (e.kind === 'inverse') note(e.of);
        if (e.kind === 'call' && e.fn.alphabet === 'upright' && /^(?:det|logdet|trace)$/.test(e.fn.name))
          note(e.args[0]!);
      });
    }
  }

  /** Whether a claim uses letters that occur in no definition. */
  #hasOwnLetters({ left, right }: World['claims'][number]['step']): boolean {
    const { letters, reading } = this.outline;
    this.#defining ??= new Set(
      this.world.definitions.flatMap(({ statement }) => {
        const keys: string[] = [];
        for (const side of reading.statements[statement]!.sides)
          eachLetter(side, (letter) => keys.push(letters.useOf(letter).key));
        return keys;
      }),
    );
    let found = false;
    const note = (letter: LetterNode): void => {
      const { key } = letters.useOf(letter);
      found ||= !this.#defining!.has(key) && !this.outline.losses.has(key);
    };
    for (const side of [left, right]) eachLetter(side, note);
    return found;
  }

  #defining: Set<string> | undefined;

  /**
   * Infers shapes from a claim where definitions leave them open. If there are no definitions, the claim is the only source.
   */
  #learn(step: World['claims'][number]['step'], statement: number): void {
    if (this.world.definitions.length > 0 && !this.#hasOwnLetters(step)) return;
    const { members } = this;
    const scope = members.scopeFor(step.left, step.right, new Map());
    const state = members.types.dims.save();
    const known = this.world.definitions.length > 0 ? this.#classes() : new Map<Dim, Dim>();
    for (const { body } of spokenFunctions(step, this.outline)) {
      const before = members.types.dims.save();
      try {
        members.shaper.infer(body, scope);
      } catch {
        members.types.dims.restore(before);
      }
    }
    try {
      members.asNumbers = members.kinds.asNumbers.has(statement);
      members.shaper.infer(step.left, scope);
      if (this.#merges(known)) members.types.dims.restore(state);
    } catch {
      members.types.dims.restore(state);
    } finally {
      members.asNumbers = false;
    }
    const left = members.types.dims.save();
    const before = this.#classes();
    try {
      members.shaper.infer(step.right, scope);
      if (this.#merges(before)) members.types.dims.restore(left);
    } catch {
      members.types.dims.restore(left);
    }
  }

  /** Returns the lengths of letters, each with the representative of its class of equal lengths. */
  #classes(): Map<Dim, Dim> {
    const { shapes, types } = this.members;
    return new Map([...shapes.values()].flatMap(({ r, c }) => [r, c]).map((dim) => [dim, types.dims.root(dim)]));
  }

  /** Whether lengths that were different have become equal. */
  #merges(before: ReadonlyMap<Dim, Dim>): boolean {
    const { dims } = this.members.types;
    const now = new Map<Dim, Dim>();
    for (const [dim, root] of before) {
      if (dims.extentOf(dim) !== 'many') continue;
      const joint = dims.root(dim);
      if (now.has(joint) && now.get(joint) !== root) return true;
      now.set(joint, root);
    }
    return false;
  }

  #assign(): void {
    for (const dim of this.#lengths()) if (!this.#sizes.has(dim)) this.#sizes.set(dim, this.#sizeFor(dim));
  }

  /** Returns the different lengths of letters, and the counts. */
  #lengths(): Dim[] {
    const { counts, shapes, types } = this.members;
    const roots = [...shapes.values()].flatMap(({ r, c }) => [types.dims.root(r), types.dims.root(c)]);
    return [...new Set([...roots, ...[...counts.values()].map((count) => types.dims.root(count))])];
  }

  /** Returns the number for a class of equal lengths: the one that the page states, or the next one of the trial. */
  #sizeFor(dim: Dim): number {
    const { dims } = this.members.types;
    const known = dims.sizeOf(dim);
    if (known !== undefined) return known;
    if (dims.extentOf(dim) === 'one') return 1;
    const { lengths } = this.trial;
    if (lengths === 'equal') return Math.max(3, ...this.#lengths().map((other) => dims.leastOf(other)));
    const all = lengths === 'unequal' ? unequal : lengths;
    return Math.max(all[this.#next++ % all.length]!, dims.leastOf(dim));
  }

  #next = 0;

  sizeOf = (dim: Dim): number | undefined => {
    const { dims } = this.members.types;
    return this.#sizes.get(dims.root(dim)) ?? dims.sizeOf(dim);
  };

  /** Returns the length of an axis, choosing one if nothing determines it. */
  lengthOf = (dim: Dim): number => {
    const known = this.sizeOf(dim);
    if (known !== undefined) {
      this.#hasGuesses ||= this.#guessed.has(this.members.types.dims.root(dim));
      return known;
    }
    const size = this.#sizeFor(dim);
    const root = this.members.types.dims.root(dim);
    this.#sizes.set(root, size);
    if (size > 1) this.#guessed.add(root);
    this.#hasGuesses ||= size > 1;
    return size;
  };

  /** Lengths that nothing determines. */
  readonly #guessed = new Set<Dim>();
  #hasGuesses = false;

  /** Begins another step: forgets whether the previous step used lengths that were chosen arbitrarily. */
  begin(): void {
    this.#hasGuesses = false;
  }

  /** Whether the step uses lengths that were chosen arbitrarily, so that a shape mismatch proves nothing. */
  isGuess(step: World['claims'][number]['step']): boolean {
    return this.#hasGuesses && this.world.definitions.length > 0 && this.#hasOwnLetters(step);
  }

  /** Returns the evaluator in which letters without an index refer to this point. */
  at(point: number): Evaluator {
    const known = this.#evaluators.get(point);
    if (known !== undefined) return known;
    const { members, world } = this;
    const evaluator = new Evaluator(
      {
        members,
        sizeOf: this.sizeOf,
        lengthOf: this.lengthOf,
        transitions: this.trial.transitions,
        pointsInColumns: world.pointsInColumns,
        point,
        labels: labelsIn(world.definitions, this.outline),
      },
      this.#graph,
    );
    this.#evaluators.set(point, evaluator);
    return evaluator;
  }

  get graph(): Graph {
    return this.#graph;
  }
}
