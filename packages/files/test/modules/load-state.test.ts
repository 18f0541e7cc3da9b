/** The states that `loadState` rejects, converts and tolerates. */

import { Random, tensor, zeros } from '@tapegrad/core';
import { loadState, StateMismatchError, stateDict } from '@tapegrad/files';
import { Dense, Module, MultiHeadAttention, ReLU, Sequential } from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const make = (seed = 1) => {
  const random = new Random(seed);
  return new Sequential(new Dense(3, 4, { random }), new ReLU(), new Dense(4, 2, { random }));
};

describe('loadState', () => {
  test('lists all that does not fit, proposes the nearest names, and changes nothing', () => {
    const model = make();
    const before = model.state();
    const { '0.weight': weight, '2.bias': bias, ...rest } = stateDict(make(2));
    const arrays = { ...rest, '0.wieght': weight!, 'fc.bias': bias!, '2.weight': zeros([4, 2]), '0.bias': zeros([5]) };
    let error: unknown;
    try {
      loadState(model, arrays);
    } catch (thrown) {
      error = thrown;
    }
    expect(error).toBeInstanceOf(StateMismatchError);
    expect(error).toMatchObject({
      message: `loadState: the arrays don't fit Sequential(3 layers), with names and shapes as in PyTorch:
  missing: '0.weight' (is it '0.wieght'?), '2.bias' (is it 'fc.bias'?)
  unexpected: '0.wieght', 'fc.bias'
  not fitting: '0.bias' has shape [5], expected [4], '2.weight' has shape [4, 2], expected [2, 4], as tapegrad itself has it: give the arrays of model.state() to model.load`,
      missing: ['0.weight', '2.bias'],
      unexpected: ['0.wieght', 'fc.bias'],
      mismatched: ['0.bias', '2.weight'],
    });
    expect(model.state()).toEqual(before);
  });

  test('takes what fits where it is not strict, but no other shapes', () => {
    const model = make();
    const { '0.weight': weight, ...rest } = stateDict(make(2));
    expect(() => loadState(model, rest)).toThrow("missing: '0.weight'");
    expect(loadState(model, { ...rest, x: tensor([1]) }, { strict: false })).toEqual({
      missing: ['0.weight'],
      unexpected: ['x'],
    });
    expect([...stateDict(model)['2.weight']!.data]).toEqual([...rest['2.weight']!.data]);
    expect(() => loadState(model, { ...rest, '0.weight': zeros([1]) }, { strict: false })).toThrow('has shape [1]');
  });

  test('renames, and leaves out', () => {
    const model = make();
    const state = stateDict(make(2));
    const wrapped = Object.fromEntries(Object.entries(state).map(([name, array]) => [`module.${name}`, array]));
    loadState(
      model,
      { ...wrapped, step: tensor(3) },
      { rename: (name) => (name === 'step' ? undefined : name.replace(/^module\./, '')) },
    );
    expect(stateDict(model)).toEqual(state);
    expect(() => loadState(model, wrapped, { rename: () => 'x' })).toThrow(
      "rename gives 'x' to two arrays, one of them 'module.0.bias'",
    );
    expect(() => loadState(model, wrapped, { rename: () => 3 as never })).toThrow('rename returned 3, expected a name');
  });

  test('converts numbers that the dtype has, and rounds others if asked', () => {
    const layer = new Dense(2, 1);
    const bias = tensor([5]);
    loadState(layer, { weight: tensor([[0.5, 2]], { dtype: 'float64' }), bias: tensor([7], { dtype: 'int32' }) });
    expect([...layer.weight.data, ...layer.bias!.data]).toEqual([0.5, 2, 7]);
    const fine = { weight: tensor([[0.1, 2]], { dtype: 'float64' }), bias };
    expect(() => loadState(layer, fine)).toThrow(
      "'weight' has 0.1, which float32 cannot represent; round with { cast: true }",
    );
    loadState(layer, fine, { cast: true });
    expect(layer.weight.data[0]).toBe(Math.fround(0.1));
    const wide = new Dense(2, 1, { dtype: 'float64' });
    loadState(wide, { weight: tensor([[0.1, 2]]), bias });
    expect(wide.weight.data[0]).toBe(Math.fround(0.1));
  });

  test('finds fields of modules of a program by both ways to write them, and tied weights by one name', () => {
    class Net extends Module {
      readonly hiddenLayer = new Dense(2, 2);
      readonly parts = { outputLayer: this.hiddenLayer };
    }
    const net = new Net();
    const weight = tensor([
      [1, 2],
      [3, 4],
    ]);
    const bias = tensor([5, 6]);
    loadState(net, { 'hidden_layer.weight': weight, 'hidden_layer.bias': bias });
    loadState(net, { 'hiddenLayer.weight': weight, 'hidden_layer.bias': bias });
    loadState(net, { 'parts.output_layer.weight': weight, 'parts.output_layer.bias': bias });
    expect([...net.hiddenLayer.weight.data]).toEqual([1, 3, 2, 4]);
    expect(Object.keys(stateDict(net))).toEqual([
      'hidden_layer.weight',
      'hidden_layer.bias',
      'parts.output_layer.weight',
      'parts.output_layer.bias',
    ]);
    const two = {
      'hidden_layer.weight': weight,
      'hidden_layer.bias': bias,
      'parts.output_layer.weight': zeros([2, 2]),
    };
    expect(() => loadState(net, two)).toThrow('are the same tensor in this module, but differ in the state');
  });

  test('takes projections that are not packed', () => {
    const layer = new MultiHeadAttention(2, 1);
    const names = ['q_proj', 'k_proj', 'v_proj', 'out_proj'].flatMap((name) => [`${name}.weight`, `${name}.bias`]);
    const arrays = names.map(
      (name, i) => [name, name.endsWith('weight') ? zeros([2, 2]).add(i) : zeros([2]).add(i)] as const,
    );
    loadState(layer, Object.fromEntries(arrays));
    expect([...layer.value.weight.data]).toEqual([4, 4, 4, 4]);
    expect([...layer.key.bias!.data]).toEqual([3, 3]);
  });

  test.each([
    [() => loadState({} as never, {}), 'loadState: expected a module, got an object'],
    [() => loadState(make(), null as never), 'loadState: expected arrays by name, got null'],
    [
      () => loadState(make(), { '0.weight': 3 as never }),
      "loadState: '0.weight' is 3, expected { dtype, shape, data }",
    ],
    [() => loadState(make(), {}, { strikt: false } as never), "unknown option 'strikt'"],
    [() => stateDict(3 as never), 'stateDict: expected a module, got 3'],
  ])('%# refuses what is no module or array', (call, message) => {
    expect(call).toThrow(message);
  });
});
