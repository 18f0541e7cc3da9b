/** Groups a page's definitions into the programs they describe, each called a world. */

import { type Kinds, kindsOf } from '../meaning/kinds.ts';
import { eachLetter } from '../meaning/letters/letters.ts';
import { Members } from '../meaning/members.ts';
import type { Definition, Equation, Outline } from '../meaning/outline-types.ts';
import { weightsOnTheLeft } from '../statements/same-letters.ts';
import type { Expression } from '../syntax/ast.ts';

export interface Claim {
  readonly statement: number;
  readonly step: Equation;
}

/** The definitions of one program, with its claims and the kinds of its letters. */
export interface World {
  readonly definitions: readonly Definition[];
  readonly claims: readonly Claim[];
  readonly kinds: Kinds;
  /** Whether its weights are on the left, with points in columns. */
  readonly pointsInColumns: boolean;
}

/** Collects the keys of the letters in an expression, and of those in the functions it calls. */
export function keysIn(e: Expression, outline: Outline, keys = new Set<string>()): Set<string> {
  eachLetter(e, (letter) => {
    const { key } = outline.letters.useOf(letter);
    if (keys.has(key)) return;
    keys.add(key);
    for (const fn of outline.functions) if (fn.key === key) keysIn(fn.body, outline, keys);
  });
  return keys;
}

/** Groups definitions that use one another or define the same letter. */
function groupsOf(outline: Outline): Definition[][] {
  const groups: { keys: Set<string>; definitions: Definition[] }[] = [];
  const defined = new Set(outline.definitions.map(({ key }) => key));
  for (const definition of outline.definitions) {
    const used = [definition.key, ...keysIn(definition.body, outline)].filter((key) => defined.has(key));
    const joined = groups.filter(({ keys }) => used.some((key) => keys.has(key)));
    const whole = {
      keys: new Set([...used, ...joined.flatMap(({ keys }) => [...keys])]),
      definitions: [...joined.flatMap(({ definitions }) => definitions), definition],
    };
    for (const group of joined) groups.splice(groups.indexOf(group), 1);
    groups.push(whole);
  }
  return groups.map(({ definitions }) => definitions.toSorted((a, b) => a.statement - b.statement));
}

/**
 * Returns default sizes for families. A family has the members that the page names; if it is open-ended, it has at least
 * `wanted` (three by default).
 */
export function defaultSizes(
  outline: Outline,
  definitions: readonly Definition[],
  kinds: Kinds,
  wanted = 3,
): (axis: number) => number {
  const largest = new Map<number, number>();
  const general = new Set<number>();
  const note = (key: string, members: readonly Expression[]): void => {
    members.forEach((index, position) => {
      const axis = kinds.axisOf(key, position);
      if (index.kind === 'number') largest.set(axis, Math.max(largest.get(axis) ?? 0, Number(index.text)));
      else general.add(axis);
    });
  };
  for (const { statement } of definitions) {
    for (const side of outline.reading.statements[statement]!.sides) {
      eachLetter(side, (letter) => {
        const { key, members } = outline.letters.useOf(letter);
        note(key, members);
      });
    }
  }
  return (axis) => {
    const named = largest.get(axis) ?? 0;
    const isFree = kinds.axisNames.has(axis) || (named < 2 && general.has(axis)) || named === 0;
    return isFree || named < 2 ? Math.max(named, wanted) : named;
  };
}

/** Returns, for each axis of each letter in some definitions, the class of equal lengths it belongs to. */
function classesOf(outline: Outline, definitions: readonly Definition[]): Map<string, number> {
  const kinds = kindsOf(outline, { definitions, claims: [], rowVectors: false });
  const members = new Members({ outline, definitions, kinds, sizes: defaultSizes(outline, definitions, kinds) });
  const classes = new Map<string, number>();
  for (const [name, { r, c }] of members.shapes) {
    for (const [axis, dim] of [
      ['rows', r],
      ['columns', c],
    ] as const) {
      if (members.types.dims.extentOf(dim) === 'many') classes.set(`${name} ${axis}`, members.types.dims.root(dim));
    }
  }
  return classes;
}

/** Returns whether lengths that differ in `part` become equal in `whole`, which combines it with other definitions. */
function isForced(part: ReadonlyMap<string, number>, whole: ReadonlyMap<string, number>): boolean {
  const seen = new Map<number, number>();
  for (const [name, own] of part) {
    const joint = whole.get(name);
    if (joint === undefined) continue;
    const before = seen.get(joint);
    if (before !== undefined && before !== own) return true;
    seen.set(joint, own);
  }
  return false;
}

/** Joins groups of definitions that share letters and don't conflict. */
function joinedGroups(outline: Outline): Definition[][] {
  const worlds: Definition[][] = [];
  const sharing = (a: readonly Definition[], b: readonly Definition[]): boolean => {
    const keys = (definitions: readonly Definition[]): Set<string> => {
      const all = new Set<string>();
      for (const { body, key } of definitions) keysIn(body, outline, all.add(key));
      return all;
    };
    const [first, second] = [keys(a), keys(b)];
    return [...first].some((key) => second.has(key));
  };
  const known = new Map<string, Map<string, number>>();
  const classes = (definitions: readonly Definition[]): Map<string, number> => {
    const name = definitions.map(({ statement }) => statement).join();
    const found = known.get(name) ?? classesOf(outline, definitions);
    known.set(name, found);
    return found;
  };
  for (const group of groupsOf(outline)) {
    const home = worlds.findIndex((world) => {
      if (!sharing(world, group)) return false;
      const whole = classesOf(outline, [...world, ...group]);
      return !isForced(classes(group), whole) && !isForced(classes(world), whole);
    });
    if (home < 0) worlds.push(group);
    else worlds[home] = [...worlds[home]!, ...group].toSorted((a, b) => a.statement - b.statement);
  }
  return worlds;
}

/**
 * Returns the index of the program that a claim refers to: the one that defines most of the letters in the claim.
 * Returns -1 if there is none.
 */
function homeOf(claim: Claim, worlds: readonly (readonly Definition[])[], outline: Outline): number {
  const keys = keysIn(claim.step.left, outline, keysIn(claim.step.right, outline));
  const aliased = outline.aliases.filter(({ key }) => keys.has(key));
  const scores = worlds.map((definitions) => {
    const defined = new Set(definitions.map(({ key }) => key));
    const own = [...keys].filter((key) => defined.has(key));
    const isLossOnly = own.every((key) => outline.losses.has(key));
    const linked = (e: Expression): boolean => [...keysIn(e, outline)].some((key) => defined.has(key));
    const links = aliased.filter(({ by }) => linked(by)).length;
    const sources = aliased.filter(({ of }) => linked(of)).length;
    return own.length === 0
      ? links * 0.5 + sources * 0.25
      : isLossOnly
        ? 0.25 * own.length + links * 0.5
        : own.length + links * 0.1;
  });
  const best = Math.max(...scores);
  if (best > 0) return scores.indexOf(best);
  const shares = worlds.map((definitions) => {
    const used = new Set<string>();
    for (const { body } of definitions) keysIn(body, outline, used);
    return [...keys].filter((key) => used.has(key) && !outline.losses.has(key)).length;
  });
  const isDerived = [...keys].some(
    (key) => outline.losses.has(key) && !outline.definitions.some((definition) => definition.key === key),
  );
  const most = Math.max(...shares);
  return isDerived && most > 0 ? shares.indexOf(most) : -1;
}

/**
 * Returns a variant of a world without definitions in which lowercase letters are numbers wherever possible. Returns
 * undefined if nothing would change.
 */
export function worldOfNumbers(world: World, outline: Outline): World | undefined {
  const { definitions, claims, kinds } = world;
  if (definitions.length > 0) return undefined;
  const other = kindsOf(outline, { definitions, claims, rowVectors: false, byUse: false });
  const isOther = [...kinds.of].some(([key, { rows, columns }]) => {
    const kind = other.of.get(key);
    return kind?.rows !== rows || kind.columns !== columns;
  });
  return isOther ? { ...world, kinds: other } : undefined;
}

/** Groups a page's claims by the program they refer to. A statement that refers to none forms its own world. */
export function worldsOf(outline: Outline): World[] {
  const programs = joinedGroups(outline);
  const claims = outline.items.flatMap(({ statement, steps }) => steps.map((step): Claim => ({ statement, step })));
  const homes = claims.map((claim) => homeOf(claim, programs, outline));
  const made = (definitions: readonly Definition[], own: readonly Claim[]): World => ({
    definitions,
    claims: own,
    kinds: kindsOf(outline, { definitions, claims: own, rowVectors: false }),
    pointsInColumns: weightsOnTheLeft(definitions.map(({ body }) => body)),
  });
  const worlds = programs.map((definitions, i) =>
    made(
      definitions,
      claims.filter((_, j) => homes[j] === i),
    ),
  );
  const free = new Map<number, Claim[]>();
  claims.forEach((claim, j) => {
    if (homes[j] === -1) free.set(claim.statement, [...(free.get(claim.statement) ?? []), claim]);
  });
  return [...worlds, ...[...free.values()].map((own) => made([], own))];
}
