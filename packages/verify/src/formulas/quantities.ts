/** The quantities that hand-derived formulas are written with, read off a network's tape. */

import { parameter, type Tensor, tensor } from '@tapegrad/core';
import { type Op, tapeOf } from '@tapegrad/core/tape';
import { ArgumentError, binary, unary } from '@tapegrad/kernels';
import { dependentsOf, inFloat64, replay, runOnTensors } from '../differences/replay.ts';
import { type Link, links } from '../links/links.ts';
import type { Network } from './networks.ts';

/**
 * Tensors by layer, as the theory counts: Z from 0, all else from 1, up to L. A formula that uses another index, or the
 * bias of a layer that has none, does not apply to the network, or the layer.
 */
export type Layered = readonly [Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, Tensor, ...Tensor[]];

/** What a formula is written with. All of it is float64, and constant. */
export interface Quantities {
  /** Z_0 */
  readonly X: Tensor;
  /** The targets. */
  readonly Y: Tensor;
  readonly Z: Layered;
  readonly A: Layered;
  readonly W: Layered;
  readonly b: Layered;
  /** dL/dA_l */
  readonly delta: Layered;
  /** dL/dZ_l */
  readonly dZ: Layered;
  /** dL/dW_l: all of it, where the loss depends on a weight in more than one way. */
  readonly dW: Layered;
  /** dL/db_l */
  readonly db: Layered;
  /** The number of points. */
  readonly n: number;
  /** The number of layers. */
  readonly L: number;
  /** s_l'(A_l), element by element: of a transition that is not elementwise, the diagonal of its Jacobian. */
  slope(l: number): Tensor;
  readonly loss: Tensor;
  /** The layers, as `links` gives them. */
  readonly links: readonly Link[];
}

/** Thrown where a formula uses what a network does not have. */
export class Inapplicable extends Error {}

/** The tensors of each layer, held constant, from an index on; one that is missing throws in its place. */
function layered(name: string, from: number, list: readonly (Tensor | undefined)[]): Layered {
  const byIndex = [...Array.from({ length: from }, () => undefined), ...list.map((x) => x?.detach())];
  return new Proxy(byIndex, {
    get(target, key, receiver) {
      const isIndex = typeof key === 'string' && /^-?\d+$/.test(key);
      const found: unknown = Reflect.get(target, key, receiver);
      if (isIndex && found === undefined) throw new Inapplicable(`the network has no ${name}[${key}]`);
      return found;
    },
  }) as unknown as Layered;
}

/** Primitives of which an element of the result depends on that element of the operands alone, be it moved. */
const elementwise: ReadonlySet<Op> = new Set<Op>([
  ...(Object.keys({ ...unary, ...binary }) as (keyof typeof unary | keyof typeof binary)[]),
  ...(['where', 'cast', 'reshape', 'permute'] as const),
]);

/** s'(a), element by element, of what leads from a tensor to another: the diagonal of the Jacobian. */
function slopeBetween(from: Tensor, output: Tensor, name: string): Tensor {
  const a = tensor(from.data, { shape: from.shape, requiresGrad: true });
  const values = new Map<Tensor, Tensor>([[from, a]]);
  const entries = dependentsOf(tapeOf<Tensor>(output), from);
  replay(runOnTensors, entries, values, (x) => x.detach());
  const z = values.get(output)!;
  if (z.size !== a.size) throw new Inapplicable(`the transition of ${name} does not keep the number of elements`);

  const along = (seed: Float64Array) =>
    z.backward({ seed: tensor(seed, { shape: z.shape }), wanted: [a], retainGraph: true }).of(a).data;
  const none = new Float64Array(z.size);
  const slopes = entries.every(({ op }) => elementwise.has(op))
    ? along(none.map(() => 1))
    : none.map((_, i) => along(none.with(i, 1))[i]!);
  return tensor(slopes, { shape: a.shape });
}

/** s_l'(A_l), element by element; where each part of A_l has a transition of its own, put together of theirs. */
function slopeOf({ name, preActivation, output, parts, untold }: Link): Tensor {
  if (output !== undefined) return slopeBetween(preActivation, output, name);
  if (parts === undefined) throw new Inapplicable(`the transition of ${name} is unknown: ${untold}`);
  // The way to a part only picks and moves elements, so that its adjoint puts the slopes in their places.
  const a = tensor(preActivation.data, { shape: preActivation.shape, requiresGrad: true });
  const inPlaces = parts.list.map((part) => {
    const values = new Map<Tensor, Tensor>([[preActivation, a]]);
    const way = dependentsOf(tapeOf<Tensor>(part.preActivation), preActivation);
    replay(runOnTensors, way, values, (x) => x.detach());
    const seed = slopeBetween(part.preActivation, part.output, name) as never;
    return values
      .get(part.preActivation)!
      .backward({ seed, wanted: [a] })
      .of(a);
  });
  return inPlaces.reduce((sum, slopes) => sum.add(slopes));
}

/** The quantities that are derivatives of the loss. */
export const derivatives = ['delta', 'dZ', 'dW', 'db'] as const;
export type Derivative = (typeof derivatives)[number];
/** The quantities that there are for each layer. */
export type LayerQuantity = 'Z' | 'A' | 'W' | 'b' | Derivative;

/** What is read off a network. */
export interface Readout {
  readonly quantities: Quantities;
  /** The loss, on the tape that was read. */
  readonly loss: Tensor;
  /** The tensors of that tape by which the derivatives are, by layer; from 1. */
  readonly variables: { readonly [D in Derivative]: readonly (Tensor | undefined)[] };
}

/** The network itself, or where its tape is of float32 or has checkpoints, the same in float64 and without any. */
function promoted({ loss, X, Y, n }: Network): Network {
  const wide = (x: Tensor): Tensor => (x.dtype === 'float32' ? x.cast('float64') : x);
  const adopt = (x: Tensor): Tensor => {
    const { name, requiresGrad } = x;
    const copy = wide(x.detach());
    if (name !== undefined) return parameter(copy, { name });
    return requiresGrad ? tensor(copy.data, { shape: copy.shape, requiresGrad }) : copy;
  };
  const tape = tapeOf(loss);
  const isReady = tape.every(({ op, output }) => op !== 'checkpoint' && output.dtype !== 'float32');
  if (isReady) return { loss, X, Y, n };
  const values = inFloat64(loss, adopt);
  return { loss: values.get(loss)!, X: X && wide(X.detach()), Y: Y && wide(Y.detach()), n };
}

/** Reads a network's tape: its quantities, and the tensors behind them. */
export function readNetwork(network: Network): Readout {
  const { loss, X: given, Y, n } = promoted(network);
  const list = links(loss);
  if (list.length === 0) throw new ArgumentError('verify: the loss was computed without a product with a parameter');
  const X = given ?? list[0]!.input;
  const preActivations = list.map(({ preActivation }) => preActivation);
  const outputs = list.map(({ output }) => output);
  const weights = list.map(({ weight }) => weight);
  const biases = list.map(({ bias }) => bias);
  const deltas = list.map(({ delta }) => delta);
  const wanted = [...outputs, ...weights, ...biases].flatMap((x) => x ?? []);
  const gradients = loss.backward({ wanted, retainGraph: true });
  const gradientOf = (x: Tensor | undefined) => (x !== undefined && gradients.has(x) ? gradients.of(x) : undefined);

  const quantities: Quantities = {
    X: X.detach(),
    get Y(): Tensor {
      if (Y === undefined) throw new Inapplicable('the network has no Y');
      return Y.detach();
    },
    Z: layered('Z', 0, [X, ...outputs]),
    A: layered('A', 1, preActivations),
    W: layered('W', 1, weights),
    b: layered('b', 1, biases),
    delta: layered('delta', 1, deltas),
    dZ: layered('dZ', 1, outputs.map(gradientOf)),
    dW: layered('dW', 1, weights.map(gradientOf)),
    db: layered('db', 1, biases.map(gradientOf)),
    n: n ?? (X.rank > 1 ? X.shape[0]! : 1),
    L: list.length,
    slope(l) {
      const link = list[l - 1];
      if (link === undefined) throw new Inapplicable(`the network has no slope(${l})`);
      return slopeOf(link);
    },
    loss: loss.detach(),
    links: list,
  };
  const byLayer = (tensors: readonly (Tensor | undefined)[]) => [undefined, ...tensors];
  const variables = {
    delta: byLayer(preActivations),
    dZ: byLayer(outputs),
    dW: byLayer(weights),
    db: byLayer(biases),
  };
  return { quantities, loss, variables };
}
