/** The lean entry point: saving, loading and replacing parameters as functions, without methods. */

import { ones, Random, tensor, zeros } from '@tapegrad/core/lean';
import { Dense, loadModule, Module, moduleState, withTensors } from '@tapegrad/nn/lean';
import { expect, test } from 'vitest';

const make = (seed: number) => new Dense(3, 2, { random: new Random(seed) });

test('modules have no methods for it', () => {
  for (const name of ['state', 'load', 'withTensors']) expect(name in Module.prototype).toBe(false);
});

test('a state is loaded by another module', () => {
  const [trained, copy] = [make(1), make(2)];
  expect(loadModule(copy, moduleState(trained))).toEqual({ missing: [], unexpected: [] });
  expect(copy.weight.toArray()).toEqual(trained.weight.toArray());
  expect(() => loadModule(copy, {})).toThrow("load: the state has no parameter 'weight', nor bias");
});

test('tensors replace parameters', () => {
  const layer = make(1);
  const before = layer.weight;
  const sum = () => layer.forward(tensor([[1, 2, 3]])).toArray();
  expect(withTensors(layer, { weight: ones([3, 2]), bias: zeros([2]) }, sum)).toEqual([[6, 6]]);
  expect(layer.weight).toBe(before);
});

test('the main entry point adds them as methods, not enumerable, to the same class', async () => {
  const layer = make(3);
  const state = moduleState(layer);
  const main = await import('@tapegrad/nn');
  expect(main.Module).toBe(Module);
  expect(layer.state()).toEqual(state);
  expect(Object.keys(Module.prototype)).toEqual([]);
});
