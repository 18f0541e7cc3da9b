/** Compiled functions compute the bits of the functions themselves, and leave the same behind. */

import {
  checkpoint,
  type Gradients,
  grad,
  hessian,
  jvp,
  noGrad,
  ones,
  parameter,
  Random,
  type Tensor,
  tensor,
  vmap,
  zeros,
} from '@tapegrad/core';
import {
  BatchNorm1d,
  BatchNorm2d,
  Conv2d,
  crossEntropy,
  Dense,
  Dropout,
  LayerNorm,
  LSTM,
  MaxPool2d,
  Module,
  MultiHeadAttention,
  mse,
  ReLU,
  Residual,
  Sequential,
  SpectralNorm,
} from '@tapegrad/nn';
import { Adam, SGD } from '@tapegrad/optim';
import { expect, test } from 'vitest';
import { compile } from '../src/index.ts';
import { expectSame, type Wrap } from './same.ts';

const own = (seed = 42) => ({ random: new Random(seed) });

/** Trains a model on regression data for a few steps. Returns everything that the steps leave behind. */
function trained(wrap: Wrap, model: Module & { forward(x: Tensor): Tensor }, shape: readonly number[], count = 4) {
  const random = new Random(5);
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01, allowUnused: true });
  const step = wrap((x: Tensor, y: Tensor) => optimizer.minimize(() => mse(model.forward(x), y)));
  const losses = Array.from({ length: count }, () => {
    const x = random.normal(shape) as Tensor;
    const y = noGrad(() => model.eval().forward(x)).add(1) as Tensor;
    model.train();
    return step(x, y).item();
  });
  return { losses, state: model.state(), optimizer: optimizer.state() };
}

class Sequence extends Module {
  readonly lstm = new LSTM(3, 5, own());
  readonly head = new Dense(5, 2, own());

  forward(x: Tensor): Tensor {
    return this.head.forward(this.lstm.forward(x as never).output as never) as Tensor;
  }
}

class SelfAttention extends Module {
  readonly attention = new MultiHeadAttention(8, 2, own());
  readonly norm = new LayerNorm(8);

  forward(x: Tensor): Tensor {
    return this.norm.forward(this.attention.forward(x as never) as never) as Tensor;
  }
}

const models = {
  'batch normalisation': () =>
    [new Sequential(new Dense(4, 6, own()), new BatchNorm1d(6), new ReLU(), new Dense(6, 2, own())), [8, 4]] as const,
  'cumulative statistics': () =>
    [new Sequential(new Dense(4, 6, own()), new BatchNorm1d(6, { momentum: 'cumulative' })), [8, 4]] as const,
  convolutions: () =>
    [
      new Sequential(
        new Conv2d(2, 4, 3, { ...own(), padding: 1 }),
        new BatchNorm2d(4),
        new ReLU(),
        new MaxPool2d(2),
        new Conv2d(4, 2, 3, own()),
      ),
      [3, 2, 8, 8],
    ] as const,
  dropout: () =>
    [new Sequential(new Dense(4, 16, own()), new Dropout(0.4, own(7)), new Dense(16, 2, own())), [8, 4]] as const,
  'residual blocks': () => [new Residual(new Sequential(new LayerNorm(4), new Dense(4, 4, own()))), [8, 4]] as const,
  'spectral normalisation': () => [new SpectralNorm(new Dense(4, 3, own()), own(9)), [8, 4]] as const,
  'recurrent layers': () => [new Sequence(), [2, 6, 3]] as const,
  attention: () => [new SelfAttention(), [2, 5, 8]] as const,
};

test.each(Object.entries(models))('%s', (_, make) => {
  expectSame((wrap) => {
    const [model, shape] = make();
    return trained(wrap, model as never, shape);
  });
});

test('transforms inside', () => {
  const w = parameter(new Random(1).normal([3, 3]));
  const f = (x: Tensor<readonly [3]>) => x.matmul(w).tanh().pow(2).sum();
  const x = new Random(2).normal([3]);
  const batch = new Random(3).normal([5, 3]);
  expectSame((wrap) => {
    const all = wrap((x: Tensor<readonly [3]>, batch: Tensor<readonly [5, 3]>) => ({
      gradient: grad(f)(x),
      second: grad((y: Tensor<readonly [3]>) => grad(f)(y).pow(2).sum())(x),
      hessian: hessian(f)(x),
      tangent: jvp(f, [x], [ones([3])]),
      examples: vmap(grad(f))(batch),
      backward: f(x).backward({ createGraph: true }).of(w).pow(2).sum().backward().of(w),
    }));
    return [0, 1, 2].map((i) => JSON.stringify(all(x.add(i), batch.mul(i + 1))));
  });
});

test('checkpoints repeat their draws', () => {
  expectSame((wrap) => {
    const random = new Random(1);
    const w = parameter(new Random(2).normal([4, 4]));
    const block = checkpoint((x: Tensor<readonly [2, 4]>) =>
      x
        .matmul(w)
        .mul(random.bernoulli([2, 4], 0.5))
        .tanh(),
    );
    const optimizer = new SGD([w], { learningRate: 0.1 });
    const step = wrap((x: Tensor<readonly [2, 4]>) => optimizer.minimize(() => block(block(x)).sum()));
    const losses = [0, 1, 2].map((i) => step(ones([2, 4]).mul(i + 1)).item());
    return { losses, w: w.toArray(), random: random.state };
  });
});

test('each call draws anew, and generators go on as they would', () => {
  expectSame((wrap) => {
    const random = new Random(1);
    const draw = wrap((x: Tensor<readonly [3]>) => [
      x.add(random.normal([3])),
      random.uniform([2, 2]),
      random.integers([4], 0, 9),
      random.permutation(5),
      vmap((y: Tensor<readonly []>) => y.add(random.normal([])), { randomness: 'different' })(x),
    ]);
    const drawn = [0, 1, 2].map(() => draw(zeros([3])).map((x) => x.toArray()));
    random.state = new Random(5).state;
    drawn.push(draw(zeros([3])).map((x) => x.toArray()));
    return { drawn, state: random.state };
  });
});

test('variables may be read, viewed, assigned and loaded between calls', () => {
  expectSame((wrap) => {
    const model = new Dense(2, 2, own());
    const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
    const x = tensor([
      [1, 2],
      [3, 4],
    ]);
    const step = wrap(() => optimizer.minimize(() => model.forward(x).pow(2).sum()));
    const seen: unknown[] = [];
    const initial = model.state();
    for (let i = 0; i < 6; i++) {
      const view = model.weight.transpose();
      const { data } = model.weight;
      step();
      seen.push(view.toArray(), [...data], model.weight.toArray(), model.forward(x).toArray());
      if (i === 1) model.weight.assign(model.weight.mul(0.5));
      if (i === 2) model.load(initial);
      if (i === 3) optimizer.step(model.forward(x).sum().backward());
    }
    return seen;
  });
});

test('an eager tape from before a compiled update refuses the new elements', () => {
  const w = parameter(tensor([1, 2]));
  const optimizer = new SGD([w], { learningRate: 0.1 });
  const step = compile(() => optimizer.minimize(() => w.mul(w).sum()));
  step();
  const loss = w.mul(w).sum();
  step();
  expect(() => loss.backward()).toThrow(/changed after the forward pass/);
});

test('two programs, and a function compiled twice, share their variables', () => {
  expectSame((wrap) => {
    const w = parameter(tensor([1, 2]));
    const optimizer = new SGD([w], { learningRate: 0.1, momentum: 0.9 });
    const f = (x: Tensor<readonly [2]>) => optimizer.minimize(() => w.sub(x).pow(2).sum());
    const steps = [wrap(f), wrap(f), wrap((x: Tensor<readonly [2]>) => optimizer.minimize(() => w.mul(x).sum()))];
    return [0, 1, 2, 0, 1, 2, 2, 0].map((i) => [steps[i]!(tensor([i, 1])).item(), w.toArray()]);
  });
});

test('a compiled function inside another, in a transform or in minimize runs as it is', () => {
  expectSame((wrap) => {
    const w = parameter(tensor([1, 2]));
    const square = wrap((x: Tensor<readonly [2]>) => x.mul(w).pow(2).sum());
    const outer = wrap((x: Tensor<readonly [2]>) => square(x).add(grad(square)(x).sum()));
    const optimizer = new SGD([w], { learningRate: 0.01 });
    return [
      outer(tensor([3, 4])).item(),
      grad(square)(tensor([3, 4])).toArray(),
      vmap(square)(
        tensor([
          [1, 2],
          [3, 4],
        ]),
      ).toArray(),
      optimizer.minimize(() => square(tensor([1, 1]))).item(),
      w.toArray(),
    ];
  });
});

test('the mode of a model, and whether operations are recorded, count', () => {
  expectSame((wrap) => {
    const model = new Sequential(new Dense(3, 3, own()), new BatchNorm1d(3), new Dropout(0.5, own(3)));
    const f = wrap((x: Tensor<readonly [4, 3]>) => model.forward(x));
    const x = new Random(1).normal([4, 3]);
    return [model.train(), model.eval(), model.train(), model.eval()]
      .map(() => f(x).toArray())
      .concat([noGrad(() => f(x)).toArray()]);
  });
});

test('shapes, dtypes and plain arguments give programs of their own', () => {
  const f = compile((x: Tensor, options: { readonly power: number }) => x.pow(options.power));
  expect(f(tensor([1, 2, 3]), { power: 2 }).toArray()).toEqual([1, 4, 9]);
  expect(
    f(
      tensor([
        [1, 2],
        [3, 4],
      ]),
      { power: 2 },
    ).toArray(),
  ).toEqual([
    [1, 4],
    [9, 16],
  ]);
  expect(f(tensor([2, 3, 4]), { power: 2 }).toArray()).toEqual([4, 9, 16]);
  expect(f(tensor([2, 3, 4]), { power: 3 }).toArray()).toEqual([8, 27, 64]);
  expect(f(tensor([2, 3], { dtype: 'float64' }), { power: 3 }).dtype).toBe('float64');
  // Powers that differ share a program.
  expect(f.programs).toHaveLength(3);
});

test('other numbers among the arguments need no other program', () => {
  expectSame((wrap) => {
    const random = new Random(1);
    const w = parameter(random.normal([3]));
    const optimizer = new Adam([w], { learningRate: 0.1 });
    const step = wrap((x: Tensor<readonly [3]>, rate: number, options: { readonly scale: number }) => {
      optimizer.learningRate = rate;
      const noise = random.normal([3]).mul(options.scale);
      const loss = optimizer.minimize(() =>
        w
          .mul(x)
          .add(noise)
          .pow(2)
          .sum()
          .div(rate + 1),
      );
      return loss.mul(Math.max(rate, 0.5)) as Tensor;
    });
    const rates = [0.1, 0.1, 0.2, 0.7, 0.1, 0.9, 0.9, 0.9];
    const losses = rates.map((rate, i) => step(tensor([1, 2, 3]), rate, { scale: i % 3 }).item());
    if ('programs' in step) expect(step.programs).toHaveLength(1);
    return { losses, w: w.toArray(), state: optimizer.state(), random: random.state };
  });
});

test('numbers that decide what is computed are followed', () => {
  expectSame((wrap) => {
    const f = wrap((x: Tensor<readonly [2]>, p: number) => (p > 0.5 ? x.mul(p) : x.neg().mul(p)));
    return [0.1, 0.9, 0.2, 0.6, 0.5, 0.9].map((p) => f(tensor([1, 2]), p).toArray());
  });
});

test('trees of tensors, constants and variables come back as they are', () => {
  const w = parameter(tensor([1, 2]));
  const f = compile((tree: { readonly x: Tensor; readonly list: readonly Tensor[] }) => ({
    x: tree.x,
    swapped: [...tree.list].reverse(),
    w,
    constant: ones([2]),
    name: 'tree',
    missing: undefined,
  }));
  for (let i = 0; i < 2; i++) {
    const made = f({ x: tensor([5, i]), list: [tensor([1]), tensor([2, 3])] });
    expect(made.x.toArray()).toEqual([5, i]);
    expect(made.swapped.map((x) => x.toArray())).toEqual([[2, 3], [1]]);
    expect(made.w).toBe(w);
    expect(made.constant.toArray()).toEqual([1, 1]);
    expect([made.name, made.missing]).toEqual(['tree', undefined]);
  }
});

test('variables may swap their elements', () => {
  const [a, b] = [parameter(tensor([1, 2])), parameter(tensor([3, 4]))];
  const swap = compile(() => {
    const before = a.mul(1);
    a.assign(b);
    b.assign(before as Tensor<readonly [2]>);
    return a.add(b.mul(10));
  });
  expect(swap().toArray()).toEqual([13, 24]);
  expect(swap().toArray()).toEqual([31, 42]);
  expect([a.toArray(), b.toArray()]).toEqual([
    [1, 2],
    [3, 4],
  ]);
});

test('an update in the middle is seen after it, and not before', () => {
  expectSame((wrap) => {
    const w = parameter(tensor([1, 2]));
    const optimizer = new SGD([w], { learningRate: 0.1 });
    const f = wrap(() => {
      const [view, before] = [w.reshape([2, 1]), w.mul(2)];
      const first = optimizer.minimize(() => w.pow(2).sum());
      const second = optimizer.minimize(() => w.pow(3).sum());
      return { view, before, first: first.detach(), second: second.detach(), after: w.mul(1) };
    });
    return [f(), f()].map((made) => JSON.stringify(made));
  });
});

test('steps leave no more memory behind than results', () => {
  const w = parameter(zeros([64, 64]));
  const optimizer = new Adam([w], { learningRate: 0.1 });
  const step = compile((x: Tensor<readonly [8, 64]>) => optimizer.minimize(() => x.matmul(w).pow(2).sum()));
  const x = new Random(1).normal([8, 64]);
  for (let i = 0; i < 20; i++) step(x);
  const before = process.memoryUsage().arrayBuffers;
  for (let i = 0; i < 200; i++) step(x);
  expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(20e6);
  expect(step.memory).toBeGreaterThan(0);
});

test('classification with gradients that are changed', () => {
  expectSame((wrap) => {
    const model = new Sequential(new Dense(4, 8, own()), new ReLU(), new Dense(8, 3, own()));
    const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
    const step = wrap((x: Tensor<readonly [16, 4]>, y: Tensor<readonly [16]>) =>
      optimizer.minimize(
        () => crossEntropy(model.forward(x), y, { ignoreIndex: 2 }),
        (gradients: Gradients) => gradients.scale(0.5),
      ),
    );
    const random = new Random(7);
    return Array.from({ length: 4 }, () => step(random.normal([16, 4]), random.integers([16], 0, 3)).item());
  });
});
