/** Reads from a network's tape the quantities that hand-derived formulas use. */

import { parameter, Tensor, tensor } from '@tapegrad/core';
import { type Op, tapeOf } from '@tapegrad/core/tape';
import { ArgumentError, binary, unary } from '@tapegrad/kernels';
import { dependentsOf, inFloat64, replay, runOnTensors } from '../differences/replay.ts';
import { type Link, links } from '../links/links.ts';
import { Inapplicable, type Layered, layered, type Unpacking } from './layered.ts';
import { NamedTensors, namedParameters } from './named-tensors.ts';
import type { Network } from './networks.ts';

/** The quantities available to a formula. All tensors are float64 and constant. */
export interface Quantities {
  /** The data Z_0. */
  readonly X: Tensor;
  /** The targets. */
  readonly Y: Tensor;
  readonly Z: Layered;
  readonly A: Layered;
  readonly W: Layered;
  readonly b: Layered;
  /** The links delta_l = dL/dA_l. */
  readonly delta: Layered;
  /** The gradients dL/dZ_l. */
  readonly dZ: Layered;
  /** The gradients dL/dW_l. If the loss depends on a weight in several ways, this is the total over all of them. */
  readonly dW: Layered;
  /** The gradients dL/db_l. */
  readonly db: Layered;
  /** The number of points. */
  readonly n: number;
  /** The number of layers. */
  readonly L: number;
  /**
   * Returns s_l'(A_l), element by element. For a transition that isn't elementwise, this is the diagonal of its Jacobian.
   */
  slope(l: number): Tensor;
  readonly loss: Tensor;
  /** The layers of the network, as returned by `links`. */
  readonly links: readonly Link[];
  /** Returns the number of the layer with a given name in `links`: `delta[layer('encoder.0')]`. */
  layer(name: string): number;
  /** Returns a tensor of the program: X, Y, another tensor returned by the subject, or a named parameter. */
  tensor(name: string): Tensor;
  /** Returns dL/dx for a tensor x that `tensor` returns. */
  gradient(name: string): Tensor;
}

/**
 * Primitives that compute each element of the result only from one element of each operand. These elements may be at
 * other positions.
 */
const elementwise: ReadonlySet<Op> = new Set<Op>([
  ...(Object.keys({ ...unary, ...binary }) as (keyof typeof unary | keyof typeof binary)[]),
  ...(['where', 'cast', 'reshape', 'permute'] as const),
]);

/** Computes s'(a), element by element, for the computation from one tensor to another: the diagonal of its Jacobian. */
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

/** Computes s_l'(A_l), element by element. If parts of A_l have separate transitions, combines their slopes. */
function slopeOf({ name, preActivation, output, parts, untold }: Link): Tensor {
  if (output !== undefined) return slopeBetween(preActivation, output, name);
  if (parts === undefined) throw new Inapplicable(`the transition of ${name} is unknown: ${untold}`);
  // A part consists of elements of A_l, selected and moved. So the adjoint of this selection puts the slopes at the
  // right positions.
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
/** The quantities that exist for each layer. */
export type LayerQuantity = 'Z' | 'A' | 'W' | 'b' | Derivative;

/** The data read from a network's tape. */
export interface NetworkReading {
  readonly quantities: Quantities;
  /** The number of points, if known. */
  readonly n: number | undefined;
  readonly unpacking: Unpacking;
  readonly named: NamedTensors;
  /** The loss, on the tape that was read. */
  readonly loss: Tensor;
  /** The tensors on the tape with respect to which derivatives are taken, by layer. Layers are counted from 1. */
  readonly variables: { readonly [D in Derivative]: readonly (Tensor | undefined)[] };
}

/** Returns the network itself, or a float64 replay if its tape contains float32 or checkpoints. */
function promoted(network: Network): Network {
  const { loss } = network;
  const wide = (x: Tensor): Tensor => (x.dtype === 'float32' ? x.cast('float64') : x);
  const adopt = (x: Tensor): Tensor => {
    const { name, requiresGrad } = x;
    const copy = wide(x.detach());
    if (name !== undefined) return parameter(copy, { name });
    return requiresGrad ? tensor(copy.data, { shape: copy.shape, requiresGrad }) : copy;
  };
  const tape = tapeOf(loss);
  const isReady = tape.every(({ op, output }) => op !== 'checkpoint' && output.dtype !== 'float32');
  if (isReady) return network;
  const values = inFloat64(loss, adopt);
  const others = Object.entries(network).map(([name, x]) => {
    return [name, x instanceof Tensor ? (values.get(x) ?? wide(x.detach())) : x] as const;
  });
  return Object.fromEntries(others) as unknown as Network;
}

/**
 * Returns the number of points of X. If the first weight multiplies from the left, this is the length of X's last axis,
 * otherwise that of the first. Returns 1 for a vector.
 */
function pointsOf(X: Tensor, first: Link | undefined): number {
  if (X.rank < 2) return 1;
  return first?.weightSide === 'left' ? X.shape.at(-1)! : X.shape[0]!;
}

function checkPoints(n: number): number {
  if (Number.isInteger(n) && n > 0) return n;
  throw new ArgumentError(`verify: n is ${n}, expected an integer number of points above 0`);
}

/** Returns the values that a subject returned in addition to the loss, the data and n. */
const othersIn = ({ loss: _loss, X: _X, Y: _Y, n: _n, ...others }: Network): Readonly<Record<string, unknown>> =>
  others;

/** Reads the quantities of a network from its tape, and the tensors that they belong to. */
export function readNetwork(network: Network): NetworkReading {
  const ready = promoted(network);
  const { loss, X: given, Y } = ready;
  const others = othersIn(ready);
  const list = links(loss);
  const X = given ?? list[0]?.input;
  const n = ready.n === undefined ? X && pointsOf(X, list[0]) : checkPoints(ready.n);
  const isTensor = (entry: readonly [string, unknown]): entry is [string, Tensor] => entry[1] instanceof Tensor;
  const named = new NamedTensors(
    loss,
    new Map([...namedParameters(loss), ...Object.entries({ ...others, X, Y }).filter(isTensor)]),
  );
  if (list.length === 0 && named.names.length === 0) {
    throw new ArgumentError(
      'verify: the loss was computed without a product with a parameter; return the tensors that formulas use next to it',
    );
  }
  const unpacking: Unpacking = { missing: undefined };
  const lacking = (name: string): never => {
    throw new Inapplicable(`the network has no ${name}`);
  };
  const preActivations = list.map(({ preActivation }) => preActivation);
  const outputs = list.map(({ output }) => output);
  const weights = list.map(({ weight }) => weight);
  const biases = list.map(({ bias }) => bias);
  const deltas = list.map(({ delta }) => delta);
  const wanted = [...outputs, ...weights, ...biases].flatMap((x) => x ?? []);
  const gradients = loss.backward({ wanted, retainGraph: true });
  const gradientOf = (x: Tensor | undefined) => (x !== undefined && gradients.has(x) ? gradients.of(x) : undefined);

  const quantities: Quantities = {
    get X(): Tensor {
      return X?.detach() ?? lacking('X');
    },
    get Y(): Tensor {
      return Y?.detach() ?? lacking('Y');
    },
    get n(): number {
      return n ?? lacking('n');
    },
    Z: layered('Z', 0, [X, ...outputs], unpacking),
    A: layered('A', 1, preActivations, unpacking),
    W: layered('W', 1, weights, unpacking),
    b: layered('b', 1, biases, unpacking),
    delta: layered('delta', 1, deltas, unpacking),
    dZ: layered('dZ', 1, outputs.map(gradientOf), unpacking),
    dW: layered('dW', 1, weights.map(gradientOf), unpacking),
    db: layered('db', 1, biases.map(gradientOf), unpacking),
    L: list.length,
    slope: (l) => slopeOf(list[l - 1] ?? lacking(`slope(${l})`)),
    loss: loss.detach(),
    links: list,
    layer: (name) => list.findIndex((link) => link.name === name) + 1 || lacking(`layer '${name}'`),
    tensor: (name) => named.variable(name).detach(),
    gradient: (name) => named.gradient(name),
  };
  // Adds the subject's other values by name; a name that is already used for a quantity is an error.
  for (const [name, value] of Object.entries(others)) {
    if (name in quantities) throw new ArgumentError(`verify: '${name}' is a quantity; rename the subject's own value`);
    Object.assign(quantities, { [name]: value instanceof Tensor ? value.detach() : value });
  }
  const byLayer = (tensors: readonly (Tensor | undefined)[]) => [undefined, ...tensors];
  const variables = {
    delta: byLayer(preActivations),
    dZ: byLayer(outputs),
    dW: byLayer(weights),
    db: byLayer(biases),
  };
  return { quantities, n, unpacking, named, loss, variables };
}
