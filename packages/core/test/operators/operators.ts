/** The table of operations, `data/operators.json`, as programs with PyTorch's results. */

import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import * as core from '@tapegrad/core';
import { type DType, einsum, type Shape, slice, type Tensor, tensor, unfold } from '@tapegrad/core';
import { kernels, normalizationKernels } from '@tapegrad/core/extend';

/** A shape for each input; "x" repeats the first input. */
type InputShapes = readonly (Shape | 'x')[];

/** A line of the table. */
interface Row {
  readonly call: string;
  /** The shapes to run it on, or the name of a list of them. */
  readonly inputs: string | readonly InputShapes[];
  readonly args?: readonly unknown[];
  /** The range of the elements of each input. Defaults to -2 to 2. */
  readonly between?: readonly (readonly [low: number, high: number])[];
  /** The elements of each input. */
  readonly values?: readonly (readonly number[])[];
  /** Whether the inputs are at a kink or too large, so that differences are meaningless. */
  readonly kinked?: boolean;
  /** Whether no gradient flows. */
  readonly constant?: boolean;
}

/** PyTorch's results. 0 stands for an array of zeros; numbers that are not finite are spelled out. */
export interface Stored {
  readonly shape: Shape;
  readonly value: 0 | readonly (number | string)[];
  readonly gradients?: readonly Stored['value'][];
  readonly products?: readonly Stored['value'][];
}

export interface OperatorCase extends Pick<Row, 'call' | 'kinked' | 'constant'> {
  readonly name: string;
  /** The line of the table; it runs on several inputs. */
  readonly row: number;
  /** Creates the distinct inputs anew. */
  inputs(): Tensor[];
  run(...inputs: Tensor[]): Tensor;
  readonly stored: Stored;
}

/** The files of core whose operators the table covers, with their topics. */
export const operatorFiles = {
  'method-functions.ts': 'Methods of `Tensor`, and functions of the same names',
  'elementary.ts': 'Elementary functions',
  'reductions.ts': 'Reductions and scans',
  'logic.ts': 'Logic',
  'activations.ts': 'Activations',
  'ordering.ts': 'Order',
  'arrangement.ts': 'Axes, pieces and repetitions',
  'triangles-and-diagonals.ts': 'Parts and products of matrices',
  'linalg/linear-systems.ts': 'Linear equations and determinants',
  'linalg/factorizations.ts': 'Factors of matrices',
  'selection.ts': 'Selection',
  'distances.ts': 'Distances',
} as const;

export type OperatorFile = keyof typeof operatorFiles;

/** The operators in a file of core: the names of the functions that it exports. */
export function operatorsIn(file: OperatorFile): string[] {
  const source = readFileSync(new URL(`../../src/operators/${file}`, import.meta.url), 'utf8');
  return Array.from(source.matchAll(/^export (?:const|function) (\w+)/gm), ([, name]) => name!);
}

/** Returns distinct nonzero numbers between two bounds; make_operators.py has the same formula. */
export const lattice = (count: number, salt: number, low: number, high: number): Float64Array =>
  Float64Array.from(
    { length: count },
    (_, i) => low + ((high - low) * (((i * 37 + salt * 11) % 101) + (2 * salt + 1) / 8)) / 101,
  );

const sizeOf = (shape: Shape): number => shape.reduce((size, length) => size * length, 1);

const latticeTensor = (shape: Shape, salt: number, low: number, high: number): Tensor =>
  tensor(lattice(sizeOf(shape), salt, low, high), { shape });

/** The cotangent v: the gradients are those of the sum of v f(x). */
export const cotangent = (shape: Shape): Tensor => latticeTensor(shape, 5, -1, 1);

/** The direction u of the Hessian-vector product, for input `i`. */
export const direction = (shape: Shape, i: number): Tensor => latticeTensor(shape, 6 + i, -1, 1);

type Call = (inputs: readonly Tensor[], args: readonly never[]) => Tensor;
type AnyFunction = (...args: readonly unknown[]) => Tensor;

/** Multiplies each piece by its number, so that none can be mistaken for another, and joins them again. */
const numbered = (pieces: readonly Tensor[], axis: number): Tensor =>
  core.concat(
    pieces.map((piece, i) => (piece.dtype === 'bool' ? piece : piece.mul(i + 1))),
    axis,
  );

/** Multiplies the columns by 1, 2, … */
const weighted = (x: Tensor): Tensor =>
  x.mul(core.arange(1, x.shape.at(-1)! + 1, 1, { dtype: 'float64' }).cast(x.dtype));

/** The calls whose inputs are not simply the first arguments of the function with this name. */
const calls: { readonly [name: string]: Call } = {
  concat: (list, [axis]) => core.concat(list, axis!),
  stack: (list, [axis]) => core.stack(list, axis!),
  einsum: (list, [equation]) => einsum(equation!, ...list),
  where: ([x, y], [condition]) => core.where(condition!, x!, y!),
  slice: ([x], [axis, start, stop, step]) => x!.slice(axis!, start, stop, step),
  index: ([x], list) => x!.index(...list),
  topk: ([x], [count, axis, options]) => core.topk(x!, count!, axis, options).values,
  unique: ([x]) => core.unique(x!).values,
  split: ([x], [sizes, axis = 0]) => numbered(core.split(x!, sizes!, axis), axis),
  chunk: ([x], [count, axis = 0]) => numbered(core.chunk(x!, count!, axis), axis),
  meshgrid: (list, [options]) => core.stack(core.meshgrid(list, options), 0),
  scatter: ([x, source], [indices, axis, options]) => core.scatter(x!, indices!, source!, axis!, options),
  oneHot: ([x], [classes]) => core.oneHot(x!.cast('int32'), classes!),

  cholesky: ([x]) => core.cholesky(x!.matmul(x!.transpose()).add(core.eye(x!.shape.at(-1)!, { dtype: x!.dtype }))),
  slogdet: ([x]) => core.slogdet(x!).logAbsDet,
  // Vectors are unique only up to their signs, so products of two are compared.
  eigh: ([x]) => {
    const { values, vectors } = core.eigh(x!);
    return core.concat([core.unsqueeze(values, -2), weighted(vectors).matmul(vectors.transpose())], -2);
  },
  svd: ([x]) => {
    const { u, s, vt } = core.svd(x!);
    return core.concat([s.reshape([-1]), weighted(u).matmul(vt).reshape([-1])], 0);
  },
  qr: ([x]) => {
    const { q, r } = core.qr(x!);
    return core.concat([q, r], x!.shape.at(-2)! >= x!.shape.at(-1)! ? -2 : -1);
  },

  // Primitives without a function in core; nn and differentiation rules use them.
  activationGrad: ([g, y], [of]) => kernels.activationGrad(g!, y!, of!),
  prodOfOthers: ([x], [axes]) => kernels.prodOfOthers(x!, axes!),
  affine: ([x, w, b]) => kernels.affine(x!, w!, b!),
  crossEntropy: ([logits], [labels]) => kernels.crossEntropy(logits!, labels!),
  crossEntropyGrad: ([g, logits], [labels]) => kernels.crossEntropyGrad(g!, logits!, labels!),
  normalize: ([x, w, b], [of]) => normalizationKernels().normalize(x!, w!, b!, of!),
  normalizeGrad: ([g, x, w], [of]) => normalizationKernels().normalizeGrad(g!, x!, w!, of!),
  normalizeWeightGrad: ([g, x], [of]) => normalizationKernels().normalizeWeightGrad(g!, x!, of!),
  moments: ([x], [axes]) => normalizationKernels().moments(x!, axes!),
  conv: ([x, w], [of]) => kernels.conv(x!, w!, of!),
  convInput: ([y, w], [of]) => kernels.convInput(y!, w!, of!),
  convWeight: ([x, y], [of]) => kernels.convWeight(x!, y!, of!),
  maxPool: ([x, by], [windows]) => kernels.maxPool(x!, by!, windows!),
  maxUnpool: ([y, by], [windows]) => kernels.maxUnpool(y!, by!, windows!),

  // Programs of several operations.
  shared: ([x]) => {
    const e = x!.exp();
    return x!.mul(e.mul(e).add(e.sin()));
  },
  gaussian: ([x, mean, std]) => {
    const exponent = x!.sub(mean!).div(std!).pow(2).sum(1).mul(-0.5);
    return exponent.sub(std!.log().sum()).exp();
  },
  layerNorm: ([x, weight, bias]) => {
    const deviation = x!.sub(x!.mean(-1, { keepDims: true }));
    const variance = x!.variance(-1, { keepDims: true, correction: 0 });
    return deviation.div(variance.add(1e-5).sqrt()).mul(weight!).add(bias!);
  },
  perceptron: ([x, weight, bias]) => x!.matmul(weight!).add(bias!).tanh().logSoftmax(-1),
  attention: ([query, key, value]) =>
    query!
      .matmul(key!.transpose())
      .div(Math.sqrt(query!.shape.at(-1)!))
      .softmax(-1)
      .matmul(value!),
  convolution: ([x, weight]) =>
    einsum('bcsp,ocs->bop', unfold(x!, [{ size: 3, stride: 2, dilation: 1, padding: [1, 1] }]), weight!),
};

/** Converts an argument of the table: `{ int32: … }` is a constant tensor, `{ slice: … }` a range. */
function argument(call: string, arg: unknown): unknown {
  if (arg === null) return call === 'index' ? null : undefined;
  if (typeof arg !== 'object' || Array.isArray(arg)) return arg;
  const [key, value] = Object.entries(arg)[0]!;
  if (key === 'int32' || key === 'bool') return tensor(value, { dtype: key satisfies DType });
  if (key === 'slice') {
    const [start, stop, step] = value.map((bound: number | null) => bound ?? undefined);
    return slice(start, stop, step);
  }
  return 'order' in arg ? { ...arg, order: Number(arg.order) } : arg;
}

function makeInputs({ values, between }: Row, shapes: InputShapes): Tensor[] {
  return shapes.flatMap((shape, i) => {
    if (shape === 'x') return [];
    const list = values?.[i];
    if (list === undefined) return latticeTensor(shape, i, ...(between?.[i] ?? ([-2, 2] as const)));
    return tensor(
      Float64Array.from({ length: sizeOf(shape) }, (_, j) => list[j % list.length]!),
      { shape },
    );
  });
}

const read = (file: string): string => readFileSync(new URL(`../data/${file}`, import.meta.url), 'utf8');

const text = read('operators.json');
const table: { inputs: Record<string, readonly InputShapes[]>; cases: readonly Row[] } = JSON.parse(text);
const pytorch: { table: string; results: readonly Stored[] } = JSON.parse(read('operators.pytorch.json'));

if (pytorch.table !== createHash('sha256').update(text).digest('hex')) {
  throw new Error('operators.json has changed since operators.pytorch.json was made: run make_operators.py');
}

/** Every line of the table on each of its inputs. */
export const operatorCases: readonly OperatorCase[] = table.cases
  .flatMap((row, line) => {
    const sets = typeof row.inputs === 'string' ? table.inputs[row.inputs]! : row.inputs;
    return sets.map((shapes) => ({ row, line, shapes }));
  })
  .map(({ row, line, shapes }, i) => {
    const { call, args = [] } = row;
    const run =
      calls[call] ?? ((inputs, rest) => (core as unknown as Record<string, AnyFunction>)[call]!(...inputs, ...rest));
    const described = [...shapes, ...args, ...(row.values ?? [])].map((part) => JSON.stringify(part)).join(' ');
    return {
      ...row,
      name: `${call} ${described}`,
      row: line,
      inputs: () => makeInputs(row, shapes),
      run: (...inputs) => {
        const rest = [...inputs];
        const operands = shapes.map((shape) => (shape === 'x' ? inputs[0]! : rest.shift()!));
        return run(operands, args.map((arg) => argument(call, arg)) as never[]);
      },
      stored: pytorch.results[i]!,
    };
  });

/** Copies a tensor, as an input that requires a gradient. */
const leaf = (x: Tensor): Tensor => tensor(x.data, { shape: x.shape, requiresGrad: true });

const backwards = (x: Tensor): Tensor => x.permute(x.shape.map((_, i) => x.rank - 1 - i));
const flipped = (x: Tensor): Tensor => x.flip(x.shape.map((_, i) => i));

/** A memory layout of an input: a view of a tensor that stores the same elements in another way. */
export interface Layout {
  /** Creates the tensor, with its own memory. */
  store(x: Tensor): Tensor;
  /** Returns a view of it with x's shape, and x's elements unless some are repeated. */
  view(stored: Tensor, shape: Shape): Tensor;
}

export const layouts = {
  contiguous: { store: leaf, view: (x) => x },
  transposed: { store: (x) => leaf(backwards(x)), view: backwards },
  reversed: { store: (x) => leaf(flipped(x)), view: flipped },
  strided: {
    store: (x) =>
      leaf(
        kernels.scatterSlice(x, {
          shape: x.shape.map((length) => 2 * length + 1),
          starts: x.shape.map(() => 1),
          sizes: x.shape,
          steps: x.shape.map(() => 2),
        }),
      ),
    view: (x) => x.index(...x.shape.map(() => slice(1, undefined, 2))),
  },
} as const satisfies Record<string, Layout>;

/** Every second axis repeats one entry, by stride 0. */
export const repeating: Layout = {
  store: (x) => leaf(x.index(...x.shape.map((_, i) => (i % 2 === 0 ? slice(0, 1) : slice())))),
  view: (x, shape) => x.broadcastTo(shape),
};

/** Converts stored values to arrays of numbers. */
export const storedNumbers = (entries: Stored['value'], size: number): number[] =>
  entries === 0 ? new Array<number>(size).fill(0) : entries.map(Number);
