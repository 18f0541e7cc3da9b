/** Layers that run recurrent cells over whole sequences. */

import type { Agree, Printed } from '@tapegrad/core/extend';
import type { Parameter, Random, Shape, ShapeError, Tensor } from '@tapegrad/core/lean';
import { checkCount, checkLayerOptions, checkOptions, checkProbability, checkRandom } from '../checks.ts';
import type { Input, Output, ShapeMap, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import { type CellOptions, cellOptions, cellParameters } from './cell-modules.ts';
import {
  type CellKind,
  type CellWeights,
  checkNonlinearity,
  gruKind,
  lstmKind,
  type RnnNonlinearity,
  rnnKind,
} from './cells.ts';
import { gru, lstm, rnn, type SequenceOptions, type SequenceResult, sequenceOptions } from './functions.ts';
import type { RecurrentWeights } from './sequences.ts';

/** The options of recurrent layers. */
export interface RecurrentOptions<Both extends boolean = boolean> extends CellOptions {
  /** The number of stacked layers. Defaults to 1. */
  readonly numLayers?: number;
  /**
   * Whether each layer also runs backward, from the last step to the first, with a second set of weights. Defaults to
   * false.
   */
  readonly bidirectional?: Both;
  /**
   * The probability of dropping an output of a layer while training. The last layer's outputs are never dropped.
   * Requires `random`. Defaults to 0.
   */
  readonly dropout?: number;
}

const layerOptions = [...cellOptions, 'numLayers', 'bidirectional', 'dropout'] as const;

/**
 * The shape map of a recurrent layer: [batch, steps, in] to [batch, steps, hidden], or to [batch, steps, 2 * hidden]
 * with both directions.
 */
export interface SequenceMap<In extends number, Hidden extends number, Both extends boolean> extends ShapeMap {
  readonly output: SequenceShape<this['input'], In, Both extends true ? number : Hidden>;
}

type SequenceShape<S, In extends number, Out extends number> = S extends readonly [
  infer Batch extends number,
  infer Steps extends number,
  infer Features extends number,
]
  ? Agree<Features, In> extends true
    ? readonly [Batch, Steps, Out]
    : ShapeError<`expects ${In} features but receives ${Features}`>
  : S extends Shape
    ? number extends S['length']
      ? readonly [number, number, Out]
      : ShapeError<`expects sequences of shape [batch, steps, ${In}] but receives ${Printed<S>}`>
    : never;

/** The type of states, [layers * directions, batch, hidden]. */
type States<S extends Shape, Hidden extends number> = Tensor<
  readonly [number, S extends readonly [infer Batch extends number, ...unknown[]] ? Batch : number, Hidden]
>;

/** The name of a weight: PyTorch's name, converted to camel case. */
export type WeightName = `${keyof CellWeights}L${number}${'' | 'Reverse'}`;

/** The base of recurrent layers. */
abstract class RecurrentLayers<In extends number, Hidden extends number, Both extends boolean> extends Module {
  declare readonly [shapes]: SequenceMap<In, Hidden, Both>;
  readonly inputSize: In;
  readonly hiddenSize: Hidden;
  readonly numLayers: number;
  readonly bidirectional: Both;
  /** The probability of dropping an output that one layer passes to the next. */
  readonly dropout: number;
  /**
   * The weights, in PyTorch's layouts, by PyTorch's names in camel case: `weightIhL0`, `weightHhL0`, `biasIhL0`,
   * `biasHhL0` for `weight_ih_l0`, …, and `weightIhL0Reverse`, … for `weight_ih_l0_reverse`, …
   */
  readonly weights: Readonly<Record<WeightName, Parameter>>;
  readonly #random: Random | undefined;

  constructor(kind: CellKind, inputSize: In, hiddenSize: Hidden, options: RecurrentOptions<Both>) {
    super();
    const { numLayers = 1, bidirectional = false as Both, dropout: p = 0, random } = options;
    checkCount(kind.name, 'numLayers', numLayers);
    checkProbability(kind.name, p);
    if (p > 0) checkRandom(kind.name, random);
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    this.numLayers = numLayers;
    this.bidirectional = bidirectional;
    this.dropout = p;
    this.#random = random;
    this.weights = Object.fromEntries(
      this.#suffixes().flatMap((directions, l) => {
        const width = l === 0 ? inputSize : directions.length * hiddenSize;
        return directions.flatMap((suffix) => {
          const cell = Object.entries<Parameter | undefined>({
            ...cellParameters(kind.name, kind.gates, width, hiddenSize, options),
          });
          return cell.flatMap(([name, weight]) => (weight === undefined ? [] : [[name + suffix, weight]]));
        });
      }),
    );
  }

  /**
   * Returns, for each layer, the suffixes of its weights' names: `L0` and, with both directions, `L0Reverse` for layer
   * 0.
   */
  #suffixes(): (`L${number}` | `L${number}Reverse`)[][] {
    return Array.from({ length: this.numLayers }, (_, l) =>
      this.bidirectional ? [`L${l}`, `L${l}Reverse`] : [`L${l}`],
    );
  }

  /** Returns the current weights of each cell, including tensors that temporarily replace parameters. */
  protected cells(): RecurrentWeights {
    const { weights } = this;
    return this.#suffixes().map((directions) =>
      directions.map((suffix) => ({
        weightIh: weights[`weightIh${suffix}`]!,
        weightHh: weights[`weightHh${suffix}`]!,
        biasIh: weights[`biasIh${suffix}`],
        biasHh: weights[`biasHh${suffix}`],
      })),
    );
  }

  /** Returns the current dropout options: in evaluation mode, the probability is 0. */
  protected dropping(): { readonly dropout: number; readonly random: Random | undefined } {
    return { dropout: this.training ? this.dropout : 0, random: this.#random };
  }

  protected override members(): object {
    return this.weights;
  }

  protected override settings(): string {
    const { inputSize, hiddenSize, numLayers, bidirectional, dropout: p } = this;
    return [
      inputSize,
      hiddenSize,
      ...(numLayers === 1 ? [] : [`${numLayers} layers`]),
      ...(bidirectional ? ['bidirectional'] : []),
      ...(p === 0 ? [] : [`dropout ${p}`]),
    ].join(', ');
  }
}

/**
 * One or more layers of plain recurrent cells, run over sequences. See `rnnCell` for one step.
 *
 * The batch comes first: x is [batch, steps, in]. Pass sequences [steps, batch, in] as `x.permute([1, 0, 2])`, which
 * copies nothing. With `lengths`, steps after the end of a sequence don't change its state, and give outputs of 0. The
 * final state is the state after the sequence's last step. The reverse direction begins at that step, as with PyTorch's
 * packed sequences.
 *
 * @example
 * const rnn = new RNN(10, 20, { numLayers: 2, random: new Random(1) });
 * const { output, state } = rnn.forward(zeros([3, 5, 10]), { lengths: [5, 2, 4] });
 * output.shape; // [3, 5, 20]
 * state.shape; // [2, 3, 20]
 */
export class RNN<
  const In extends number = number,
  const Hidden extends number = number,
  const Both extends boolean = false,
> extends RecurrentLayers<In, Hidden, Both> {
  readonly nonlinearity: RnnNonlinearity;

  constructor(
    inputSize: In,
    hiddenSize: Hidden,
    options: RecurrentOptions<Both> & { readonly nonlinearity?: RnnNonlinearity } = {},
  ) {
    checkLayerOptions('RNN', options, [...layerOptions, 'nonlinearity']);
    const { nonlinearity = 'tanh' } = options;
    checkNonlinearity('RNN', nonlinearity);
    super(rnnKind(nonlinearity), inputSize, hiddenSize, options);
    this.nonlinearity = nonlinearity;
  }

  /** Maps x [batch, steps, in] and the state h [layers * directions, batch, hidden] to the outputs and the new state. */
  forward<S extends Shape>(
    x: Input<SequenceMap<In, Hidden, Both>, S>,
    options: SequenceOptions<Tensor> = {},
  ): SequenceResult<Output<SequenceMap<In, Hidden, Both>, S>, States<S, Hidden>> {
    checkOptions('RNN', options, sequenceOptions);
    const { nonlinearity } = this;
    return rnn(x as unknown as Tensor, this.cells(), { ...options, ...this.dropping(), nonlinearity }) as never;
  }
}

/**
 * One or more layers of long short-term memories, run over sequences. See `lstmCell` for one step, and `RNN` for
 * sequences of different lengths.
 *
 * @example
 * const lstm = new LSTM(10, 20, { bidirectional: true, random: new Random(1) });
 * const { output, state: [h, c] } = lstm.forward(zeros([3, 5, 10]));
 * output.shape; // [3, 5, 40]
 * c.shape; // [2, 3, 20]
 * lstm.forward(zeros([3, 1, 10]), { state: [h, c] }).output.shape; // [3, 1, 40]
 */
export class LSTM<
  const In extends number = number,
  const Hidden extends number = number,
  const Both extends boolean = false,
> extends RecurrentLayers<In, Hidden, Both> {
  constructor(inputSize: In, hiddenSize: Hidden, options: RecurrentOptions<Both> = {}) {
    checkLayerOptions('LSTM', options, layerOptions);
    super(lstmKind, inputSize, hiddenSize, options);
  }

  /**
   * Maps x [batch, steps, in] and the state [h, c], each [layers * directions, batch, hidden], to the outputs and the
   * new state.
   */
  forward<S extends Shape>(
    x: Input<SequenceMap<In, Hidden, Both>, S>,
    options: SequenceOptions<readonly [h: Tensor, c: Tensor]> = {},
  ): SequenceResult<Output<SequenceMap<In, Hidden, Both>, S>, readonly [h: States<S, Hidden>, c: States<S, Hidden>]> {
    checkOptions('LSTM', options, sequenceOptions);
    return lstm(x as unknown as Tensor, this.cells(), { ...options, ...this.dropping() }) as never;
  }
}

/**
 * One or more layers of gated recurrent units, run over sequences. See `gruCell` for one step, and `RNN` for sequences
 * of different lengths.
 *
 * @example
 * const gru = new GRU(10, 20, { random: new Random(1) });
 * const { output, state } = gru.forward(zeros([3, 5, 10]));
 * output.shape; // [3, 5, 20]
 * state.shape; // [1, 3, 20]
 */
export class GRU<
  const In extends number = number,
  const Hidden extends number = number,
  const Both extends boolean = false,
> extends RecurrentLayers<In, Hidden, Both> {
  constructor(inputSize: In, hiddenSize: Hidden, options: RecurrentOptions<Both> = {}) {
    checkLayerOptions('GRU', options, layerOptions);
    super(gruKind, inputSize, hiddenSize, options);
  }

  /** Maps x [batch, steps, in] and the state h [layers * directions, batch, hidden] to the outputs and the new state. */
  forward<S extends Shape>(
    x: Input<SequenceMap<In, Hidden, Both>, S>,
    options: SequenceOptions<Tensor> = {},
  ): SequenceResult<Output<SequenceMap<In, Hidden, Both>, S>, States<S, Hidden>> {
    checkOptions('GRU', options, sequenceOptions);
    return gru(x as unknown as Tensor, this.cells(), { ...options, ...this.dropping() }) as never;
  }
}
