/** Functions that run recurrent layers over sequences. The weights are arguments. */

import { checkTensor, describeValue, formatShape } from '@tapegrad/core/extend';
import { ArgumentError, type Random, ShapeError, type Tensor, zeros } from '@tapegrad/core/lean';
import { checkInputDType, checkOptions, checkProbability, checkRandom } from '../checks.ts';
import { dropout } from '../dropout.ts';
import {
  type CellKind,
  checkNonlinearity,
  checkState,
  checkWeights,
  gruKind,
  lstmKind,
  type RnnNonlinearity,
  rnnKind,
} from './cells.ts';
import { batchFirst, type RecurrentWeights, runLayers, sequencesOf } from './sequences.ts';

/** The options for running layers over sequences. */
export interface SequenceOptions<State> {
  /** The states before the first step. Defaults to zeros. */
  readonly state?: State;
  /** The length of each sequence in steps; later steps are ignored. Defaults to all steps. */
  readonly lengths?: Tensor | readonly number[];
}

/** The result of running recurrent layers over sequences. */
export interface SequenceResult<Rows, State> {
  /** The outputs h of the last layer at every step. With two directions, both outputs are concatenated, forward first. */
  readonly output: Rows;
  /**
   * The states after the last step of each sequence. In the backward direction, this is the step that comes first in
   * the sequence.
   */
  readonly state: State;
}

/** The options of `rnn`, `lstm` and `gru`. */
export interface RecurrentFunctionOptions<State> extends SequenceOptions<State> {
  /** The probability of dropping an output of a layer. The last layer's outputs are never dropped. Defaults to 0. */
  readonly dropout?: number;
  /** The generator that draws the dropout masks. */
  readonly random?: Random | undefined;
}

export const sequenceOptions = ['state', 'lengths'] as const;
const functionOptions = [...sequenceOptions, 'dropout', 'random'] as const;

/**
 * Throws unless the layers' weights match each other and an input with `features` features. Returns the size of the
 * states.
 */
function checkLayers(call: string, { gates }: CellKind, layers: RecurrentWeights, features: number): number {
  const [first] = layers;
  const directions = first?.length ?? 0;
  if (first === undefined || (directions !== 1 && directions !== 2)) {
    throw new ArgumentError(
      `${call}: expected layers with one or two directions, got ${layers.length} with ${directions}`,
    );
  }
  const { hidden } = checkWeights(call, gates, first[0]!);
  layers.forEach((cells, l) => {
    if (cells.length !== directions) {
      const counts = `layer ${l} has ${cells.length}, and the first ${directions}`;
      throw new ArgumentError(`${call}: expected the same number of directions in each layer: ${counts}`);
    }
    const width = l === 0 ? features : directions * hidden;
    for (const weights of cells) {
      const own = checkWeights(call, gates, weights);
      if (own.hidden !== hidden) {
        throw new ShapeError(`${call}: layer ${l} is ${own.hidden} wide, and the first ${hidden}; expected the same`);
      }
      if (own.inSize !== width) {
        throw new ShapeError(`${call}: layer ${l} expects ${own.inSize} features but receives ${width}`);
      }
    }
  });
  return hidden;
}

function overSequences(
  call: string,
  kind: CellKind,
  x: Tensor,
  layers: RecurrentWeights,
  states: readonly Tensor[] | undefined,
  { lengths, dropout: p = 0, random }: RecurrentFunctionOptions<unknown>,
): SequenceResult<Tensor, readonly Tensor[]> {
  if (!Array.isArray(layers) || !layers.every((cells) => Array.isArray(cells))) {
    const wanted = 'a list of layers, each a list of the weights of one direction or two';
    throw new ArgumentError(`${call}: expected ${wanted}, got ${describeValue(layers)}`);
  }
  const [batch, steps, features] = checkTensor(call, x).shape;
  if (batch === undefined || steps === undefined || features === undefined || x.rank !== 3) {
    const wanted = `[batch, steps, ${layers[0]?.[0]?.weightIh?.shape[1] ?? 'in'}]`;
    throw new ShapeError(`${call}: expects sequences of shape ${wanted} but receives ${formatShape(x.shape)}`);
  }
  const hidden = checkLayers(call, kind, layers, features);
  checkInputDType(call, x, layers[0]![0]!.weightIh);
  checkProbability(call, p);
  const shape = [layers.length * layers[0]!.length, batch, hidden];
  if (states !== undefined) checkState(call, kind, states, shape, x);
  const initial = states ?? Array.from({ length: kind.states }, () => zeros(shape, { dtype: x.dtype }));
  const between = (rows: Tensor): Tensor => (p === 0 ? rows : dropout(rows, p, checkRandom(call, random)));
  const result = runLayers(kind, sequencesOf(call, x, lengths), initial, layers, between);
  return { output: batchFirst(result.sequences, steps), state: result.states };
}

/**
 * Runs layers of plain recurrent cells over sequences x [batch, steps, in]. See `rnnCell` for one step, and `RNN` for
 * sequences of different lengths.
 *
 * @param layers For each layer, a list with the weights of its cell, or with those of its forward and backward cell.
 * @returns The outputs [batch, steps, directions * hidden] and the state h [layers * directions, batch, hidden].
 * @example
 * const weights = { weightIh: tensor([[1]]), weightHh: tensor([[1]]) };
 * const x = tensor([[[1], [2], [3]]]);
 * rnn(x, [[weights]], { nonlinearity: 'relu' }).output.toArray(); // [[[1], [3], [6]]]
 */
export function rnn(
  x: Tensor,
  layers: RecurrentWeights,
  options: RecurrentFunctionOptions<Tensor> & { readonly nonlinearity?: RnnNonlinearity } = {},
): SequenceResult<Tensor, Tensor> {
  checkOptions('rnn', options, [...functionOptions, 'nonlinearity']);
  const { nonlinearity = 'tanh', state } = options;
  checkNonlinearity('rnn', nonlinearity);
  const result = overSequences('rnn', rnnKind(nonlinearity), x, layers, state && [state], options);
  return { output: result.output, state: result.state[0]! };
}

/**
 * Runs layers of long short-term memories over sequences x [batch, steps, in]. See `lstmCell` for one step, and `rnn`
 * for the form of the weights.
 *
 * @returns The outputs [batch, steps, directions * hidden] and the state [h, c], each [layers * directions, batch,
 * hidden].
 * @example
 * const cell = new LSTMCell(3, 4, { random: new Random(1) });
 * const { output, state: [h] } = lstm(ones([2, 5, 3]), [[cell]]);
 * output.shape; // [2, 5, 4]
 * h.shape; // [1, 2, 4]
 */
export function lstm(
  x: Tensor,
  layers: RecurrentWeights,
  options: RecurrentFunctionOptions<readonly [h: Tensor, c: Tensor]> = {},
): SequenceResult<Tensor, readonly [h: Tensor, c: Tensor]> {
  checkOptions('lstm', options, functionOptions);
  return overSequences('lstm', lstmKind, x, layers, options.state, options) as SequenceResult<Tensor, [Tensor, Tensor]>;
}

/**
 * Runs layers of gated recurrent units over sequences x [batch, steps, in]. See `gruCell` for one step, and `rnn` for
 * the form of the weights.
 *
 * @returns The outputs [batch, steps, directions * hidden] and the state h [layers * directions, batch, hidden].
 * @example
 * const [forward, backward] = [1, 2].map((seed) => new GRUCell(3, 4, { random: new Random(seed) }));
 * gru(ones([2, 5, 3]), [[forward!, backward!]]).output.shape; // [2, 5, 8]
 */
export function gru(
  x: Tensor,
  layers: RecurrentWeights,
  options: RecurrentFunctionOptions<Tensor> = {},
): SequenceResult<Tensor, Tensor> {
  checkOptions('gru', options, functionOptions);
  const result = overSequences('gru', gruKind, x, layers, options.state && [options.state], options);
  return { output: result.output, state: result.state[0]! };
}
