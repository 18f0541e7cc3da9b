/** Runs recurrent cells over sequences, in one direction or in layers with one or both directions. */

import { areWithin, formatShape, isTracing } from '@tapegrad/core/extend';
import { ArgumentError, arange, concat, index, pad, ShapeError, stack, type Tensor, tensor } from '@tapegrad/core/lean';
import { type CellKind, type CellState, type CellWeights, recurrentOf } from './cells.ts';

/**
 * Sequences as rows [steps * batch, features]: first the rows of all sequences at step 0, then those at step 1, and so
 * on. So a single product projects the inputs of all steps, and the rows of one step are a view. Steps after the end of
 * the longest sequence are left out.
 */
export interface Sequences {
  readonly rows: Tensor;
  readonly batch: number;
  readonly steps: number;
  /** For each step, a bool tensor [batch, 1] that says which sequences include the step. `undefined` if all of them do. */
  readonly goesOn: readonly (Tensor | undefined)[];
}

/** Returns the lengths of sequences as an array. Throws unless there is a length from 0 to `steps` for each sequence. */
function readLengths(call: string, lengths: Tensor | readonly number[], batch: number, steps: number): number[] {
  const list = Array.from(Array.isArray(lengths) ? lengths : (lengths as Tensor).data);
  if (list.length !== batch) {
    throw new ShapeError(`${call}: expected a length for each of ${batch} sequences, got ${list.length}`);
  }
  const wrong = list.findIndex((length) => !(Number.isInteger(length) && length >= 0 && length <= steps));
  if (wrong === -1) return list;
  throw new ArgumentError(
    `${call}: the length at index ${wrong} is ${list[wrong]}, expected an integer from 0 to ${steps}`,
  );
}

/** Rearranges sequences whose lengths are unknown in a trace. All steps are included, each with a mask. */
function tracedSequences(call: string, byStep: Tensor, lengths: Tensor): Sequences {
  const [steps, batch, features] = byStep.shape as readonly [number, number, number];
  if (lengths.size !== batch) {
    throw new ShapeError(`${call}: expected a length for each of ${batch} sequences, got ${lengths.size}`);
  }
  if (!areWithin(lengths.elements, { low: 0, high: steps })) readLengths(call, lengths, batch, steps);
  const counts = arange(0, steps, 1, { dtype: lengths.dtype }).reshape([steps, 1]) as Tensor;
  const inside = (lengths.reshape([1, batch]) as Tensor).greater(counts).reshape([steps, batch, 1]) as Tensor;
  return {
    rows: inside.where(byStep, 0).reshape([steps * batch, features]),
    batch,
    steps,
    goesOn: Array.from({ length: steps }, (_, step) => index(inside, step)),
  };
}

/** Rearranges sequences [batch, steps, features] as rows. Elements after the end of a sequence are never read. */
export function sequencesOf(call: string, x: Tensor, lengths?: Tensor | readonly number[]): Sequences {
  const [batch, steps, features] = x.shape as readonly [number, number, number];
  if (steps === 0) {
    throw new ArgumentError(`${call}: the sequences are empty: the input has shape ${formatShape(x.shape)}`);
  }
  const byStep = x.permute([1, 0, 2]) as Tensor;
  if (lengths === undefined) {
    const goesOn = new Array<undefined>(steps).fill(undefined);
    return { rows: byStep.reshape([steps * batch, features]), batch, steps, goesOn };
  }
  if (isTracing() && !Array.isArray(lengths)) return tracedSequences(call, byStep, lengths as Tensor);
  const list = readLengths(call, lengths, batch, steps);
  const shortest = list.reduce((least, length) => Math.min(least, length), steps);
  const longest = list.reduce((most, length) => Math.max(most, length), 1);
  const bits = Uint8Array.from({ length: longest * batch }, (_, i) => Number(Math.floor(i / batch) < list[i % batch]!));
  const inside = tensor(bits, { shape: [longest, batch, 1], dtype: 'bool' }) as Tensor;
  return {
    rows: inside.where(byStep.slice(0, 0, longest), 0).reshape([longest * batch, features]),
    batch,
    steps: longest,
    goesOn: Array.from({ length: longest }, (_, step) => (step < shortest ? undefined : index(inside, step))),
  };
}

/** Rearranges rows as [batch, steps, features], with zeros for the steps that were left out. */
export function batchFirst({ rows, batch, steps }: Sequences, wanted: number): Tensor {
  const outputs = rows.reshape([steps, batch, rows.shape[1]!]).permute([1, 0, 2]) as Tensor;
  if (steps === wanted) return outputs;
  return pad(outputs, [
    [0, 0],
    [0, wanted - steps],
    [0, 0],
  ]);
}

interface Run {
  readonly rows: Tensor;
  readonly state: CellState;
}

/**
 * Runs a cell over sequences, from the first step to the last or in reverse. A sequence keeps its state at steps that
 * it doesn't include.
 */
function runCell(
  kind: CellKind,
  { rows, batch, steps, goesOn }: Sequences,
  initial: CellState,
  weights: CellWeights,
  reverse: boolean,
): Run {
  const projected = kind.project(rows, weights);
  const recurrent = recurrentOf(weights);
  const outputs = new Array<Tensor>(steps);
  let state = initial;
  for (let i = 0; i < steps; i++) {
    const step = reverse ? steps - 1 - i : i;
    const next = kind.step(projected.slice(0, step * batch, (step + 1) * batch), state, recurrent);
    const mask = goesOn[step];
    outputs[step] = mask?.where(next[0], 0) ?? next[0];
    state = mask === undefined ? next : (next.map((tensor, j) => mask.where(tensor, state[j]!)) as [Tensor]);
  }
  return { rows: concat(outputs, 0), state };
}

/**
 * The weights of layers of cells. Each layer has a list with the weights of the forward direction and, if there is one,
 * of the backward direction.
 */
export type RecurrentWeights = readonly (readonly CellWeights[])[];

/**
 * Runs layers of cells over sequences. Each layer gets the outputs of the layer before it.
 *
 * @param states For each tensor in a cell's state, its initial values for all cells, [layers * directions, batch,
 * hidden].
 * @param between A function that is applied to the outputs of every layer except the last.
 */
export function runLayers(
  kind: CellKind,
  sequences: Sequences,
  states: readonly Tensor[],
  layers: RecurrentWeights,
  between: (rows: Tensor) => Tensor,
): { readonly sequences: Sequences; readonly states: readonly Tensor[] } {
  const finals: CellState[] = [];
  let { rows } = sequences;
  layers.forEach((directions, l) => {
    const input = { ...sequences, rows: l === 0 ? rows : between(rows) };
    const outputs = directions.map((weights, d) => {
      const initial = states.map((state) => index(state, finals.length));
      const run = runCell(kind, input, initial as [Tensor], weights, d === 1);
      finals.push(run.state);
      return run.rows;
    });
    rows = outputs.length === 1 ? outputs[0]! : concat(outputs, 1);
  });
  return {
    sequences: { ...sequences, rows },
    states: states.map((_, i) =>
      stack(
        finals.map((state) => state[i]!),
        0,
      ),
    ),
  };
}
