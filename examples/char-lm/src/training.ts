/** Trains a language model, and tests it on other text. */

import { arange, noGrad, type Random, type Tensor } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import { clipGradNorm, type Optimizer } from '@tapegrad/optim';
import type { Encoded } from './corpus.ts';
import type { Characters, LanguageModel } from './models.ts';

/** Pieces of text, one per row, and the characters that follow each of theirs. */
export interface Pieces {
  readonly x: Characters;
  readonly y: Characters;
}

export interface PieceOptions {
  /** The number of pieces. */
  readonly batch: number;
  /** The number of characters in a piece. */
  readonly context: number;
}

/** Takes random pieces from a text. */
export function randomPieces(
  text: Encoded,
  { batch, context, random }: PieceOptions & { readonly random: Random },
): Pieces {
  return piecesAt(text, random.integers([batch], 0, text.size - context), context);
}

/** Cuts a text into pieces, leaving out an incomplete one at the end. */
export function* allPieces(text: Encoded, { batch, context }: PieceOptions): Generator<Pieces, void, undefined> {
  const count = Math.floor((text.size - 1) / context);
  for (let first = 0; first < count; first += batch) {
    const starts = arange(first, Math.min(first + batch, count), 1, { dtype: 'int32' }).mul(context);
    yield piecesAt(text, starts, context);
  }
}

function piecesAt(text: Tensor, starts: Tensor, context: number): Pieces {
  const places = starts.reshape([starts.size, 1]).add(arange(0, context + 1, 1, { dtype: 'int32' }));
  const pieces = text.take(places);
  const columns = (start: number): Characters => pieces.slice(1, start, start + context) as Characters;
  return { x: columns(0), y: columns(1) };
}

/** Takes a training step. Returns the loss before it: the mean cross-entropy of the next character, in nats. */
export function trainStep(model: LanguageModel, optimizer: Optimizer, pieces: Pieces): number {
  model.train();
  const loss = optimizer.minimize(
    () => lossOf(model, pieces),
    (gradients) => clipGradNorm(gradients, 1).gradients,
  );
  return loss.item();
}

/** Computes the loss on a text, in nats per character, predicting each character from those before it in its piece. */
export function evaluate(model: LanguageModel, text: Encoded, options: PieceOptions): number {
  model.eval();
  return noGrad(() => {
    let [sum, count] = [0, 0];
    for (const pieces of allPieces(text, options)) {
      sum += lossOf(model, pieces).item() * pieces.y.size;
      count += pieces.y.size;
    }
    return sum / count;
  });
}

function lossOf(model: LanguageModel, { x, y }: Pieces): Tensor<readonly []> {
  const scores = model.forward(x);
  const [batch, context, size] = scores.shape;
  return crossEntropy(scores.reshape([batch * context, size]), y.reshape([batch * context])) as Tensor<readonly []>;
}
