/** Finds products of derivatives that cancel: ∂L/∂a ∂a/∂W is ∂L/∂W, in either order. */

import { bare, type DerivativeNode, type Expression } from '../syntax/ast.ts';
import { textOf } from '../syntax/print-text.ts';

/**
 * The derivatives in a product, in the order in which they cancel (the derivative of the loss comes first), and the
 * other factors.
 */
export interface Chain {
  readonly links: readonly DerivativeNode[];
  readonly others: readonly Expression[];
}

const meets = (a: DerivativeNode, b: DerivativeNode): boolean => textOf(bare(a.by[0]!)) === textOf(bare(b.of));

/** Returns the derivative that a factor consists of, if it is taken with respect to a single variable. */
function derivativeIn(e: Expression): DerivativeNode | undefined {
  const inside = bare(e);
  if (inside.kind === 'derivative')
    return inside.by.length === 1 && inside.mark !== 'differential' ? inside : undefined;
  return undefined;
}

/** Finds a chain in the factors of a product; returns undefined if neighbors don't cancel. */
export function chainOf(factors: readonly Expression[]): Chain | undefined {
  const links: DerivativeNode[] = [];
  const others: Expression[] = [];
  for (const factor of factors) {
    const link = derivativeIn(factor);
    if (link !== undefined) links.push(link);
    else if (links.length === 0) others.push(factor);
    else return undefined;
  }
  if (links.length < 2) return undefined;
  const isForward = links.every((link, i) => i === 0 || meets(links[i - 1]!, link));
  if (isForward) return { links, others };
  const isBackward = links.every((link, i) => i === 0 || meets(link, links[i - 1]!));
  return isBackward ? { links: links.toReversed(), others } : undefined;
}
