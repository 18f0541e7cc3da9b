/** Recurrent cells as modules, which compute a single time step. */

import { checkTensor } from '@tapegrad/core/extend';
import {
  type FloatDType,
  type Parameter,
  parameter,
  type Random,
  type Shape,
  type Tensor,
  zeros,
} from '@tapegrad/core/lean';
import { checkCount, checkLayerOptions } from '../checks.ts';
import { defaultRandom, uniform } from '../init.ts';
import type { FeatureMap, Input, Output, shapes } from '../layer-shapes.ts';
import { Module } from '../module/module.ts';
import {
  type CellKind,
  type CellWeights,
  checkNonlinearity,
  gruCell,
  gruKind,
  lstmCell,
  lstmKind,
  type RnnNonlinearity,
  rnnCell,
  rnnKind,
} from './cells.ts';

/** The options of the cells of recurrent layers. */
export interface CellOptions {
  /** Whether to add biases to the projections of the input and of the state. Defaults to true. */
  readonly bias?: boolean;
  /** The generator that draws the initial weights. Defaults to `init.defaultRandom`. */
  readonly random?: Random;
  /** The dtype of the parameters. Defaults to float32. */
  readonly dtype?: FloatDType;
}

export const cellOptions = ['bias', 'random', 'dtype'] as const;

/** The trainable weights of a cell. */
interface CellParameters extends CellWeights {
  readonly weightIh: Parameter;
  readonly weightHh: Parameter;
  readonly biasIh: Parameter | undefined;
  readonly biasHh: Parameter | undefined;
}

/**
 * Creates the weights of a cell with the given number of gates. They are uniformly distributed between -1/sqrt(hidden)
 * and 1/sqrt(hidden), as in PyTorch.
 */
export function cellParameters(
  call: string,
  gates: number,
  inSize: number,
  hiddenSize: number,
  { bias = true, random = defaultRandom, dtype = 'float32' }: CellOptions,
): CellParameters {
  checkCount(call, 'inputSize', inSize);
  checkCount(call, 'hiddenSize', hiddenSize);
  const high = 1 / Math.sqrt(hiddenSize);
  const init = uniform({ low: -high, high });
  const make = (name: string, shape: Shape): Parameter => parameter(init(shape, random, { dtype }), { name });
  const rows = gates * hiddenSize;
  return {
    weightIh: make('weightIh', [rows, inSize]),
    weightHh: make('weightHh', [rows, hiddenSize]),
    biasIh: bias ? make('biasIh', [rows]) : undefined,
    biasHh: bias ? make('biasHh', [rows]) : undefined,
  };
}

/** The base of cell modules. */
abstract class Cell<In extends number, Hidden extends number> extends Module implements CellParameters {
  declare readonly [shapes]: FeatureMap<In, Hidden>;
  readonly inputSize: In;
  readonly hiddenSize: Hidden;
  /** The weight of the input, [gates * hidden, in]. */
  readonly weightIh: Parameter;
  /** The weight of the state h, [gates * hidden, hidden]. */
  readonly weightHh: Parameter;
  /** The bias of the input projection, [gates * hidden]. */
  readonly biasIh: Parameter | undefined;
  /** The bias of the state projection, [gates * hidden]. */
  readonly biasHh: Parameter | undefined;

  constructor({ name, gates }: CellKind, inputSize: In, hiddenSize: Hidden, options: CellOptions) {
    super();
    this.inputSize = inputSize;
    this.hiddenSize = hiddenSize;
    const weights = cellParameters(`${name}Cell`, gates, inputSize, hiddenSize, options);
    ({ weightIh: this.weightIh, weightHh: this.weightHh, biasIh: this.biasIh, biasHh: this.biasHh } = weights);
  }

  /** The axis of the weights along which the gates lie. */
  get outputAxis(): number {
    return 0;
  }

  /** Returns the default state before the first step, which is all zeros. */
  protected zeroState(x: Tensor): Tensor {
    return zeros([checkTensor(this.constructor.name, x).shape[0] ?? 0, this.hiddenSize], {
      dtype: this.weightHh.dtype,
    });
  }

  protected override settings(): string {
    return `${this.inputSize}, ${this.hiddenSize}${this.biasIh === undefined ? ', no bias' : ''}`;
  }
}

/** The shape of the state [batch, hidden] for an input of shape `S`. */
type StateOf<S extends Shape, In extends number, Hidden extends number> = Output<FeatureMap<In, Hidden>, S>;

/**
 * A module that computes one step of a plain recurrent cell; see `rnnCell`.
 *
 * @example
 * const cell = new RNNCell(10, 20, { random: new Random(1) });
 * const h = cell.forward(zeros([3, 10]));
 * cell.forward(zeros([3, 10]), h).shape; // [3, 20]
 */
export class RNNCell<const In extends number = number, const Hidden extends number = number> extends Cell<In, Hidden> {
  readonly nonlinearity: RnnNonlinearity;

  constructor(
    inputSize: In,
    hiddenSize: Hidden,
    options: CellOptions & { readonly nonlinearity?: RnnNonlinearity } = {},
  ) {
    checkLayerOptions('RNNCell', options, [...cellOptions, 'nonlinearity']);
    const { nonlinearity = 'tanh' } = options;
    checkNonlinearity('RNNCell', nonlinearity);
    super(rnnKind(nonlinearity), inputSize, hiddenSize, options);
    this.nonlinearity = nonlinearity;
  }

  /** Maps x [batch, in] and h [batch, hidden] to h' [batch, hidden]. `h` defaults to zeros. */
  forward<S extends Shape>(x: Input<FeatureMap<In, Hidden>, S>, h?: Tensor): StateOf<S, In, Hidden> {
    const input = x as unknown as Tensor;
    return rnnCell(input, h ?? this.zeroState(input), this, this.nonlinearity) as never;
  }
}

/**
 * A module that computes one step of a long short-term memory; see `lstmCell`.
 *
 * @example
 * const cell = new LSTMCell(10, 20, { random: new Random(1) });
 * const [h, c] = cell.forward(zeros([3, 10]));
 * cell.forward(zeros([3, 10]), [h, c])[0].shape; // [3, 20]
 */
export class LSTMCell<const In extends number = number, const Hidden extends number = number> extends Cell<In, Hidden> {
  constructor(inputSize: In, hiddenSize: Hidden, options: CellOptions = {}) {
    checkLayerOptions('LSTMCell', options, cellOptions);
    super(lstmKind, inputSize, hiddenSize, options);
  }

  /** Maps x [batch, in] and the state [h, c], each [batch, hidden], to [h', c']. The state defaults to zeros. */
  forward<S extends Shape>(
    x: Input<FeatureMap<In, Hidden>, S>,
    state?: readonly [h: Tensor, c: Tensor],
  ): readonly [h: StateOf<S, In, Hidden>, c: StateOf<S, In, Hidden>] {
    const input = x as unknown as Tensor;
    return lstmCell(input, state ?? [this.zeroState(input), this.zeroState(input)], this) as never;
  }
}

/**
 * A module that computes one step of a gated recurrent unit; see `gruCell`.
 *
 * @example
 * const cell = new GRUCell(10, 20, { random: new Random(1) });
 * const h = cell.forward(zeros([3, 10]));
 * cell.forward(zeros([3, 10]), h).shape; // [3, 20]
 */
export class GRUCell<const In extends number = number, const Hidden extends number = number> extends Cell<In, Hidden> {
  constructor(inputSize: In, hiddenSize: Hidden, options: CellOptions = {}) {
    checkLayerOptions('GRUCell', options, cellOptions);
    super(gruKind, inputSize, hiddenSize, options);
  }

  /** Maps x [batch, in] and h [batch, hidden] to h' [batch, hidden]. `h` defaults to zeros. */
  forward<S extends Shape>(x: Input<FeatureMap<In, Hidden>, S>, h?: Tensor): StateOf<S, In, Hidden> {
    const input = x as unknown as Tensor;
    return gruCell(input, h ?? this.zeroState(input), this) as never;
  }
}
