/** Conversion between modules and state dicts, which have PyTorch's names and layouts. */

import { ArgumentError, type Data, type DType } from '@tapegrad/core';
import { checkOptions, describeValue, formatShape, sameShape } from '@tapegrad/core/extend';
import { Module, type ModuleState } from '@tapegrad/nn';
import { checkedArray, type NamedArray, type NamedArrays } from '../named-array.ts';
import { type Alternatives, layoutOf, type StateDictEntry, type StateDictTensor, shapeOfEntry } from './layouts.ts';
import { nearestName } from './nearest.ts';

/** The options of `loadState`. */
export interface LoadStateOptions {
  /** Whether to throw if an array is missing or unexpected. Defaults to true. */
  readonly strict?: boolean;
  /** Maps the name of an array to the name to use instead, or to `undefined` to ignore the array. */
  readonly rename?: (name: string) => string | undefined;
  /** Whether to round numbers that the module's dtype can't represent. By default, they are an error. */
  readonly cast?: boolean;
}

/** The names that only the module has, and those that only the arrays have. */
export interface StateReport {
  /** Names that the module has but the arrays don't. These parameters and buffers keep their elements. */
  readonly missing: readonly string[];
  /** Names that the arrays have but the module doesn't. */
  readonly unexpected: readonly string[];
}

/** Thrown if arrays don't fit a module. The message lists the names that don't fit, with similar names. */
export class StateMismatchError extends ArgumentError implements StateReport {
  readonly missing: readonly string[];
  readonly unexpected: readonly string[];
  /** The names of arrays with another shape, or with numbers that the module's dtype can't represent. */
  readonly mismatched: readonly string[];

  constructor(message: string, { missing, unexpected }: StateReport, mismatched: readonly string[]) {
    super(message);
    this.missing = missing;
    this.unexpected = unexpected;
    this.mismatched = mismatched;
  }
}

/** The maximum number of names of each kind in a message. */
const MAX_LISTED = 20;

/** Returns the elements of the transpose of a matrix. */
function transposed(data: Data, rows: number, columns: number): Data {
  const result = data.slice();
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j]!;
  }
  return result;
}

const arrays = { float32: Float32Array, float64: Float64Array, int32: Int32Array, bool: Uint8Array } as const;

/**
 * Converts elements to another dtype. If `cast` is false, returns the index of the first number that the dtype can't
 * represent.
 */
function converted(data: Data, dtype: DType, cast: boolean): Data | number {
  const result = new arrays[dtype](data.length);
  for (let i = 0; i < data.length; i++) {
    const value = data[i]!;
    result[i] = value;
    const isFloat = dtype === 'float32' || dtype === 'float64';
    if (Object.is(result[i], value) && (dtype !== 'bool' || value <= 1)) continue;
    if (!(cast && isFloat)) return i;
  }
  return result;
}

/** Collects the new state of a module, and the arrays that don't fit it. */
class Matching {
  readonly state: Record<string, { dtype: DType; shape: readonly number[]; data: Data }> = {};
  readonly missing: string[] = [];
  readonly mismatched: string[] = [];
  readonly faults: string[] = [];
  readonly #taken = new Set<string>();
  readonly #found = new Set<object>();
  readonly #arrays: ReadonlyMap<string, NamedArray>;
  readonly #cast: boolean;

  constructor(arrays: ReadonlyMap<string, NamedArray>, cast: boolean) {
    this.#arrays = arrays;
    this.#cast = cast;
  }

  get unexpected(): string[] {
    return [...this.#arrays.keys()].filter((name) => !this.#taken.has(name));
  }

  match(layout: readonly Alternatives[]): void {
    const absent: StateDictEntry[] = [];
    for (const { variants } of layout) {
      const present = variants.find((entries) => entries.some((entry) => this.#nameOf(entry) !== undefined));
      for (const entry of present ?? variants[0]!) {
        const name = this.#nameOf(entry);
        if (name === undefined) absent.push(entry);
        else this.#take(name, entry);
      }
    }
    // A tensor that is used in several places needs to be in the file only once.
    for (const { names, parts } of absent) {
      if (!parts.every(({ variable }) => this.#found.has(variable))) this.missing.push(names[0]!);
    }
  }

  #nameOf({ names }: StateDictEntry): string | undefined {
    return names.find((name) => this.#arrays.has(name));
  }

  #take(name: string, entry: StateDictEntry): void {
    this.#taken.add(name);
    for (const { variable } of entry.parts) this.#found.add(variable);
    const array = this.#arrays.get(name)!;
    const shape = shapeOfEntry(entry);
    if (!sameShape(array.shape, shape)) {
      const isTurned = sameShape(array.shape, shape.toReversed()) && entry.parts.some((part) => part.transposed);
      const hint = isTurned ? ', as tapegrad itself has it: give the arrays of model.state() to model.load' : '';
      this.#refuse(name, `'${name}' has shape ${formatShape(array.shape)}, expected ${formatShape(shape)}${hint}`);
      return;
    }
    let start = 0;
    for (const part of entry.parts) {
      this.#put(name, part, array.data.subarray(start, start + part.variable.size));
      start += part.variable.size;
    }
  }

  #put(name: string, { path, variable, transposed: isTransposed }: StateDictTensor, data: Data): void {
    const { dtype, shape } = variable;
    const own = converted(data, dtype, this.#cast);
    if (typeof own === 'number') {
      const mend = dtype.startsWith('float') ? '; round with { cast: true }' : '';
      this.#refuse(name, `'${name}' has ${data[own]}, which ${dtype} cannot represent${mend}`);
      return;
    }
    const [rows = 1, columns = 1] = shape;
    const elements = isTransposed ? transposed(own, columns, rows) : own;
    const value = { dtype, shape, data: elements };
    Object.defineProperty(this.state, path, { value, enumerable: true, configurable: true, writable: true });
  }

  #refuse(name: string, fault: string): void {
    this.mismatched.push(name);
    this.faults.push(fault);
  }
}

function listed(label: string, lines: readonly string[]): string[] {
  if (lines.length === 0) return [];
  const more = lines.length > MAX_LISTED ? [`and ${lines.length - MAX_LISTED} more`] : [];
  return [`  ${label}: ${[...lines.slice(0, MAX_LISTED), ...more].join(', ')}`];
}

function mismatch(module: Module, matching: Matching): StateMismatchError {
  const { missing, unexpected, mismatched, faults } = matching;
  const named = missing.map((name) => {
    const nearest = nearestName(name, unexpected);
    return nearest === undefined ? `'${name}'` : `'${name}' (is it '${nearest}'?)`;
  });
  const lines = [
    ...listed('missing', named),
    ...listed(
      'unexpected',
      unexpected.map((name) => `'${name}'`),
    ),
    ...listed('not fitting', faults),
  ];
  const message = `loadState: the arrays don't fit ${module}, with names and shapes as in PyTorch:\n${lines.join('\n')}`;
  return new StateMismatchError(message, { missing, unexpected }, mismatched);
}

function renamed(arrays: NamedArrays, rename: (name: string) => string | undefined): Map<string, NamedArray> {
  const found = new Map<string, NamedArray>();
  for (const [name, array] of Object.entries(arrays)) {
    const own = rename(name);
    if (own === undefined) continue;
    if (typeof own !== 'string')
      throw new ArgumentError(`loadState: rename returned ${describeValue(own)}, expected a name`);
    if (found.has(own))
      throw new ArgumentError(`loadState: rename gives '${own}' to two arrays, one of them '${name}'`);
    found.set(own, checkedArray('loadState', name, array));
  }
  return found;
}

/**
 * Loads a PyTorch `state_dict`, given as arrays with PyTorch's names and layouts, into a module. If the arrays don't
 * fit the module, nothing changes.
 *
 * | tapegrad | PyTorch |
 * | --- | --- |
 * | `Dense`: `weight` [in, out] | `weight` [out, in] |
 * | `LSTM`, `GRU`, `RNN`: `weightIhL0`, `biasHhL1Reverse` | `weight_ih_l0`, `bias_hh_l1_reverse`; the gates in the same order |
 * | batch norms: `runningMean`, `runningVariance`, `batchCount` | `running_mean`, `running_var`, `num_batches_tracked` |
 * | `MultiHeadAttention`: `query`, `key`, `value`, `output` | `in_proj_weight`, `in_proj_bias`, `out_proj`; or `q_proj_weight`, … |
 * | transformer layers: `selfAttention`, `crossAttention` | `self_attn`, `multihead_attn` |
 * | `WeightNorm`, `SpectralNorm` | `parametrizations.weight.original0`, …; or `weight_g`, `weight_orig`, … |
 * | all other layers | the same names and layouts |
 *
 * A field `hiddenLayer` of your own module is found as `hidden_layer` or `hiddenLayer`. Numbers are converted to the
 * module's dtypes if this is exact; with `cast`, other numbers are rounded.
 *
 * A state returned by tapegrad's `model.state()` has other layouts; load it with `model.load`.
 *
 * @param arrays The arrays by name, for example `readSafetensors(path).tensors` or `readPyTorch(path).tensors`.
 * @returns the missing and the unexpected names; both are empty if `strict`.
 * @throws StateMismatchError for missing or unexpected names, unless `strict` is false, and for other shapes.
 * @example
 * const layer = new Dense(2, 1);
 * loadState(layer, { weight: tensor([[3, 4]]), bias: tensor([5]) }); // { missing: [], unexpected: [] }
 * layer.forward(tensor([[1, 1]])).item(); // 12
 */
export function loadState(module: Module, arrays: NamedArrays, options: LoadStateOptions = {}): StateReport {
  if (!(module instanceof Module))
    throw new ArgumentError(`loadState: expected a module, got ${describeValue(module)}`);
  if (typeof arrays !== 'object' || arrays === null || Array.isArray(arrays)) {
    throw new ArgumentError(`loadState: expected arrays by name, got ${describeValue(arrays)}`);
  }
  checkOptions('loadState', options, ['strict', 'rename', 'cast']);
  const { strict = true, rename = (name) => name, cast = false } = options;
  const matching = new Matching(renamed(arrays, rename), cast);
  matching.match(layoutOf(module));
  const { missing, unexpected, faults } = matching;
  const isLacking = strict && missing.length + unexpected.length > 0;
  if (faults.length > 0 || isLacking) throw mismatch(module, matching);
  module.load(matching.state as ModuleState, { strict: false });
  return { missing, unexpected };
}

/**
 * Returns the parameters and buffers of a module with PyTorch's names and layouts, for PyTorch's `load_state_dict`; see
 * `loadState`. The names of your own fields are converted to snake case: `hiddenLayer` becomes `hidden_layer`.
 *
 * @example
 * stateDict(new Dense(784, 10)).weight!.shape; // [10, 784]
 * Object.keys(stateDict(new LSTM(3, 2, { bias: false }))); // ['weight_ih_l0', 'weight_hh_l0']
 */
export function stateDict(module: Module): NamedArrays {
  if (!(module instanceof Module))
    throw new ArgumentError(`stateDict: expected a module, got ${describeValue(module)}`);
  const entries = layoutOf(module).flatMap(({ variants }) => variants[0]!);
  return Object.fromEntries(entries.map((entry) => [entry.names[0]!, arrayOfEntry(entry)]));
}

function arrayOfEntry(entry: StateDictEntry): NamedArray {
  const shape = shapeOfEntry(entry);
  const { dtype } = entry.parts[0]!.variable;
  const data = new arrays[dtype](shape.reduce((product, length) => product * length, 1));
  let start = 0;
  for (const { variable, transposed: isTransposed } of entry.parts) {
    const [rows = 1, columns = 1] = variable.shape;
    data.set(isTransposed ? transposed(variable.data, rows, columns) : variable.data, start);
    start += variable.size;
  }
  return { dtype, shape, data };
}
