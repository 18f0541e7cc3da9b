/** Compares layers with stored values of PyTorch's (data/make_*.py). */

import { readFileSync } from 'node:fs';
import { type Data, type DType, type Shape, type Tensor, tensor } from '@tapegrad/core';
import type { Module, ModuleState } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

interface Values {
  readonly shape: Shape;
  readonly data: readonly number[];
}

type ByPath = Readonly<Record<string, Values>>;

interface Case {
  readonly layer: string;
  readonly arguments: readonly unknown[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly training: boolean;
  readonly state: ByPath;
  readonly inputs: readonly (Values & { readonly dtype: string })[];
  readonly results: readonly Values[];
  readonly inputGradients: readonly (Values | null)[];
  readonly gradients: ByPath;
  readonly buffers: ByPath;
}

/** A test case: a layer, created from its arguments and options, and its inputs. */
export interface Subject {
  readonly layer: Module;
  run(...inputs: readonly Tensor[]): Tensor | readonly Tensor[];
}

/** Creates each layer in a dtype. */
export type Makers = Readonly<Record<string, (args: never, options: never) => Subject>>;

/** Returns a state in the dtypes of the layer. */
function stateFor(layer: Module, stored: ByPath): ModuleState {
  const own = layer.state();
  return Object.fromEntries(
    Object.entries(stored).map(([path, { shape, data }]) => {
      const dtype = own[path]?.dtype ?? 'float64';
      return [path, { shape, dtype, data: tensor(Float64Array.from(data), { dtype }).data as Data }];
    }),
  );
}

/** The cotangent from which the scripts start: 1, -1/2, 1/3, … */
const seedOf = ({ shape, dtype, size }: Tensor): Tensor =>
  tensor(
    Float64Array.from({ length: size }, (_, i) => (-1) ** i / (i + 1)),
    { shape, dtype },
  );

function expectClose(what: string, actual: Tensor, { shape, data }: Values, tolerance: number): void {
  expect(actual.shape, what).toEqual(shape);
  const found = actual.data;
  const scale = Math.max(1, ...data.map(Math.abs));
  const worst = Math.max(0, ...data.map((value, i) => Math.abs(found[i]! - value)));
  if (!(worst <= tolerance * scale)) expect([...found], what).toEqual(data);
}

const inputDType = (stored: string, dtype: DType): DType =>
  stored.startsWith('float') ? dtype : stored === 'bool' ? 'bool' : 'int32';

function checkCase(example: Case, makers: Makers, dtype: 'float32' | 'float64', tolerance: number): void {
  const options = { ...example.options, dtype };
  const { layer, run } = makers[example.layer]!(example.arguments as never, options as never);
  layer.load(stateFor(layer, example.state));
  if (!example.training) layer.eval();
  const inputs = example.inputs.map(({ dtype: stored, shape, data }, i) =>
    tensor(Float64Array.from(data), {
      shape,
      dtype: inputDType(stored, dtype),
      requiresGrad: example.inputGradients[i] !== null,
    }),
  );
  const result = run(...inputs);
  const results = Array.isArray(result) ? (result as readonly Tensor[]) : [result as Tensor];
  expect(results).toHaveLength(example.results.length);
  example.results.forEach((value, i) => {
    expectClose(`result ${i}`, results[i]!, value, tolerance);
  });
  const gradients = results
    .map((y) => y.mul(seedOf(y)).sum())
    .reduce((sum, y) => sum.add(y))
    .backward();
  example.inputGradients.forEach((value, i) => {
    if (value !== null) expectClose(`gradient of input ${i}`, gradients.of(inputs[i]!), value, tolerance);
  });
  const parameters = layer.namedParameters();
  expect(Object.keys(example.gradients).toSorted()).toEqual([...parameters.keys()].toSorted());
  for (const [path, value] of Object.entries(example.gradients)) {
    expectClose(`gradient of ${path}`, gradients.of(parameters.get(path)!), value, tolerance);
  }
  const buffers = layer.namedBuffers();
  for (const [path, value] of Object.entries(example.buffers)) expectClose(path, buffers.get(path)!, value, tolerance);
}

const title = ({ layer, arguments: args, options, training, inputs }: Case): string => {
  const shapes = inputs.map(({ shape }) => `[${shape}]`).join(', ');
  return `${layer} ${JSON.stringify(args)} ${JSON.stringify(options)} of ${shapes}${training ? '' : ' in evaluation'}`;
};

/** Describes a test for each case of a file in `data`, in float64 and in float32. */
export function describeStored(file: string, makers: Makers, single: number): void {
  const url = new URL(`data/${file}`, import.meta.url);
  const { cases } = JSON.parse(readFileSync(url, 'utf8')) as { readonly cases: readonly Case[] };
  describe.each(cases.map((example) => [title(example), example] as const))('%s', (_, example) => {
    test.each([
      ['float64', 1e-10],
      ['float32', single],
    ] as const)('is PyTorch’s in %s', (dtype, tolerance) => {
      checkCase(example, makers, dtype, tolerance);
    });
  });
}
