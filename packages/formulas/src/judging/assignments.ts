/** Enumerates values for the free indices of a formula. */

import { indexNamesIn } from '../meaning/index-names.ts';
import { eachLetter } from '../meaning/letters/letters.ts';
import { NoMember } from '../meaning/members.ts';
import type { Equation } from '../meaning/outline-types.ts';
import { type Indices, indexValue } from '../meaning/program.ts';
import { ShapeError, Unknown } from '../meaning/shapes/types.ts';
import { meets } from '../statements/conditions.ts';
import { bare, type Expression, partsOf } from '../syntax/ast.ts';
import type { Scenario } from './scenario.ts';

/** The maximum number of index assignments tried per formula. */
const most = 48;

/** Collects the index names bound by sums in an expression. */
function boundIn(e: Expression, names = new Set<string>()): Set<string> {
  if (e.kind === 'big') for (const index of e.indices) names.add(index.name);
  for (const part of partsOf(e)) boundIn(part, names);
  return names;
}

/** Returns the names of the free indices of a step. */
export function openNames(step: Equation, scenario: Scenario): string[] {
  const { outline, members } = scenario;
  const names = new Set<string>();
  for (const side of [step.left, step.right]) {
    const bound = boundIn(side);
    for (const name of indexNamesIn(side, outline)) {
      if (!bound.has(name) && !members.program.counts.has(name)) names.add(name);
    }
  }
  return [...names];
}

/** Returns the sizes of the families that a name indexes. */
function familySizes(name: string, step: Equation, scenario: Scenario): number[] {
  const { outline, world } = scenario;
  const sizes: number[] = [];
  const isIn = (index: Expression): boolean => {
    const inside = bare(index);
    return inside.kind === 'letter' ? inside.name === name : partsOf(inside).some(isIn);
  };
  for (const side of [step.left, step.right]) {
    eachLetter(side, (letter) => {
      const { key, members } = outline.letters.useOf(letter);
      members.forEach((index, position) => {
        if (isIn(index)) sizes.push(scenario.axisSize(world.kinds.axisOf(key, position)));
      });
    });
  }
  return sizes;
}

const span = (from: number, to: number): number[] =>
  Array.from({ length: Math.max(0, to - from + 1) }, (_, i) => from + i);

/**
 * Returns the range of an index that selects members of a family; undefined if it selects none. The range starts at 0
 * unless the page states another one; nonexistent members are skipped later.
 */
function familyRange(
  name: string,
  step: Equation,
  statement: number,
  scenario: Scenario,
): readonly number[] | undefined {
  const { members, outline } = scenario;
  const said = outline.reading.statements[statement]?.ranges.find(({ index }) => index.name === name);
  const [a, b] = said === undefined ? [] : [said.from, said.to].map((end) => indexValue(end, members.program.counts));
  if (a !== undefined && b !== undefined) return span(Math.min(a, b), Math.max(a, b));
  const families = familySizes(name, step, scenario);
  return families.length > 0 ? span(0, Math.max(...families) + 1) : undefined;
}

/**
 * Returns the ranges of names that index elements, given values for the family indices, since each layer may have different
 * lengths.
 */
function elementRanges(
  names: readonly string[],
  step: Equation,
  known: Indices,
  scenario: Scenario,
): [string, readonly number[]][] {
  if (names.length === 0) return [];
  const { members } = scenario;
  const scope = members.scopeFor(step.left, step.right, known);
  return members.supposing(() => {
    for (const side of [step.left, step.right]) {
      try {
        members.shaper.infer(side, scope);
      } catch (error) {
        if (!(error instanceof ShapeError) && !(error instanceof Unknown) && !(error instanceof NoMember)) throw error;
      }
    }
    return names.map((name) => {
      const extent = scope.extents.get(name);
      return [name, span(1, (extent === undefined ? undefined : scenario.sizeOf(extent)) ?? 1)];
    });
  });
}

const spread = (all: readonly Indices[], name: string, values: readonly number[]): Indices[] =>
  all.flatMap((one) => values.map((value) => new Map([...one, [name, value]])));

/** Returns all assignments of a step's free indices, or an evenly spaced sample if there are too many. */
export function assignmentsOf(step: Equation, statement: number, scenario: Scenario): Indices[] {
  const elements: string[] = [];
  let families: Indices[] = [new Map()];
  for (const name of openNames(step, scenario)) {
    const values = familyRange(name, step, statement, scenario);
    if (values === undefined) elements.push(name);
    else families = spread(families, name, values);
  }
  const conditions = scenario.outline.reading.statements[statement]?.conditions ?? [];
  const all = families
    .flatMap((known) =>
      elementRanges(elements, step, known, scenario).reduce<Indices[]>(
        (some, [name, values]) => spread(some, name, values),
        [known],
      ),
    )
    .filter((indices) => conditions.every((condition) => meets(condition, indices)));
  if (all.length <= most) return all;
  const stride = all.length / most;
  return Array.from({ length: most }, (_, i) => all[Math.floor(i * stride)]!);
}
