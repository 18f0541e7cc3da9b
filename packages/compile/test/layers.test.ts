/** Every layer, function and loss of nn runs compiled with the bits of eager computation: value, gradients and buffers. */

import { grad, Random, Tensor } from '@tapegrad/core';
import type { Module } from '@tapegrad/nn';
import { expect, test } from 'vitest';
import {
  all,
  type Callable,
  type Class,
  called,
  images,
  int32,
  made,
  maps,
  rows,
} from '../../nn/test/laws/subjects.ts';
import { compile } from '../src/index.ts';

/** Draws other floats in place of ones, of the same shape, so that results depend on all of them. */
function varied(arg: unknown, seed = 1): unknown {
  if (Array.isArray(arg)) return arg.map((branch, i) => varied(branch, 7 * seed + i));
  if (arg instanceof Tensor && arg.dtype === 'float32') {
    return new Random(seed).uniform(arg.shape, { low: 0.25, high: 0.75 });
  }
  return arg;
}

/** Returns the tensors in what a layer returns, in order. */
function flat(result: unknown): Tensor[] {
  if (result instanceof Tensor) return [result];
  if (typeof result !== 'object' || result === null) return [];
  return Object.values(result).flatMap(flat);
}

const lossOf = (tensors: readonly Tensor[]): Tensor =>
  tensors.map((y) => y.cast('float32').pow(2).sum() as Tensor).reduce((sum, y) => sum.add(y) as Tensor);

const generators = (args: readonly unknown[]): Random[] => args.filter((arg) => arg instanceof Random);

/** Functions that return no tensors, or whose arguments are models. */
const withoutTensors = ['loadModule', 'moduleState', 'summary', 'withTensors', 'sinusoidal'];

/** Losses whose targets are 1 or -1. */
const needsSigns = ['cosineEmbedding', 'hinge'];

const functions = Object.entries(called).filter(([name]) => !withoutTensors.includes(name));

test.each(functions)('%s', (name, args) => {
  const run = all[name] as Callable;
  const given = needsSigns.includes(name) ? [varied(args[0]), ...args.slice(1)] : (varied(args) as readonly unknown[]);
  const isFloat = (x: unknown): x is Tensor => x instanceof Tensor && x.dtype === 'float32';
  const floats = given.filter(isFloat);
  const withFloats = (tensors: readonly Tensor[]): unknown[] => {
    let next = 0;
    return given.map((arg) => (isFloat(arg) ? tensors[next++]! : arg));
  };
  const f = (...tensors: Tensor[]): unknown => ({
    value: flat(run(...withFloats(tensors))),
    gradients: grad((list: never) => lossOf(flat(run(...withFloats(list)))))(tensors as never),
  });
  const states = generators(given).map((random) => [random, random.state] as const);
  const repeated = (g: typeof f): string => {
    for (const [random, state] of states) random.state = state;
    return JSON.stringify([g(...floats), g(...(floats.map((x, i) => (i === 0 ? varied(x, 3) : x)) as Tensor[]))]);
  };
  expect(repeated(compile(f))).toBe(repeated(f));
});

/** Arguments of `forward`, of which each layer takes some. */
const inputs: readonly (readonly Tensor[])[] = [
  [rows],
  [maps],
  [images],
  [int32([0, 1])],
  [rows.reshape([1, 2, 2])],
  [rows, rows],
  [rows.reshape([1, 2, 2]), rows.reshape([1, 2, 2])],
] as never;

test.each(Object.entries(made))('%s', (name, args) => {
  const layer = new (all[name] as Class)(...args) as Module & { forward(...inputs: unknown[]): unknown };
  const fitting = inputs.find((x) => {
    try {
      layer.forward(...x);
      return true;
    } catch {
      return false;
    }
  });
  const given = varied(fitting ?? []) as Tensor[];
  const f = (...x: Tensor[]): unknown => {
    const value = flat(layer.forward(...x));
    const loss = lossOf(value);
    if (!loss.requiresGrad) return { value };
    const gradients = loss.backward();
    return { value, gradients: layer.parameters().map((w) => (gradients.has(w) ? gradients.of(w) : null)) };
  };
  const random = new Random(5);
  const before = layer.state();
  const generators = Object.values(layer).filter((field) => field instanceof Random);
  const repeated = (g: typeof f): string => {
    layer.load(before);
    for (const generator of generators) generator.state = random.state;
    const values = [layer.train(), layer.train(), layer.eval()].map((_, i) => g(...(varied(given, i + 1) as Tensor[])));
    return JSON.stringify([values, layer.state()]);
  };
  expect(fitting).toBeDefined();
  expect(repeated(compile(f))).toBe(repeated(f));
});
