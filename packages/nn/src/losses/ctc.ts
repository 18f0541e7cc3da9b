/**
 * Connectionist temporal classification: a loss for sequences whose labels are known, but not the steps at which they
 * occur.
 */

import { areWithin, checkFloat, formatShape, isAnyTrue, sameShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  arange,
  concat,
  DTypeError,
  full,
  gather,
  index,
  logSumExp,
  type Shape,
  ShapeError,
  stack,
  type Tensor,
  tensor,
} from '@tapegrad/core/lean';
import { checkArgument, checkOption } from '../checks.ts';
import { checkLossOptions, checkNotEmpty, type Loss, type LossOptions, type Reduction, reduce } from './loss.ts';

/** The options of `ctc`. */
export interface CtcOptions<R extends Reduction = Reduction> extends LossOptions<R> {
  /** The class of the blank symbol. Defaults to 0. */
  readonly blank?: number;
  /** Whether the loss is 0 instead of Infinity for targets that no path can produce. Defaults to false. */
  readonly zeroInfinity?: boolean;
}

/** Sequence lengths: an int32 tensor [batch], or an array of `batch` numbers. */
type Lengths = Tensor | readonly number[];

/**
 * Stands for the logarithm of probability 0. It is far below every sum of logarithms, but finite, so that no difference
 * of two is NaN. Its exponential is 0 relative to any other, so no gradient flows along impossible paths.
 */
const IMPOSSIBLE = -1e30;

/** The threshold above which a loss belongs to targets that no path can produce. */
const INFINITE_LOSS = 1e29;

/**
 * Computes the negative log-probability of target sequences, summed over all alignments with the steps. An alignment is
 * a path of one symbol per step. It gives the targets after repetitions are merged and blanks are dropped (Graves et
 * al. 2006). For the mean, each loss is first divided by the length of its target, as in PyTorch. Targets that no path
 * can produce have no gradient, since no direction decreases their loss. This holds whether the loss is Infinity
 * (PyTorch: NaN) or, with `zeroInfinity`, 0.
 *
 * The batch comes first: log-probabilities, such as those from `logSoftmax`, are [batch, steps, c]. Pass PyTorch's
 * [steps, batch, c] as `x.permute([1, 0, 2])`.
 *
 * @param targets Labels as int32 [batch, longest]; each row is used up to its length.
 * @param inputLengths The number of steps to use of each sequence.
 * @param targetLengths The number of labels to use of each row.
 * @throws ArgumentError if a length or a label is out of range.
 * @example
 * const logits = zeros([1, 3, 2]);
 * const targets = tensor([[1]], { dtype: 'int32' });
 * ctc(logits.logSoftmax(2), targets, [3], [1]).item(); // 0.287682
 */
export function ctc<L extends Shape, const R extends Reduction = 'mean'>(
  logProbabilities: Tensor<L>,
  targets: Tensor,
  inputLengths: Lengths,
  targetLengths: Lengths,
  options: CtcOptions<R> = {},
): Loss<R, L extends readonly [infer Batch extends number, ...unknown[]] ? readonly [Batch] : readonly [number]> {
  checkLossOptions('ctc', options, 'blank', 'zeroInfinity');
  const x: Tensor = logProbabilities;
  const { blank = 0, zeroInfinity = false, reduction } = options;
  checkSequences(x, targets);
  const [batch, steps, c] = x.shape as readonly [number, number, number];
  checkOption('ctc', 'blank', blank, Number.isInteger(blank) && blank >= 0 && blank < c, `a class, from 0 to ${c - 1}`);
  const longest = targets.shape[1]!;
  const inputs = readLengths('inputLengths', inputLengths, batch, steps);
  const lengths = readLengths('targetLengths', targetLengths, batch, longest);
  const counts = (lengths.reshape([batch, 1]) as Tensor).greater(arange(0, longest, 1, { dtype: 'int32' }) as Tensor);
  checkClasses(counts.where(targets, 0), counts, c, blank);

  const { symbols, skips } = withBlanks(counts.where(targets, blank), blank);
  const scores = pathScores(x, symbols, skips, inputs);
  // A path ends with the last label, or with the blank after the last label.
  const last = lengths.mul(2).add(PADDING).reshape([batch, 1]) as Tensor;
  const ends = concat([gather(scores, last, 1), gather(scores, last.sub(1), 1)], 1);
  const found = logSumExp(ends, 1).neg() as Tensor;
  const losses = found.greater(INFINITE_LOSS).where(zeroInfinity ? 0 : Number.POSITIVE_INFINITY, found);
  if (reduction !== undefined && reduction !== 'mean') return reduce('ctc', losses, reduction);
  return reduce('ctc', losses.div(lengths.maximum(1).cast(x.dtype)), 'mean');
}

function checkSequences(x: Tensor, targets: Tensor): void {
  checkFloat('ctc', x);
  if (x.rank !== 3) {
    throw new ShapeError(`ctc: expected log-probabilities of shape [batch, steps, c], got ${formatShape(x.shape)}`);
  }
  checkNotEmpty('ctc', x);
  checkArgument('ctc', 'the targets', targets);
  if (targets.rank !== 2 || targets.shape[0] !== x.shape[0]) {
    const wanted = `targets of shape [${x.shape[0]}, longest]`;
    throw new ShapeError(
      `ctc: log-probabilities of shape ${formatShape(x.shape)} need ${wanted}, got ${formatShape(targets.shape)}`,
    );
  }
  const { dtype } = targets;
  if (dtype !== 'int32') throw new DTypeError(`ctc: the targets are ${dtype}, expected int32; cast them`);
}

/** Returns lengths as an int32 tensor. Throws unless there is a length from 0 to `most` for each sequence. */
function readLengths(name: string, lengths: Lengths, batch: number, most: number): Tensor {
  const given = Array.isArray(lengths) ? tensor(lengths as number[], { dtype: 'int32' }) : (lengths as Tensor);
  checkArgument('ctc', name, given);
  if (!sameShape(given.shape, [batch])) {
    throw new ShapeError(`ctc: expected ${name} of shape [${batch}], got ${formatShape(given.shape)}`);
  }
  if (given.dtype !== 'int32') throw new DTypeError(`ctc: ${name} are ${given.dtype}, expected int32; cast them`);
  const { elements } = given;
  if (areWithin(elements, { low: 0, high: most })) return given;
  const wrong = elements.findIndex((length) => length < 0 || length > most);
  throw new ArgumentError(`ctc: ${name} has ${elements[wrong]} at index ${wrong}, expected a number from 0 to ${most}`);
}

function checkClasses(targets: Tensor, counts: Tensor, c: number, blank: number): void {
  const isBlank = counts.minimum(targets.equal(blank));
  if (areWithin(targets.elements, { low: 0, high: c - 1 }) && !isAnyTrue(isBlank.elements)) return;
  const [labels, counted] = [targets.elements, counts.elements];
  const wrong = labels.findIndex((label, i) => counted[i] === 1 && (label < 0 || label >= c || label === blank));
  const range = `${c} classes are labelled 0 to ${c - 1}, and ${blank} is the blank`;
  throw new ArgumentError(`ctc: the target at index ${wrong} is ${labels[wrong]}: ${range}`);
}

interface Symbols {
  /** The symbols of each target with blanks, int32 [batch, 2 * longest + 1]. */
  readonly symbols: Tensor;
  /**
   * A bool tensor of the shape of the symbols. It is true where a path may skip the blank before a label, and come from
   * the previous label.
   */
  readonly skips: Tensor;
}

/** Inserts blanks before, between and after the labels of each target. */
function withBlanks(targets: Tensor, blank: number): Symbols {
  const [batch, longest] = targets.shape as readonly [number, number];
  const blanks = full([batch, longest], blank, { dtype: 'int32' });
  const pairs = stack([blanks, targets], 2).reshape([batch, 2 * longest]);
  const symbols = concat([pairs, full([batch, 1], blank, { dtype: 'int32' })], 1);
  const never = full([batch, Math.min(2, 2 * longest + 1)], 0, { dtype: 'bool' });
  if (longest === 0) return { symbols, skips: never };
  const [later, earlier] = [symbols.slice(1, 2), symbols.slice(1, 0, -2)];
  const differs = later.notEqual(blank).minimum(later.notEqual(earlier));
  return { symbols, skips: concat([never, differs], 1) };
}

/** The number of columns before the first symbol. No path passes through them. */
const PADDING = 2;

/**
 * Runs the forward recursion. Returns the log-probability of all paths that are at symbol s after the last step:
 * [batch, PADDING + symbols].
 */
function pathScores(x: Tensor, symbols: Tensor, skips: Tensor, inputs: Tensor): Tensor {
  const [batch, steps] = x.shape as readonly [number, number];
  const width = symbols.shape[1]!;
  const places = symbols.reshape([batch, 1, width]).broadcastTo([batch, steps, width]);
  const emissions = gather(x, places, 2).maximum(IMPOSSIBLE).permute([1, 0, 2]) as Tensor;
  const limit = skips.where(full([], 0, { dtype: x.dtype }), IMPOSSIBLE);
  const padding = full([batch, PADDING], IMPOSSIBLE, { dtype: x.dtype });
  // Before the first step, every path is at a position from which the first blank and the first label can be reached.
  const start = full([batch, width - 1], IMPOSSIBLE, { dtype: x.dtype });
  let scores: Tensor = concat([padding, full([batch, 1], 0, { dtype: x.dtype }), start], 1);
  for (let step = 0; step < steps; step++) {
    const stays = scores.slice(1, 2);
    const moves = scores.slice(1, 1, -1);
    const skipping = scores.slice(1, 0, -2).add(limit);
    const next = logSumExp(stack([stays, moves, skipping], 0), 0).add(index(emissions, step)) as Tensor;
    const goesOn = inputs.greater(step).reshape([batch, 1]) as Tensor;
    scores = goesOn.where(concat([padding, next], 1), scores);
  }
  return scores;
}
