/** The loss of n-gram models, for comparison with networks. */

/**
 * Returns the loss, in nats per character, of predicting each character from the `order - 1` before it, by their counts
 * in the training text:
 *
 *     p_n(c | context) = (count(context c) + s p_(n-1)(c | shorter context)) / (count(context) + s)
 *
 * from p_0 = 1 / size upwards, with s = 4. Source: MacKay and Peto, "A hierarchical Dirichlet language model" (1995).
 */
export function ngramLoss(
  training: ArrayLike<number>,
  heldOut: ArrayLike<number>,
  size: number,
  order: number,
): number {
  const tables = Array.from({ length: order }, (_, before) => counted(training, size, before));
  let loss = 0;
  for (let i = order - 1; i < heldOut.length; i++) {
    let p = 1 / size;
    tables.forEach(({ contexts, pairs }, before) => {
      const context = contextAt(heldOut, i, before, size);
      const together = pairs.get(context * size + heldOut[i]!) ?? 0;
      p = (together + STRENGTH * p) / ((contexts.get(context) ?? 0) + STRENGTH);
    });
    loss -= Math.log(p);
  }
  return loss / (heldOut.length - order + 1);
}

/** The number of occurrences that the prediction from the shorter context is worth. */
const STRENGTH = 4;

interface Counts {
  readonly contexts: ReadonlyMap<number, number>;
  readonly pairs: ReadonlyMap<number, number>;
}

function counted(text: ArrayLike<number>, size: number, before: number): Counts {
  const [contexts, pairs] = [new Map<number, number>(), new Map<number, number>()];
  const count = (counts: Map<number, number>, key: number) => counts.set(key, (counts.get(key) ?? 0) + 1);
  for (let i = before; i < text.length; i++) {
    const context = contextAt(text, i, before, size);
    count(contexts, context);
    count(pairs, context * size + text[i]!);
  }
  return { contexts, pairs };
}

/** Encodes the characters before a position as the digits of one number. */
function contextAt(text: ArrayLike<number>, i: number, before: number, size: number): number {
  let context = 0;
  for (let j = i - before; j < i; j++) context = context * size + text[j]!;
  return context;
}
