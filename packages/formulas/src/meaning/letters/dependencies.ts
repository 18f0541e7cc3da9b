/**
 * Finds the dependencies of letters for which a page gives only derivatives: ∂L/∂y ∂y/∂x implies that L depends on y,
 * and y on x.
 */

import { bare, type DerivativeNode, type Expression, type LetterNode, partsOf } from '../../syntax/ast.ts';
import type { Definition, Dependencies, FunctionDefinition, Item } from '../outline-types.ts';
import type { Letters } from './letters.ts';
import { eachLetter } from './letters.ts';

interface Edge {
  readonly from: string;
  readonly to: LetterNode;
  readonly toKey: string;
}

/**
 * Returns the letter that is differentiated, or with respect to which a derivative is taken, without the indices of its
 * elements.
 */
function letterIn(e: Expression | undefined): LetterNode | undefined {
  const inside = e === undefined ? undefined : bare(e);
  if (inside?.kind === 'element' || inside?.kind === 'transpose') return letterIn(inside.of);
  return inside?.kind === 'letter' ? inside : undefined;
}

/** Returns the derivatives in an expression: those that are factors of a product, and those that are not. */
function derivativesIn(side: Expression): { alone: DerivativeNode[]; factors: DerivativeNode[] } {
  const alone: DerivativeNode[] = [];
  const factors: DerivativeNode[] = [];
  const visit = (e: Expression, isFactor: boolean): void => {
    if (e.kind === 'derivative') (isFactor ? factors : alone).push(e);
    const isProduct = e.kind === 'product' || e.kind === 'loose' || e.kind === 'inner';
    for (const part of partsOf(e)) visit(part, isFactor || isProduct);
  };
  visit(side, false);
  return { alone, factors };
}

/**
 * Finds the dependencies of undefined letters. The factors of a chain rule are derivatives with respect to the letters
 * that a letter is computed from. A single derivative implies nothing about how the dependency arises.
 */
export function dependenciesIn(
  items: readonly Item[],
  letters: Letters,
  definitions: readonly Definition[],
  functions: readonly FunctionDefinition[],
  named: ReadonlySet<string>,
): Dependencies {
  const defined = new Map<string, Set<string>>();
  for (const { key, body } of [...definitions, ...functions]) {
    const used = defined.get(key) ?? new Set();
    defined.set(key, used);
    eachLetter(body, (letter) => used.add(letters.useOf(letter).key));
  }
  const edges: Edge[] = [];
  for (const { steps } of items) {
    for (const side of steps.flatMap(({ left, right }) => [left, right])) {
      for (const { of, by, mark } of derivativesIn(side).factors) {
        const [from, to] = [letterIn(of), letterIn(by[0])];
        if (from === undefined || to === undefined || by.length !== 1 || mark === 'differential') continue;
        const use = letters.useOf(to);
        const isPlain = letters.useOf(from).members.length === 0 && use.members.length === 0;
        const key = letters.useOf(from).key;
        if (!isPlain || defined.has(key) || named.has(key) || key === use.key) continue;
        const whole = { ...to, verbatim: false, sub: to.sub.slice(0, to.sub.length - use.elements.length) };
        if (!edges.some((edge) => edge.from === key && edge.toKey === use.key))
          edges.push({ from: key, to: whole, toKey: use.key });
      }
    }
  }
  const reaches = (from: string, to: string, seen = new Set<string>()): boolean => {
    if (from === to) return true;
    if (seen.has(from)) return false;
    seen.add(from);
    const next = [
      ...edges.filter((edge) => edge.from === from).map(({ toKey }) => toKey),
      ...(defined.get(from) ?? []),
    ];
    return next.some((key) => reaches(key, to, seen));
  };
  const found = new Map<string, LetterNode[]>();
  for (const { from, to, toKey } of edges) {
    // Letters that depend on each other don't form a chain.
    if (reaches(toKey, from)) continue;
    found.set(from, [...(found.get(from) ?? []), to]);
  }
  return found;
}
