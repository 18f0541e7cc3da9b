/** Combines the factors of a product in all other ways that have matching shapes. */

import { bare, type Expression, made } from '../syntax/ast.ts';
import type { Edit, Workshop } from './edits.ts';
import { grouped, loose, product } from './notation.ts';

/** A factor of a product, and whether it is transposed there. */
interface Atom {
  readonly e: Expression;
  readonly isTransposed: boolean;
}

/** Collects the array factors of products and Hadamard products in an expression, and separately the numeric factors. */
function atomsOf(e: Expression, isNumber: Workshop['isNumber'], atoms: Atom[], numbers: Expression[]): void {
  const inside = e.kind === 'group' && (bare(e).kind === 'product' || bare(e).kind === 'loose') ? bare(e) : e;
  if (isNumber(inside)) numbers.push(inside);
  else if (inside.kind === 'product') for (const factor of inside.factors) atomsOf(factor, isNumber, atoms, numbers);
  else if (inside.kind === 'loose' && inside.mark !== 'otimes')
    for (const side of [inside.left, inside.right]) atomsOf(side, isNumber, atoms, numbers);
  else if (inside.kind === 'transpose') atoms.push({ e: inside.of, isTransposed: true });
  else atoms.push({ e: inside, isTransposed: false });
}

interface Built {
  readonly e: Expression;
  /** The indices of the atoms, in order of appearance. */
  readonly order: readonly number[];
  readonly transposes: number;
  readonly hadamards: number;
}

/**
 * Returns the value of a candidate, or undefined if its shapes don't match. Candidates with the same id have equal values.
 */
export type NodeOf = (e: Expression) => { readonly id: number } | undefined;

const most = 4;

function inversions(order: readonly number[]): number {
  let count = 0;
  order.forEach((a, i) => {
    count += order.slice(i + 1).filter((b) => b < a).length;
  });
  return count;
}

const hadamardsIn = (e: Expression): number => {
  const inside = bare(e);
  if (inside.kind === 'product') return inside.factors.reduce((sum, factor) => sum + hadamardsIn(factor), 0);
  return inside.kind === 'loose' ? 1 + hadamardsIn(inside.left) + hadamardsIn(inside.right) : 0;
};

/** Returns all valid ways to combine the factors of an expression, keeping only the cheapest for each distinct value. */
export function rearrangementsOf(e: Expression, shop: Workshop, nodeOf: NodeOf): Edit[] {
  const atoms: Atom[] = [];
  const numbers: Expression[] = [];
  const isNegative = e.kind === 'sum' && e.terms.length === 1 && e.minus[0] === true;
  atomsOf(isNegative ? e.terms[0]! : e, shop.isNumber, atoms, numbers);
  if (atoms.length < 2 || atoms.length > most) return [];
  const own = hadamardsIn(e);
  const cost = ({ order, transposes, hadamards }: Built): number =>
    transposes + 0.6 * inversions(order) + 0.3 * Math.abs(hadamards - own) + 0.2;
  const bySet = new Map<number, Built[]>();
  const keep = (candidates: readonly Built[]): Built[] => {
    const best = new Map<number, Built>();
    for (const candidate of candidates) {
      const value = nodeOf(candidate.e);
      if (value === undefined) continue;
      const known = best.get(value.id);
      if (known === undefined || cost(candidate) < cost(known)) best.set(value.id, candidate);
    }
    return [...best.values()];
  };
  atoms.forEach(({ e: atom, isTransposed }, i) => {
    const turned: Expression = { ...made, kind: 'transpose', of: atom, mark: shop.mark };
    bySet.set(
      1 << i,
      keep([
        { e: atom, order: [i], transposes: isTransposed ? 1 : 0, hadamards: 0 },
        { e: turned, order: [i], transposes: isTransposed ? 0 : 1, hadamards: 0 },
      ]),
    );
  });
  const all = (1 << atoms.length) - 1;
  for (let set = 1; set <= all; set++) {
    if (bySet.has(set)) continue;
    const candidates: Built[] = [];
    for (let part = (set - 1) & set; part > 0; part = (part - 1) & set) {
      for (const left of bySet.get(part) ?? [])
        for (const right of bySet.get(set ^ part) ?? []) candidates.push(...joined(left, right));
    }
    bySet.set(set, keep(candidates));
  }
  return (bySet.get(all) ?? []).map((built) => {
    const whole =
      numbers.length === 0 ? built.e : product([...numbers, built.e.kind === 'loose' ? grouped(built.e) : built.e]);
    const result: Expression = isNegative ? { ...made, kind: 'sum', terms: [whole], minus: [true] } : whole;
    return { result, cost: cost(built), what: 'the arrangement of the factors' };
  });
}

function joined(left: Built, right: Built): Built[] {
  const common = { order: [...left.order, ...right.order], transposes: left.transposes + right.transposes };
  const hadamards = left.hadamards + right.hadamards;
  const inside = (e: Expression): Expression => (e.kind === 'loose' ? grouped(e) : e);
  return [
    { ...common, e: product([inside(left.e), inside(right.e)]), hadamards },
    {
      ...common,
      e: loose(
        left.e.kind === 'product' ? grouped(left.e) : left.e,
        right.e.kind === 'product' || right.e.kind === 'loose' ? grouped(right.e) : right.e,
      ),
      hadamards: hadamards + 1,
    },
  ];
}
