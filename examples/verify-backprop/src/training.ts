/** F5 and F6: networks that train within a moment. */

import { linspace, ones, type Parameter, parameter, type Random, type Tensor, tensor, zeros } from '@tapegrad/core';
import { binaryCrossEntropy, crossEntropy, Dense, Module, mse, Sequential, Tanh } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { normal } from './data.ts';
import type { Row } from './row.ts';

const POINTS = 60;
const dtype = 'float64';

/** Creates a network with one hidden layer. Its last transition depends on the task, and is part of the loss. */
const network = (outputs: number, random: Random) =>
  new Sequential(new Dense(2, 12, { random, dtype }), new Tanh(), new Dense(12, outputs, { random, dtype }));

/** Returns the loss before and after training. */
function descent(model: Module, loss: () => Tensor, steps = 150): readonly [before: number, after: number] {
  const optimizer = new SGD(model.parameters(), { learningRate: 0.1, momentum: 0.9 });
  const before = loss().item();
  for (let step = 0; step < steps; step++) optimizer.step(loss().backward());
  return [before, loss().item()];
}

/** Returns points of the plane with their angles about the origin, from 0 to 1. */
function plane(random: Random) {
  const x = normal(random, [POINTS, 2]);
  const angles = Float64Array.from({ length: POINTS }, (_, i) => {
    const [a, b] = x.index(i).data;
    return Math.atan2(b, a) / (2 * Math.PI) + 0.5;
  });
  return { x: x as Tensor<readonly [number, 2]>, angles };
}

/** A sum of hinges, c_0 + sum_k c_k max(0, w_k x + b_k). */
class Hinges extends Module {
  readonly w: Parameter;
  readonly b: Parameter;
  readonly c: Parameter;
  readonly start: Parameter;

  /** Starts as the piecewise linear interpolation of the function at equidistant points. */
  constructor(target: (x: number) => number, pieces: number) {
    super();
    const [low, high] = RANGE;
    const width = (high - low) / pieces;
    const knots = Array.from({ length: pieces }, (_, k) => low + k * width);
    const slopes = knots.map((x) => (target(x + width) - target(x)) / width);
    const bends = slopes.map((slope, k) => slope - (k === 0 ? 0 : slopes[k - 1]));
    this.w = parameter(ones([1, pieces], { dtype }));
    this.b = parameter(tensor(knots, { dtype }).neg());
    this.c = parameter(tensor(bends, { dtype }).reshape([pieces, 1]));
    this.start = parameter(zeros([1], { dtype }).add(target(low)));
  }

  forward(x: Tensor): Tensor {
    return x.matmul(this.w).add(this.b).relu().matmul(this.c).add(this.start);
  }
}

const RANGE = [-Math.PI, Math.PI] as const;
const PIECES = [2, 4, 8, 16, 32] as const;
const GRID = linspace(...RANGE, 129, { dtype });

/** The smooth function that is approximated. */
export const smooth = (x: number): number => Math.sin(x) + x / 4;

export interface Approximation {
  readonly pieces: number;
  /** The root mean squared error. */
  readonly error: number;
  /** The curve, as points. */
  readonly curve: readonly { readonly x: number; readonly y: number }[];
}

/** Trains sums of more and more hinges to approximate the smooth function. */
export function approximations(): Approximation[] {
  const x = GRID.reshape([GRID.size, 1]);
  const y = tensor(Float64Array.from(GRID.data, smooth)).reshape([GRID.size, 1]);
  return PIECES.map((pieces) => {
    const model = new Hinges(smooth, pieces);
    const optimizer = new SGD(model.parameters(), { learningRate: 0.002 / pieces, momentum: 0.9 });
    for (let step = 0; step < 200; step++) optimizer.step(mse(model.forward(x), y).backward());
    const output = model.forward(x).detach();
    const curve = Array.from(GRID.data, (x, i) => ({ x, y: output.data[i] }));
    return { pieces, error: Math.sqrt(mse(output, y).item()), curve };
  });
}

export const training: readonly Row[] = [
  {
    id: 'F5 regression',
    claim: 'the identity last, for regression with the mean squared error: it trains',
    formula: (random) => {
      const { x } = plane(random);
      const y = x.mul(x).sum(1, { keepDims: true });
      const model = network(1, random);
      return descent(model, () => mse(model.forward(x), y), 150);
    },
    expect: 'falls',
  },
  {
    id: 'F5 classes',
    claim: 'softmax last, for classification with the cross-entropy: it trains',
    formula: (random) => {
      const { x, angles } = plane(random);
      const labels = tensor(Int32Array.from(angles, (angle) => Math.min(2, Math.floor(3 * angle))));
      const model = network(3, random);
      return descent(model, () => crossEntropy(model.forward(x), labels));
    },
    expect: 'falls',
  },
  {
    id: 'F5 two classes',
    claim: 'sigmoid last, for two classes with the binary cross-entropy: it trains',
    formula: (random) => {
      const { x, angles } = plane(random);
      const t = tensor(Float64Array.from(angles, (angle) => (angle < 0.5 ? 1 : 0))).reshape([POINTS, 1]);
      const model = network(1, random);
      return descent(model, () => binaryCrossEntropy(model.forward(x), t));
    },
    expect: 'falls',
  },
  {
    id: 'F6',
    claim: 'sums of 2, 4, 8, 16, 32 hinges max(0, w x + b) come nearer and nearer to a smooth function',
    formula: () => approximations().map(({ error }) => error),
    expect: 'falls',
  },
];
