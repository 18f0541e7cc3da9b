/** Functions that compute one time step of a recurrent cell from its weights. */

import { checkTensor, describeValue, formatShape, sameShape } from '@tapegrad/core/extend';
import { ArgumentError, DTypeError, type Shape, ShapeError, type Tensor } from '@tapegrad/core/lean';
import { checkArgument, checkInputDType, checkLikeInput } from '../checks.ts';
import { counted } from '../module/text-table.ts';

/**
 * The weights of a cell in PyTorch's layout. Each tensor stacks one block of `hidden` rows for each gate. The modules
 * `RNNCell`, `LSTMCell` and `GRUCell` have these fields, and can be passed as weights.
 */
export interface CellWeights {
  /** The weight of the input, [gates * hidden, in]. */
  readonly weightIh: Tensor;
  /** The weight of the state h, [gates * hidden, hidden]. */
  readonly weightHh: Tensor;
  /** The bias of the input projection, [gates * hidden]. */
  readonly biasIh?: Tensor | undefined;
  /** The bias of the state projection, [gates * hidden]. */
  readonly biasHh?: Tensor | undefined;
}

/** The activation function of a plain recurrent cell. */
export type RnnNonlinearity = 'tanh' | 'relu';

/**
 * The tensors that a cell passes to its next step, each [batch, hidden]. The first tensor, h, is also the output of the
 * cell.
 */
export type CellState = readonly [h: Tensor, ...others: Tensor[]];

/** The part of a cell's weights that is applied to the last output h. */
export interface Recurrent {
  /** The transposed weight of h, [hidden, gates * hidden]. */
  readonly weight: Tensor;
  readonly bias: Tensor | undefined;
}

/**
 * A kind of cell, split into the input projection and the rest of a step. The projection doesn't depend on the state,
 * so it can be computed for all time steps at once.
 */
export interface CellKind {
  /** The name of the layer that runs such cells. */
  readonly name: 'RNN' | 'LSTM' | 'GRU';
  readonly gates: number;
  /** The number of tensors in a state of the cell. */
  readonly states: number;
  /**
   * Computes everything that the gates need except the part that depends on h. Maps [rows, in] to [rows, gates *
   * hidden].
   */
  project(x: Tensor, weights: CellWeights): Tensor;
  /** Computes the next state from the projected input of one step, [batch, gates * hidden]. */
  step(projected: Tensor, state: CellState, recurrent: Recurrent): CellState;
}

export const recurrentOf = ({ weightHh, biasHh }: CellWeights): Recurrent => ({
  weight: weightHh.transpose() as Tensor,
  bias: biasHh,
});

const plus = (x: Tensor, bias: Tensor | undefined): Tensor => (bias === undefined ? x : x.add(bias));

const projectInput = (x: Tensor, { weightIh, biasIh }: CellWeights): Tensor =>
  plus(x.matmul(weightIh.transpose() as Tensor), biasIh);

/** Projects the input and adds both biases, for cells whose gates all add the second bias like the first. */
const projectWithBiases = (x: Tensor, weights: CellWeights): Tensor => plus(projectInput(x, weights), weights.biasHh);

/** Returns the columns of `count` consecutive gates, beginning with gate `i`. */
const gate = (all: Tensor, hidden: number, i: number, count = 1): Tensor =>
  all.slice(1, i * hidden, (i + count) * hidden);

const widthOf = ([h]: CellState): number => h.shape[1]!;

export const rnnKind = (nonlinearity: RnnNonlinearity): CellKind => ({
  name: 'RNN',
  gates: 1,
  states: 1,
  project: projectWithBiases,
  step: (projected, [h], { weight }) => [h.matmul(weight).add(projected)[nonlinearity]()],
});

export const lstmKind: CellKind = {
  name: 'LSTM',
  gates: 4,
  states: 2,
  project: projectWithBiases,
  step(projected, state, { weight }) {
    const [h, c] = state;
    const width = widthOf(state);
    const all = h.matmul(weight).add(projected);
    const [input, forget, output] = [0, 1, 3].map((i) => gate(all, width, i).sigmoid());
    const candidate = gate(all, width, 2).tanh();
    const memory = forget!.mul(c!).add(input!.mul(candidate));
    return [output!.mul(memory.tanh()), memory];
  },
};

export const gruKind: CellKind = {
  name: 'GRU',
  gates: 3,
  states: 1,
  project: projectInput,
  step(projected, state, { weight, bias }) {
    const [h] = state;
    const width = widthOf(state);
    const own = plus(h.matmul(weight), bias);
    const both = gate(projected, width, 0, 2)
      .add(gate(own, width, 0, 2))
      .sigmoid();
    const [reset, update] = [gate(both, width, 0), gate(both, width, 1)];
    const candidate = gate(projected, width, 2)
      .add(reset.mul(gate(own, width, 2)))
      .tanh();
    return [candidate.add(update.mul(h.sub(candidate)))];
  },
};

/**
 * Throws unless the weights match a cell with the given number of gates. Returns the sizes of the cell's input and
 * state.
 */
export function checkWeights(call: string, gates: number, weights: CellWeights): { inSize: number; hidden: number } {
  if (typeof weights !== 'object' || weights === null) {
    throw new ArgumentError(`${call}: expected weights { weightIh, weightHh }, got ${describeValue(weights)}`);
  }
  const { weightIh, weightHh, biasIh, biasHh } = weights;
  checkArgument(call, 'weightIh', weightIh);
  for (const [name, own] of Object.entries({ weightHh, ...(biasIh && { biasIh }), ...(biasHh && { biasHh }) })) {
    checkArgument(call, name, own);
  }
  const [hidden, inSize] = [weightHh.shape[1]!, weightIh.shape[1]!];
  const rows = gates * hidden;
  const expected: readonly (readonly [string, Tensor | undefined, Shape])[] = [
    ['weightHh', weightHh, [rows, hidden]],
    ['weightIh', weightIh, [rows, inSize]],
    ['biasIh', biasIh, [rows]],
    ['biasHh', biasHh, [rows]],
  ];
  for (const [name, tensor, shape] of expected) {
    if (tensor === undefined || sameShape(tensor.shape, shape)) continue;
    const wanted = `${formatShape(shape)}: ${counted(gates, 'gate')} of ${hidden}`;
    throw new ShapeError(`${call}: expected ${name} of shape ${wanted}, got ${formatShape(tensor.shape)}`);
  }
  for (const [name, tensor] of expected) {
    if (tensor === undefined || tensor.dtype === weightIh.dtype) continue;
    throw new DTypeError(`${call}: expected ${name} of ${weightIh.dtype}, like weightIh, got ${tensor.dtype}`);
  }
  return { inSize, hidden };
}

/** Checks all arguments, then runs one step of a cell. */
function stepOf(call: string, kind: CellKind, x: Tensor, state: CellState, weights: CellWeights): CellState {
  const { inSize, hidden } = checkWeights(call, kind.gates, weights);
  const [batch, features] = checkTensor(call, x).shape;
  if (batch === undefined || x.rank !== 2 || features !== inSize) {
    throw new ShapeError(`${call}: expected an input of shape [batch, ${inSize}], got ${formatShape(x.shape)}`);
  }
  checkInputDType(call, x, weights.weightIh);
  checkState(call, kind, state, [batch, hidden], x);
  return kind.step(kind.project(x, weights), state, recurrentOf(weights));
}

/** Throws unless a state has the number of tensors that the kind of cell needs, each of the given shape. */
export function checkState(
  call: string,
  { states }: CellKind,
  state: readonly Tensor[],
  shape: Shape,
  input: Tensor,
): void {
  if (!Array.isArray(state) || state.length !== states) {
    const wanted = states === 1 ? 'the state h' : 'the state [h, c]';
    throw new ArgumentError(`${call}: expected ${wanted}, got ${Array.isArray(state) ? state.length : 'no'} tensors`);
  }
  state.forEach((tensor, i) => {
    const name = i === 0 ? 'h' : 'c';
    checkArgument(call, name, tensor);
    if (!sameShape(tensor.shape, shape)) {
      const got = formatShape(tensor.shape);
      throw new ShapeError(`${call}: expected ${name} of shape ${formatShape(shape)}, got ${got}`);
    }
    checkLikeInput(call, name, tensor, input);
  });
}

/**
 * Computes one step of a plain recurrent cell (Elman 1990): h' = s(x W_ih^T + b_ih + h W_hh^T + b_hh), where s is the
 * activation function, by default tanh.
 *
 * @param x [batch, in]
 * @param h [batch, hidden]
 * @returns h' [batch, hidden]
 * @example
 * const weights = { weightIh: tensor([[1]]), weightHh: tensor([[0.5]]) };
 * rnnCell(tensor([[1]]), tensor([[2]]), weights, 'relu').toArray(); // [[2]]
 */
export function rnnCell<S extends Shape>(
  x: Tensor,
  h: Tensor<S>,
  weights: CellWeights,
  nonlinearity: RnnNonlinearity = 'tanh',
): Tensor<S> {
  checkNonlinearity('rnnCell', nonlinearity);
  return stepOf('rnnCell', rnnKind(nonlinearity), x, [h], weights)[0] as Tensor<S>;
}

export function checkNonlinearity(call: string, nonlinearity: string): void {
  if (nonlinearity === 'tanh' || nonlinearity === 'relu') return;
  throw new ArgumentError(`${call}: unknown nonlinearity '${nonlinearity}', expected 'tanh' or 'relu'`);
}

/**
 * Computes one step of a long short-term memory (Hochreiter and Schmidhuber 1997, with the forget gate of Gers et al.
 * 2000). The sum x W_ih^T + b_ih + h W_hh^T + b_hh consists of blocks for the gates i, f, g, o, in this order. With s
 * the sigmoid:
 *
 * c' = s(f) c + s(i) tanh(g), h' = s(o) tanh(c').
 *
 * @param x [batch, in]
 * @param state [h, c], each [batch, hidden]
 * @returns [h', c']
 * @example
 * const weights = { weightIh: zeros([4, 1]), weightHh: zeros([4, 1]) };
 * const [h, c] = lstmCell(tensor([[1]]), [tensor([[0]]), tensor([[2]])], weights);
 * c.toArray(); // [[1]]
 * h.toArray(); // [[0.380797]]
 */
export function lstmCell<S extends Shape>(
  x: Tensor,
  state: readonly [h: Tensor<S>, c: Tensor<S>],
  weights: CellWeights,
): readonly [h: Tensor<S>, c: Tensor<S>] {
  return stepOf('lstmCell', lstmKind, x, state, weights) as readonly [Tensor<S>, Tensor<S>];
}

/**
 * Computes one step of a gated recurrent unit (Cho et al. 2014, with the reset gate applied after the product, as in
 * PyTorch). Let u_r, u_z, u_n be the blocks of x W_ih^T + b_ih, and v_r, v_z, v_n those of h W_hh^T + b_hh. With s the
 * sigmoid:
 *
 * r = s(u_r + v_r), z = s(u_z + v_z), n = tanh(u_n + r v_n), h' = (1 - z) n + z h.
 *
 * @param x [batch, in]
 * @param h [batch, hidden]
 * @returns h' [batch, hidden]
 * @example
 * const weights = { weightIh: zeros([3, 1]), weightHh: zeros([3, 1]) };
 * gruCell(tensor([[1]]), tensor([[2]]), weights).toArray(); // [[1]]
 */
export function gruCell<S extends Shape>(x: Tensor, h: Tensor<S>, weights: CellWeights): Tensor<S> {
  return stepOf('gruCell', gruKind, x, [h], weights)[0] as Tensor<S>;
}
