/** The errors of a layer contain its path. */

import { ArgumentError, noGrad, ones, parameter, Random, ShapeError, type Tensor, zeros } from '@tapegrad/core';
import {
  Dense,
  GELU,
  Module,
  Parallel,
  ReLU,
  Residual,
  Sequential,
  TransformerEncoder,
  WeightNorm,
} from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';

const random = new Random(1);
const dense = (from: number, to: number) => new Dense(from, to, { random });

/** Runs a model like a program without types. */
const run = (model: { forward(x: never): unknown }, x: Tensor): unknown => model.forward(x as never);

function thrownBy(body: () => unknown): Error {
  try {
    body();
  } catch (error) {
    return error as Error;
  }
  throw new Error('nothing was thrown');
}

const narrow = 'dense: expects 3 features but receives 4, in an input of shape [2, 4]';

/** Models with one layer of the wrong size, with its path. */
const cases: readonly (readonly [string, string, () => Module & { forward(x: never): unknown }])[] = [
  ['a sequence', '1', () => new Sequential(new ReLU(), dense(3, 5))],
  ['sequences in sequences', '0.1.2', () => new Sequential(new Sequential(new GELU(), deep()))],
  ['a residual block', '1.body.0', () => new Sequential(new ReLU(), new Residual(dense(3, 3)))],
  ['branches', '0.1', () => new Sequential(new Parallel([dense(4, 1), dense(3, 1)]))],
  ['a normalised layer', '0.layer', () => new Sequential(new WeightNorm(dense(3, 2)))],
];

const deep = () => new Sequential(new ReLU(), new ReLU(), dense(3, 5));

describe.each(cases)('an error in %s', (_, path, make) => {
  test('tells where the layer is, from the outermost sequence on', () => {
    const error = thrownBy(() => run(make(), ones([2, 4])));
    expect(error).toBeInstanceOf(ShapeError);
    expect(error.message).toContain(`${narrow} (in layer ${path}, Dense(3, `);
    expect(error.stack).toContain(error.message);
  });

  test('tells where the layer is in the model, once it was asked for its parameters', () => {
    class Net extends Module {
      readonly parts = { body: make() };

      forward(x: Tensor): unknown {
        return run(this.parts.body, x);
      }
    }
    const net = new Net();
    net.parameters();
    expect(thrownBy(() => net.forward(ones([2, 4]))).message).toContain(
      `${narrow} (in layer parts.body.${path}, Dense(3, `,
    );
  });
});

test('layers of a transformer have their path', () => {
  const model = new TransformerEncoder(2, 8, 2, { random });
  const [, second] = model.layers;
  Object.assign(second!, { linear1: dense(3, 5) });
  expect(thrownBy(() => run(model, zeros([1, 2, 8]))).message).toContain(
    '(in layer layers.1, TransformerEncoderLayer(8, 2 heads))',
  );
});

test('errors of other kinds are let be', () => {
  const own = new TypeError('mine');
  class Failing extends Module {
    forward(): Tensor {
      throw own;
    }
  }
  const error = thrownBy(() => run(new Sequential(new Failing()), ones([1])));
  expect(error).toBe(own);
  expect(error.message).toBe('mine');
});

test('an asynchronous layer is told by its path', () => {
  class Late extends Module {
    async forward(): Promise<Tensor> {
      return ones([1]);
    }
  }
  const model = new Sequential(new ReLU(), new Sequential(new Late() as never)) as never as Sequential;
  const error = thrownBy(() => noGrad(() => run(model, ones([1]))));
  expect(error).toBeInstanceOf(ArgumentError);
  expect(error.message).toMatch(/that is synchronous; .* \(in layer 1\.0, Late\(\)\)$/);
});

test('what stands in the place of a layer is told what to write', () => {
  expect(() => new Sequential([dense(1, 1)] as never)).toThrow(
    'Sequential: expected a module with a forward as layer 0, got an array; write new Sequential(...layers)',
  );
  expect(() => new Sequential(dense(1, 1), undefined as never)).toThrow('as layer 1, got undefined');
  expect(() => new Sequential(Dense as never)).toThrow('as layer 0, got a function');
  expect(() => new Sequential(new (class Store extends Module {})() as never)).toThrow('got Store(), which has none');
  expect(() => new Residual([dense(1, 1)] as never)).toThrow('got an array');
  expect(() => new Parallel(dense(1, 1) as never)).toThrow('Parallel: expected a list of layers, got a module');
  expect(() => new Parallel([parameter(ones([1])) as never])).toThrow(
    'Parallel: expected a module with a forward as layer 0, got a tensor',
  );
});
