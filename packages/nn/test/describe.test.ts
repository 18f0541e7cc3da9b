import { ones, type Parameter, parameter, Random, type Tensor } from '@tapegrad/core';
import { Dense, Dropout, describe, GELU, Module, ReLU, Sequential } from '@tapegrad/nn';
import { expect, test } from 'vitest';

const random = new Random(1);

class Block extends Module {
  readonly scale: Parameter = parameter(ones([3]));
  readonly encoder = new Sequential(new Dense(4, 5, { random }), new GELU());
  readonly heads = { wide: new Dense(5, 3, { random }), narrow: [new Dense(5, 1, { bias: false, random })] };

  forward(x: Tensor): Tensor {
    return this.heads.wide.forward(this.encoder.forward(x)).mul(this.scale);
  }
}

test('prints a table of layers, shapes and parameter counts', () => {
  const model = new Sequential(
    new Dense(784, 256, { random }),
    new ReLU(),
    new Dropout(0.2, { random }),
    new Dense(256, 10, { bias: false, random }),
  );
  expect(describe(model, { input: [64, 784] })).toBe(
    [
      'layer  kind                     output     parameters',
      '-----------------------------------------------------',
      '0      Dense(784, 256)          [64, 256]     200,960',
      '1      ReLU()                   [64, 256]           0',
      '2      Dropout(0.2)             [64, 256]           0',
      '3      Dense(256, 10, no bias)  [64, 10]        2,560',
      '-----------------------------------------------------',
      'total  Sequential(4 layers)     [64, 10]      203,520',
    ].join('\n'),
  );
});

test('shows parameters beside modules, and modules that did not run', () => {
  expect(describe(new Block(), { input: ones([2, 4]) })).toBe(
    [
      'layer           kind                  output  parameters',
      '--------------------------------------------------------',
      'scale           Parameter(3)                           3',
      'encoder         Sequential(2 layers)  [2, 5]          25',
      'encoder.0       Dense(4, 5)           [2, 5]          25',
      'encoder.1       GELU()                [2, 5]           0',
      'heads.wide      Dense(5, 3)           [2, 3]          18',
      'heads.narrow.0  Dense(5, 1, no bias)                   5',
      '--------------------------------------------------------',
      'total           Block()               [2, 3]          51',
    ].join('\n'),
  );
});

test('needs no input for the counts alone', () => {
  expect(describe(new Sequential(new Dense(2, 3, { random })))).toBe(
    [
      'layer  kind                 parameters',
      '--------------------------------------',
      '0      Dense(2, 3)                   9',
      '--------------------------------------',
      'total  Sequential(1 layer)           9',
    ].join('\n'),
  );
});

test('leaves no trace: neither in the modes, nor in the generators, nor in the methods', () => {
  const generator = new Random(3);
  const model = new Sequential(new Dense(3, 3, { dtype: 'float64', random }), new Dropout(0.5, { random: generator }));
  model.layers[0].eval();
  const before = generator.state;
  describe(model, { input: [5, 3] });
  expect(generator.state).toEqual(before);
  expect([...model.modules().values()].map(({ training }) => training)).toEqual([true, false, true]);
  expect(Object.hasOwn(model, 'forward')).toBe(false);

  class Own extends Module {
    readonly forward = (x: Tensor): Tensor => x.neg();
  }
  const own = new Own();
  const { forward } = own;
  describe(own, { input: [1] });
  expect(own.forward).toBe(forward);
  expect(() => describe(model, { input: [5, 4] })).toThrow('dense: expects 3 features but receives 4');
  expect(Object.hasOwn(model.layers[0], 'forward')).toBe(false);
});

test('can not run a module without a forward', () => {
  class Store extends Module {}
  expect(() => describe(new Store(), { input: [1] })).toThrow('describe: Store() has no forward to give the input to');
});
