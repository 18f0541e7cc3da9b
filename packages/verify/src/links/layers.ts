/** Finds the layers of a network on its tape: products with a weight, and the tensors that belong to these products. */

import { Parameter, type Tensor } from '@tapegrad/core';
import { type Entry, entriesOf } from '@tapegrad/core/tape';
import { type Shape, sameShape } from '@tapegrad/kernels';
import {
  type Consumers,
  consumersIn,
  movement,
  type Transition,
  transitionFrom,
  views,
  wholeViews,
} from './transitions.ts';

/** One step of a cotangent backward, through an entry to one of its inputs. */
export interface Hop {
  readonly entry: Entry<Tensor>;
  readonly input: number;
}

/** An input of the program, and the route of a cotangent to it from a layer's pre-activation. */
export interface Origin {
  readonly tensor: Tensor;
  readonly route: readonly Hop[];
}

/** A product with a weight, and the tensors that belong to it. */
export interface Layer {
  /** The input Z_(l-1). */
  readonly input: Tensor;
  readonly weight: Origin;
  readonly bias: Origin | undefined;
  /** The side of the weight in the product: to the right or to the left of Z_(l-1). */
  readonly weightSide: 'left' | 'right';
  /** The pre-activation A_l. */
  readonly preActivation: Tensor;
  readonly transition: Transition;
}

/**
 * Returns a function that tells whether a tensor on a tape is given by the program. Such tensors are inputs that
 * require a gradient, and views composed only of such inputs and constants.
 */
function givenIn(tape: readonly Entry<Tensor>[]): (x: Tensor) => boolean {
  const given = new Set<Tensor>();
  const isGiven = (x: Tensor): boolean => x.requiresGrad && (x.entry === undefined || given.has(x));
  for (const { op, inputs, output } of tape) {
    if (views.has(op) && inputs.every((x) => isGiven(x) || !x.requiresGrad)) given.add(output);
  }
  return isGiven;
}

/** Returns the tensor that `x` is a full view of, and the route to that tensor. */
function originOf(x: Tensor, route: readonly Hop[]): Origin {
  const whole = [...route];
  let tensor = x;
  while (tensor.entry !== undefined && wholeViews.has(tensor.entry.op)) {
    whole.push({ entry: tensor.entry, input: 0 });
    tensor = tensor.entry.inputs[0]!;
  }
  return { tensor, route: whole };
}

/**
 * Returns the program input that a tensor is a view of, or is computed from. If there are several, prefers the first
 * that has the same shape.
 */
export function sourceOf(x: Tensor): Tensor {
  let at = x;
  while (at.entry !== undefined) {
    const inputs = at.entry.inputs.filter((input) => input.requiresGrad);
    const { shape } = at;
    at = inputs.find((input) => sameShape(input.shape, shape)) ?? inputs[0]!;
  }
  return at;
}

/**
 * The operations whose products form layers. Maps each operation to the indices of the inputs that may be the weight,
 * with the preferred index first.
 */
const weightSides: { readonly [op: string]: readonly (0 | 1)[] } = {
  ...{ matmul: [1, 0], affine: [1, 0] },
  ...{ conv: [1], convInput: [1] },
};

/** A matrix product or a convolution of which one factor is a weight. */
interface Product {
  readonly entry: Entry<Tensor>;
  /** The index of the factor that is the weight. */
  readonly side: 0 | 1;
}

/**
 * Returns a function that tells whether a tensor is computed elementwise from a `Parameter`, or is a view of such a
 * tensor. Examples are normalized, masked and scaled weights. Operands that are broadcast over the elements may come
 * from anywhere.
 */
function computedIn(tape: readonly Entry<Tensor>[], isGiven: (x: Tensor) => boolean): (x: Tensor) => boolean {
  const computed = new Set<Tensor>();
  const isComputed = (x: Tensor): boolean => computed.has(x) || (isGiven(x) && sourceOf(x) instanceof Parameter);
  for (const { op, inputs, output } of tape) {
    if (op in weightSides || op === 'take') continue;
    const isWhole = (x: Tensor): boolean => views.has(op) || sameShape(x.shape, output.shape);
    const entries = inputs.filter((x) => x.requiresGrad && isWhole(x));
    if (entries.length > 0 && entries.every(isComputed)) computed.add(output);
  }
  return isComputed;
}

/**
 * Finds the products of which a factor is a weight. If both factors qualify, a `Parameter` is preferred, and then a
 * tensor computed from a `Parameter`. If that doesn't decide, the factor on the right is the weight.
 */
function productsIn(tape: readonly Entry<Tensor>[], isGiven: (x: Tensor) => boolean): Product[] {
  const isComputed = computedIn(tape, isGiven);
  const sources = new Map<Entry<Tensor>, Tensor>();
  const products = tape.flatMap((entry): Product[] => {
    const factor = (side: 0 | 1): Tensor => entry.inputs[side]!;
    const sides = weightSides[entry.op] ?? [];
    const given = sides.filter((side) => isGiven(factor(side)));
    const side =
      given.find((i) => sourceOf(factor(i)) instanceof Parameter) ??
      sides.find((i) => isComputed(factor(i))) ??
      given[0];
    if (side === undefined) return [];
    sources.set(entry, sourceOf(factor(side)));
    return [{ entry, side }];
  });
  // A product that contributes to normalizing its own parameter is part of the weight, not a layer.
  const ofWeights = products.flatMap(({ entry, side }) => {
    const weight = entry.inputs[side]!;
    return isGiven(weight) ? [] : entriesOf([weight]).filter((other) => sources.get(other) === sources.get(entry));
  });
  return products.filter(({ entry }) => !ofWeights.includes(entry));
}

/** Returns the results of products, views of these results, and sums of such tensors with each other or with biases. */
function sumsIn(tape: readonly Entry<Tensor>[], products: readonly Product[], isGiven: (x: Tensor) => boolean) {
  const sums = new Set(products.map(({ entry }) => entry.output));
  for (const { op, inputs, output } of tape) {
    const ofSums = op === 'add' || op === 'slice' || movement.has(op);
    if (ofSums && inputs.some((x) => sums.has(x)) && inputs.every((x) => sums.has(x) || isGiven(x))) sums.add(output);
  }
  return sums;
}

/** The data needed to read the layers of a tape. */
interface Reading {
  readonly consumers: Consumers;
  readonly isGiven: (x: Tensor) => boolean;
  readonly sums: ReadonlySet<Tensor>;
  /** The additions whose bias has already been assigned to a layer. */
  readonly taken: Set<Entry<Tensor>>;
}

/** The pre-activation A_l, and the steps from the layer's product to it. */
interface Sum {
  readonly output: Tensor;
  /** The steps of a cotangent between `output` and the product. */
  readonly way: readonly Hop[];
  /** The position in `way` of the first bias that is added. */
  readonly biasAt: number | undefined;
}

/** Follows the result of a product to A_l, through the additions of biases and of other layers' products. */
function sumFrom({ output: product }: Entry<Tensor>, { consumers, isGiven, sums }: Reading): Sum {
  let sum: Sum = { output: product, way: [], biasAt: undefined };
  // Collects the steps after the last addition. Operations that only move elements are included only if another
  // addition follows.
  const way: Hop[] = [];
  for (let at = product; ; ) {
    const [entry, ...others] = consumers(at);
    if (entry === undefined || others.length > 0 || entry.output.size !== at.size) return sum;
    const { op, inputs, output } = entry;
    const input = inputs.indexOf(at);
    way.push({ entry, input });
    at = output;
    if (movement.has(op)) continue;
    const other = inputs[1 - input];
    if (other === undefined || !(op === 'add' || (op === 'sub' && input === 0))) return sum;
    const isBias = isGiven(other);
    if (!isBias && !(sums.has(other) && consumers(other).length === 1)) return sum;
    sum = { output, way: [...way], biasAt: sum.biasAt ?? (isBias ? way.length - 1 : undefined) };
  }
}

/** Returns the lengths of all axes longer than 1. */
const proper = (shape: Shape): Shape => shape.filter((length) => length !== 1);

/** Returns the result of a matrix-vector product, without the axis that was added to the vector for the product. */
function ofVector({ op, output: product }: Entry<Tensor>, { consumers }: Reading): Sum | undefined {
  if (op !== 'matmul') return undefined;
  const [entry, ...others] = consumers(product);
  if (entry?.op !== 'reshape' || others.length > 0) return undefined;
  const { output } = entry;
  const drops = output.rank < product.rank && sameShape(proper(output.shape), proper(product.shape));
  return drops ? { output, way: [{ entry, input: 0 }], biasAt: undefined } : undefined;
}

/** The operands of a product: Z_(l-1), W_l, and b_l if the product includes it. */
interface Factors {
  readonly input: Tensor;
  readonly weight: Origin;
  readonly bias: Origin | undefined;
}

const isOnes = (x: Tensor): boolean => !x.requiresGrad && x.data.every((element) => element === 1);

/** Finds Z, W and b if the factors of a product are [Z, 1] and [W; b], transposed or not (F4). */
function absorbedFactors({ entry, side }: Product, route: readonly Hop[]): Factors | undefined {
  if (entry.op !== 'matmul') return undefined;
  const z = entry.inputs[1 - side]!;
  const zAxis = z.rank - (side === 1 ? 1 : 2);
  let w = entry.inputs[side]!;
  let axis = w.rank - (side === 1 ? 2 : 1);
  const way = [...route, { entry, input: side }];
  while (w.entry?.op === 'permute') {
    way.push({ entry: w.entry, input: 0 });
    axis = (w.entry.attributes as readonly number[])[axis]!;
    w = w.entry.inputs[0]!;
  }
  const stacked = w.entry;
  if (stacked?.op !== 'concat' || stacked.attributes !== axis || stacked.inputs.length !== 2) return undefined;

  const length = z.shape[zAxis]!;
  for (const input of [1, 0]) {
    const start = input === 1 ? length - 1 : 0;
    const ones = z.detach().slice(zAxis, start, start + 1);
    if (stacked.inputs[input]!.shape[axis] !== 1 || !isOnes(ones)) continue;
    const beside = z.entry?.op === 'concat' && z.entry.attributes === zAxis ? z.entry.inputs[1 - input] : undefined;
    const origin = (i: number): Origin => originOf(stacked.inputs[i]!, [...way, { entry: stacked, input: i }]);
    return {
      input: beside?.shape[zAxis] === length - 1 ? beside : z.detach().slice(zAxis, 1 - input, length - input),
      weight: origin(1 - input),
      bias: origin(input),
    };
  }
  return undefined;
}

function factorsOf(product: Product, route: readonly Hop[], { isGiven }: Reading): Factors {
  const { entry, side } = product;
  const originAt = (input: number): Origin => originOf(entry.inputs[input]!, [...route, { entry, input }]);
  const plain = (): Factors => {
    const bias = entry.op === 'affine' && isGiven(entry.inputs[2]!) ? originAt(2) : undefined;
    return { input: entry.inputs[1 - side]!, weight: originAt(side), bias };
  };
  return absorbedFactors(product, route) ?? plain();
}

/** Returns a vector as the program defined it, before the product reshaped it to a row or a column. */
function asVector(x: Tensor): Tensor {
  const source = x.entry?.op === 'reshape' ? x.entry.inputs[0]! : undefined;
  return source?.rank === 1 ? source : x.detach().reshape([x.size]);
}

/**
 * Returns the bias that is added between the product and A_l, with the route back to the bias. If several products are
 * added up, the first of them gets the bias.
 */
function biasOf({ way, biasAt }: Sum, { taken }: Reading): Origin | undefined {
  if (biasAt === undefined) return undefined;
  const { entry, input } = way[biasAt]!;
  if (taken.has(entry)) return undefined;
  taken.add(entry);
  const route = [...way.slice(biasAt + 1).reverse(), { entry, input: 1 - input }];
  return originOf(entry.inputs[1 - input]!, route);
}

/** Returns whether this is a matrix-vector product, in which case the result has one axis fewer. */
function takesVector({ entry, side }: Product, weight: Tensor, result: Tensor): boolean {
  if (entry.op !== 'matmul') return false;
  const z = entry.inputs[1 - side]!;
  const axes = result.rank + (weight.rank === 1 ? 1 : 0);
  return z.size === z.shape.at(side === 1 ? -1 : -2) && axes < entry.output.rank;
}

type Unfinished = Omit<Layer, 'transition'>;

function layerOf(product: Product, reading: Reading): Unfinished {
  const added = sumFrom(product.entry, reading);
  const sum = added.way.length > 0 ? added : (ofVector(product.entry, reading) ?? added);
  const { output, way } = sum;
  const { input, weight, bias } = factorsOf(product, way.toReversed(), reading);
  return {
    input: takesVector(product, weight.tensor, output) ? asVector(input) : input,
    weight,
    bias: bias ?? biasOf(sum, reading),
    // The weight of a convolution is the second operand, and the first axis of the input is the batch, as in the layout
    // of rows.
    weightSide: product.side === 1 ? 'right' : 'left',
    preActivation: output,
  };
}

/** Returns the layers of the network that a tape records, in order of execution. */
export function layersOf(tape: readonly Entry<Tensor>[]): Layer[] {
  const isGiven = givenIn(tape);
  const products = productsIn(tape, isGiven);
  const sums = sumsIn(tape, products, isGiven);
  const reading: Reading = { consumers: consumersIn(tape), isGiven, sums, taken: new Set() };
  const layers = products.map((product) => layerOf(product, reading));
  const inputs = new Set(layers.map(({ input }) => input));
  return layers.map((layer) => ({
    ...layer,
    transition: transitionFrom(layer.preActivation, reading.consumers, inputs),
  }));
}
