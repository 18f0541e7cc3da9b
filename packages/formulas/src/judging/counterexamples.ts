/** Finds small data for which the two sides of a formula differ. */

import type { Transition } from '../evaluating/setting.ts';
import type { Layout } from '../evaluating/values.ts';
import type { Equation, Outline } from '../meaning/outline-types.ts';
import type { Deadline } from '../running/deadline.ts';
import type { Floats } from '../running/floats.ts';
import { sampleFor } from '../running/functions.ts';
import { type Application, ancestorsOf, type Node } from '../running/graph.ts';
import { hashOf } from '../running/random.ts';
import type { Data } from './data.ts';
import { Scenario, type TrialSettings } from './scenario.ts';
import { distance, type Pair, prepare } from './trial.ts';
import type { Counterexample } from './verdict.ts';
import type { World } from './worlds.ts';

const rowsOf = (elements: Float64Array, columns: number): number[][] => {
  const rows: number[][] = [];
  for (let at = 0; at < elements.length; at += columns)
    rows.push(Array.from(elements.subarray(at, at + columns), (x) => Number(x.toPrecision(6))));
  return rows;
};

const letterName = (leaf: string): string => {
  const at = leaf.lastIndexOf('@');
  const key = (at < 0 ? leaf : leaf.slice(0, at)).replace(/^(?:bold|calligraphic|upright|blackboard) /, '');
  const member = at < 0 ? '' : leaf.slice(at + 1);
  return member === '' ? key : `${key}_${member.includes(',') ? `(${member})` : member}`;
};

/** Returns the functions used in place of unknown ones, by name. */
function functionsIn(nodes: readonly Node[], transitions: ReadonlyMap<string, Transition>): Record<string, string> {
  const functions: Record<string, string> = {};
  for (const { op, attributes } of nodes) {
    if (op !== 'apply') continue;
    const { fn } = attributes as Application;
    functions[letterName(fn)] = sampleFor(fn).name;
  }
  for (const [fn, transition] of transitions) functions[letterName(fn)] = transition;
  return functions;
}

const whereText = ({ indices }: Pair): string => [...indices].map(([name, value]) => `${name} = ${value}`).join(', ');

/** Creates the counterexample for a pair of values at given data. */
export function counterexampleOf(
  pair: Pair,
  floats: Floats,
  transitions: ReadonlyMap<string, Transition>,
): Counterexample {
  const nodes = ancestorsOf([pair.left.node, pair.right.node]);
  const data: Record<string, number[][]> = {};
  for (const node of nodes) {
    if (node.op !== 'leaf' || String(node.attributes).includes(' of ')) continue;
    data[letterName(String(node.attributes))] = rowsOf(floats.elements(node), node.shape[1]!);
  }
  return {
    data,
    functions: functionsIn(nodes, transitions),
    where: whereText(pair),
    left: rowsOf(floats.elements(pair.left.node), pair.left.node.shape[1]!),
    right: rowsOf(floats.elements(pair.right.node), pair.right.node.shape[1]!),
  };
}

/** The lengths to try, the smallest first. */
const lengths: readonly (readonly number[])[] = [[1], [1, 2], [2, 1], [2], [2, 3], [3, 2]];

/** Looks for a small counterexample; returns undefined if none of the data tried is one. */
export function smallest(
  outline: Outline,
  world: World,
  step: Equation,
  statement: number,
  layout: Layout,
  trial: TrialSettings,
  data: Data,
  deadline: Deadline,
): Counterexample | undefined {
  for (const depth of trial.depth > 2 ? [1, 2, trial.depth] : [trial.depth]) {
    for (const list of lengths) {
      if (deadline.isOver) return undefined;
      const found = attempt(() => {
        const scenario = new Scenario(outline, world, { ...trial, depth, lengths: list });
        const prepared = prepare(step, statement, scenario, layout, deadline);
        return prepared.kind === 'pairs' ? differing(prepared.pairs, data) : undefined;
      });
      if (found !== undefined) return counterexampleOf(found.pair, found.floats, trial.transitions);
    }
  }
  return undefined;
}

function attempt<T>(run: () => T): T | undefined {
  try {
    return run();
  } catch {
    return undefined;
  }
}

/** Returns the first pair whose values clearly differ, trying integer data first. */
function differing(pairs: readonly Pair[], data: Data): { pair: Pair; floats: Floats } | undefined {
  const draws = ['whole', 'whole', 'any', 'positive', 'share'] as const;
  for (const [i, draw] of draws.entries()) {
    const floats = data.drawn(hashOf(draw, i) % 1000, draw);
    for (const pair of pairs) {
      const found = distance(floats, pair.left.node, pair.right.node);
      if (found === undefined || found.isEqual) continue;
      return { pair, floats };
    }
  }
  return undefined;
}
