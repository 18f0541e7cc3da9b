/** Describes everything that a verdict depends on as a text: equal texts mean equal verdicts. */

import type { Transition } from '../../evaluating/setting.ts';
import type { Layout } from '../../evaluating/values.ts';
import { labelsIn } from '../../meaning/letters/labels.ts';
import { eachLetter } from '../../meaning/letters/letters.ts';
import type { Equation, Outline, Property } from '../../meaning/outline-types.ts';
import type { Dim } from '../../meaning/shapes/dims.ts';
import type { Expression } from '../../syntax/ast.ts';
import { namedSizes, otherLengths, type Scenarios, softmaxTrial } from '../judge-step.ts';
import { propertiesAt } from '../properties.ts';
import { type Scenario, usualTrial } from '../scenario.ts';
import type { World } from '../worlds.ts';
import { hashed } from './hash.ts';
import { Signatures } from './signatures.ts';

/** A step, and how it is interpreted. */
export interface Asked {
  readonly world: World;
  readonly step: Equation;
  readonly statement: number;
  readonly layout: Layout;
  readonly transitions: ReadonlyMap<string, Transition>;
}

/** Numbers objects in the order in which they are first seen, so that two sequences can be compared. */
class Numbers<T> {
  readonly #known = new Map<T, number>();

  of(thing: T): number {
    const known = this.#known.get(thing) ?? this.#known.size;
    this.#known.set(thing, known);
    return known;
  }
}

interface Length {
  readonly root: Dim;
  readonly size: number | undefined;
}

/** The lengths of letters and counts, by their names. */
interface Shapes {
  readonly members: [string, readonly Length[]][];
  readonly counts: [string, readonly Length[]][];
}

/** The dependencies of all steps in one reading of a page. */
export class Dependencies {
  readonly #outline: Outline;
  readonly #scenarios: Scenarios;
  readonly #signatures: Signatures;
  readonly #shapes = new WeakMap<Scenario, Shapes>();
  readonly #surrounding = new WeakMap<World, Map<string, string>>();
  readonly #properties = new Map<number, readonly (readonly [string, readonly Property[]])[]>();
  readonly #worlds = new WeakMap<World, { readonly text: string; readonly keys: ReadonlySet<string> }>();

  constructor(outline: Outline, scenarios: Scenarios) {
    this.#outline = outline;
    this.#scenarios = scenarios;
    this.#signatures = new Signatures(outline);
  }

  /** Returns a short text for everything that the judgement of a step depends on. */
  of(asked: Asked): string {
    return hashed(this.#written(asked));
  }

  #written(asked: Asked): string {
    const { world, step, statement, layout, transitions } = asked;
    const { reading, losses, lasts } = this.#outline;
    const own = reading.statements[statement]!;
    const { text, keys: defining } = this.#definitions(world);
    const keys = this.#closed([step.left, step.right], defining);
    const properties = this.#propertiesAt(own.block).filter(([key]) => keys.has(key));
    return [
      reading.page.source.slice(own.span),
      this.#signatures.of([step.left, step.right, step.relation, own.ranges, own.conditions]),
      // Without definitions, the chains of a page determine the shapes of each other's letters.
      world.definitions.length === 0 ? this.#signatures.of(world.claims.map((claim) => claim.step)) : text,
      world.definitions.map((definition) => (definition.statement <= statement ? 'a' : 'b')).join(''),
      world.kinds.asNumbers.has(statement),
      world.pointsInColumns,
      JSON.stringify(layout),
      JSON.stringify([...transitions]),
      JSON.stringify(properties),
      [...losses].join(),
      [...lasts].join(),
      JSON.stringify([...labelsIn(world.definitions, this.#outline)]),
      this.#surroundings(world, keys, defining, transitions),
    ].join('\n');
  }

  #propertiesAt(block: number): readonly (readonly [string, readonly Property[]])[] {
    const known = this.#properties.get(block);
    if (known !== undefined) return known;
    const found = [...propertiesAt(this.#outline, block)].map(([key, all]) => [key, [...all]] as const);
    this.#properties.set(block, found);
    return found;
  }

  /** The kinds and lengths of letters, computed once for all steps whose letters all occur in definitions. */
  #surroundings(
    world: World,
    keys: ReadonlySet<string>,
    defining: ReadonlySet<string>,
    transitions: ReadonlyMap<string, Transition>,
  ): string {
    const others = [...keys].filter((key) => !defining.has(key)).sort();
    const name = JSON.stringify([others, [...transitions]]);
    const found = this.#surrounding.get(world) ?? new Map<string, string>();
    this.#surrounding.set(world, found);
    const known = found.get(name);
    if (known !== undefined) return known;
    const text = hashed([this.#letters(keys, world), ...this.#sizes(world, keys, transitions)].join('\n'));
    found.set(name, text);
    return text;
  }

  /**
   * Returns a text for everything that a correction of a step depends on in addition to its judgement: the parts that
   * corrections are built from.
   */
  ofMend({ world }: Pick<Asked, 'world'>): string {
    const { reading } = this.#outline;
    const calls = new Set<string>();
    const note = (e: unknown): void => {
      if (typeof e !== 'object' || e === null) return;
      if ((e as Partial<Expression>).kind === 'call') calls.add(this.#signatures.of(e));
      for (const [name, field] of Object.entries(e)) if (name !== 'span' && name !== 'face') note(field);
    };
    for (const { step } of world.claims) note([step.left, step.right]);
    return hashed(
      [...calls, ...[...reading.page.macros.values()].map(({ name, body }) => `${name} ${body}`)].join('\n'),
    );
  }

  #definitions(world: World): { readonly text: string; readonly keys: ReadonlySet<string> } {
    const known = this.#worlds.get(world);
    if (known !== undefined) return known;
    const { statements } = this.#outline.reading;
    const sides = world.definitions.flatMap(({ statement, body }) => [statements[statement]!.sides[0]!, body]);
    const text = world.definitions.map(({ key, pattern, elements, body, statement, ranges }) =>
      this.#signatures.of([
        key,
        pattern,
        elements,
        body,
        statements[statement]!.sides[0],
        ranges,
        world.kinds.asNumbers.has(statement),
      ]),
    );
    const found = { text: hashed(text.join('\n')), keys: this.#closed(sides, new Set()) };
    this.#worlds.set(world, found);
    return found;
  }

  /** Returns the keys of the letters in expressions, including letters that functions and derivatives refer to by name. */
  #closed(expressions: readonly Expression[], known: ReadonlySet<string>): ReadonlySet<string> {
    const { letters, functions, aliases, dependencies } = this.#outline;
    const keys = new Set(known);
    const note = (e: Expression): void =>
      eachLetter(e, (letter) => {
        const { key } = letters.useOf(letter);
        if (keys.has(key)) return;
        keys.add(key);
        for (const fn of functions) if (fn.key === key) for (const part of [fn.body, ...fn.parameters]) note(part);
        for (const alias of aliases) if (alias.key === key) for (const part of [alias.of, alias.by]) note(part);
        for (const parent of dependencies.get(key) ?? []) note(parent);
      });
    expressions.forEach(note);
    return keys;
  }

  /** Describes the roles of letters on the page. */
  #letters(keys: ReadonlySet<string>, { kinds }: World): string {
    const { letters, functions, aliases, declarations, losses, reading, dependencies } = this.#outline;
    const isOf = ({ key }: { readonly key: string }): boolean => keys.has(key);
    const said = [...functions, ...aliases, ...declarations]
      .filter(isOf)
      .map(({ statement: _, ...other }) => this.#signatures.of(other));
    const each = [...keys].sort().map((key) => {
      const info = letters.infoOf(key);
      return [
        key,
        info?.family,
        info?.elements,
        info?.isGeneric,
        losses.has(key),
        this.#outline.scalars.has(key),
        this.#signatures.of(reading.notation.variables?.get(key)),
        reading.notation.functions.has(key),
        JSON.stringify(kinds.of.get(key)),
        this.#signatures.of(dependencies.get(key)),
      ].join(' ');
    });
    return [...each, ...said].join('\n');
  }

  /** Describes the lengths with which a step is tried, and which of them are equal. */
  #sizes(world: World, keys: ReadonlySet<string>, transitions: ReadonlyMap<string, Transition>): string[] {
    const usual = { ...usualTrial, points: 1, transitions };
    const base = this.#scenarios.of(world, usual);
    const hasPoints = base.genericAxes().length > 0;
    const others = hasPoints ? [this.#scenarios.of(world, { ...usual, points: 3 })] : [];
    const families = [...(softmaxTrial(base)?.transitions ?? [])].filter(([name]) =>
      keys.has(name.slice(0, name.lastIndexOf('@'))),
    );
    return [
      JSON.stringify(families),
      JSON.stringify([...namedSizes(base)]),
      ...[base, ...others, this.#scenarios.of(world, { ...usual, depth: 4, lengths: otherLengths })].map((scenario) =>
        this.#lengths(scenario, keys),
      ),
    ];
  }

  /** Returns the lengths before any trial, since trials may add others. */
  #shapesOf(scenario: Scenario): Shapes {
    const known = this.#shapes.get(scenario);
    if (known !== undefined) return known;
    const { members } = scenario;
    const length = (dim: Dim): Length => ({ root: members.types.dims.root(dim), size: scenario.sizeOf(dim) });
    const shapes: Shapes = {
      members: [...members.shapes]
        .map(([member, { r, c }]): [string, readonly Length[]] => [member, [length(r), length(c)]])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
      counts: [...members.counts]
        .map(([name, dim]): [string, readonly Length[]] => [name, [length(dim)]])
        .sort(([a], [b]) => (a < b ? -1 : 1)),
    };
    this.#shapes.set(scenario, shapes);
    return shapes;
  }

  #lengths(scenario: Scenario, keys: ReadonlySet<string>): string {
    const { members, world } = scenario;
    const { letters } = this.#outline;
    const [classes, axes] = [new Numbers<Dim>(), new Numbers<number>()];
    const written = ([name, lengths]: [string, readonly Length[]]): string =>
      `${name} ${lengths.map(({ root, size }) => `${classes.of(root)}=${size}`).join(' ')}`;
    const { members: shapes, counts } = this.#shapesOf(scenario);
    const own = shapes.filter(([member]) => keys.has(member.slice(0, member.lastIndexOf('@'))));
    const families = [...keys].sort().flatMap((key) =>
      Array.from({ length: letters.infoOf(key)?.family ?? 0 }, (_, position) => {
        const axis = world.kinds.axisOf(key, position);
        const isGeneric = scenario.genericAxes().includes(axis);
        const name = world.kinds.axisNames.get(axis) ?? '';
        return `${key} ${axes.of(axis)}=${scenario.axisSize(axis)} ${name} ${isGeneric} ${members.isLayered(axis)}`;
      }),
    );
    return [...own.map(written), ...families, ...counts.map(written)].join('\n');
  }
}
