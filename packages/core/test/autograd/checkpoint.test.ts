/** Checkpoints give bit-identical gradients of any order, with less memory. */

import {
  checkpoint,
  defineOp,
  grad,
  hvp,
  jacobian,
  jvp,
  ones,
  type Parameter,
  parameter,
  Random,
  sum as sumOf,
  TapeError,
  Tensor,
  tensor,
  vmap,
} from '@tapegrad/core';
import { isRecomputing } from '@tapegrad/core/extend';
import { tapeOf } from '@tapegrad/core/tape';
import { centralDifferences, links, verify } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { expectClose } from '../close.ts';

type Block = (x: Tensor) => Tensor;
type Wrap = (block: Block) => Block;
const plainly: Wrap = (block) => block;

const leaf = (x: Tensor): Tensor => new Tensor(x.array, undefined, true);
const numbers = (x: Tensor): number[] => [...x.data];
const weightsOf = (count: number, width: number): Parameter[] =>
  Array.from({ length: count }, (_, i) =>
    parameter(new Random(i).normal([width, width], { std: 0.3, dtype: 'float64' }), { name: `layers.${i}.weight` }),
  );

const [first, second] = weightsOf(2, 4) as [Parameter, Parameter];
const x = leaf(new Random(9).normal([3, 4], { dtype: 'float64' }));
const outside = leaf(new Random(8).normal([4], { dtype: 'float64' }));

/** Dropout, as implemented by a layer. */
const dropout = (z: Tensor, random: Random): Tensor => z.mul(random.bernoulli(z.shape, 0.5, { dtype: 'float64' }));

// Programs whose blocks can be made checkpoints.
const programs: { readonly [name: string]: (wrap: Wrap) => Tensor } = {
  'one block': (wrap) => wrap((z) => z.matmul(first).tanh())(x),
  'one after the other': (wrap) => wrap((z) => z.matmul(second).sigmoid())(wrap((z) => z.matmul(first).tanh())(x)),
  'around which an input goes, and which takes it often': (wrap) =>
    wrap((z) => z.matmul(first).mul(z).add(z.matmul(second)).sub(z))(x)
      .add(x)
      .mul(x),
  'with weights that blocks share': (wrap) => {
    const block = wrap((z) => z.matmul(first).add(z).matmul(first).tanh());
    return block(block(block(x))).matmul(first);
  },
  'with a result of the program from outside': (wrap) => {
    const h = outside.exp();
    return wrap((z) => z.mul(h).add(h).sin())(x.mul(h)).mul(h);
  },
  nested: (wrap) => wrap((z) => wrap((a) => wrap((b) => b.matmul(first).tanh())(a).mul(a))(z).add(z))(x),
  'with random draws': (wrap) => {
    const [random, other] = [new Random(3), new Random(4)];
    const block = wrap((z) => dropout(dropout(z.matmul(first), random).tanh(), other));
    return dropout(block(block(x)), random);
  },
  'nested with random draws': (wrap) => {
    const random = new Random(3);
    return wrap((z) => dropout(wrap((a) => dropout(a.matmul(first), random).tanh())(z), random))(x);
  },
  'of slices': (wrap) =>
    wrap((z) =>
      z
        .slice(0, 0, 2)
        .mul(z.slice(0, 1, 3))
        .add(z.slice(0, 0, 2)),
    )(x.tanh()),
  'that gives back what it took': (wrap) => wrap((z) => z)(x.tanh()).mul(wrap((z) => z)(x)),
  'of a view': (wrap) => wrap((z) => z.transpose())(x).matmul(x.tanh()),
  'around an operation of one’s own': (wrap) => {
    const cube = defineOp({
      name: 'cube',
      forward: (z: Tensor) => z.pow(3),
      vjp: (g, _y, z) => g.mul(z.mul(z)).mul(3),
    });
    return wrap((z) => cube(z.matmul(first)).tanh())(x);
  },
  'with a gradient within': (wrap) => wrap((z) => grad((a: Tensor) => sumOf(a.matmul(first).tanh()))(z).mul(z))(x),
};

const inputs = [x, outside, first, second];

describe.each(Object.entries(programs))('blocks %s', (_, program) => {
  test('have the same gradients to the bit', () => {
    const [kept, again] = [plainly, checkpoint].map((wrap) => {
      const y = program(wrap);
      const gradients = y.mul(y).sum().backward();
      return [numbers(y), ...inputs.map((input) => gradients.has(input) && numbers(gradients.of(input)))];
    });
    expect(again).toEqual(kept);
  });

  test('have the same second derivatives', () => {
    const [kept, again] = [plainly, checkpoint].map((wrap) => {
      const y = program(wrap);
      const gradients = y.mul(y).sum().backward({ createGraph: true });
      const norms = [...gradients].map(([, g]) => g.mul(g).sum());
      const curvatures = norms.reduce((total, norm) => total.add(norm)).backward();
      return inputs.filter((input) => curvatures.has(input)).map((input) => curvatures.of(input));
    });
    expect(again!.length).toBe(kept!.length);
    again!.forEach((curvature, i) => {
      expectClose(curvature, numbers(kept![i]!), 1e-12);
    });
  });

  test('give what is wanted alone, and leave a retained tape as it was', () => {
    const y = program(checkpoint).sum();
    const all = y.backward({ retainGraph: true });
    for (const input of inputs.filter((input) => all.has(input))) {
      const gradients = y.backward({ wanted: [input], retainGraph: true });
      expect(gradients.size).toBe(1);
      expect(numbers(gradients.of(input))).toEqual(numbers(all.of(input)));
    }
  });

  test('have the same tangents', () => {
    const [kept, again] = [plainly, checkpoint].map((wrap) => {
      const along = jvp((z: Tensor) => wrap((a) => a.matmul(first).tanh().mul(a))(z), [x], [x.detach()]);
      return numbers(along[1]);
    });
    expect(again).toEqual(kept);
  });
});

describe('on the tape', () => {
  const block = checkpoint((z: Tensor) => z.matmul(first).tanh());

  test('a call is one entry, which knows what the function took from outside', () => {
    const [entry, ...others] = tapeOf<Tensor>(block(x).sum());
    expect(entry).toMatchObject({ op: 'checkpoint', name: 'checkpoint' });
    expect(new Set(entry!.inputs)).toEqual(new Set([x, first]));
    expect(others.map(({ op }) => op)).toEqual(['sum', 'reshape']);
  });

  test('is nothing where no gradient can flow', () => {
    expect(checkpoint((z: Tensor) => z.exp())(ones([2])).entry).toBeUndefined();
    expect(checkpoint((z: Tensor) => z.detach().exp())(x).entry).toBeUndefined();
  });

  test('central differences look into it', () => {
    const loss = block(x.mul(2)).mul(x).sum();
    expectClose(centralDifferences(loss, first), numbers(loss.backward().of(first)), 1e-8);
  });

  const twoBlocks = (wrap: Wrap): Tensor => {
    const h = wrap((z) => z.matmul(first).tanh())(x.detach());
    return wrap((z) => z.matmul(second).sigmoid())(h)
      .pow(2)
      .sum();
  };

  test('links find the layers within it', () => {
    const [kept, again] = [plainly, checkpoint].map((wrap) => links(twoBlocks(wrap)));
    expect(again!.map(({ name, transition }) => [name, transition])).toEqual([
      ['layers.0', 'tanh'],
      ['layers.1', 'sigmoid'],
    ]);
    again!.forEach(({ delta, weightGradient, weight }, i) => {
      expect(numbers(delta)).toEqual(numbers(kept![i]!.delta));
      expect(numbers(weightGradient)).toEqual(numbers(kept![i]!.weightGradient));
      expect(weight).toBe([first, second][i]);
    });
  });

  test('formulas are verified in it', () => {
    const report = verify(
      { loss: twoBlocks(checkpoint) },
      { delta_l: ({ delta, W, slope }, l) => delta[l + 1]!.matmul(W[l + 1]!.transpose()).mul(slope(l)) },
    );
    expect(report.passed).toBe(true);
  });

  describe('inside vmap', () => {
    const row: Block = (z) => z.reshape([1, 4]).matmul(first).tanh().matmul(second).sigmoid();
    const own: Block = (z) => grad((a: Tensor) => sumOf(row(a)))(z).mul(z);
    const rows = new Random(6).normal([2, 3, 4], { dtype: 'float64' });
    const lossOf = (f: Block) => (z: Tensor) => sumOf(f(z).mul(z));
    const ways: { readonly [name: string]: (f: Block) => Tensor } = {
      'with a gradient of each example': (f) => vmap(grad(lossOf(f)))(x),
      'with a gradient through the batch': (f) => grad((z: Tensor) => sumOf(vmap(f)(z).pow(2) as Tensor))(x),
      'of a parameter': (f) =>
        sumOf(vmap(f)(x).pow(2) as Tensor)
          .backward()
          .of(first),
      'of a batch of batches': (f) => grad((z: Tensor) => sumOf(vmap(vmap(f))(z).pow(2) as Tensor))(rows),
      'with gradients between the batches': (f) =>
        vmap(grad((z: Tensor) => sumOf(vmap(f)(z).pow(2) as Tensor<readonly [number]>)))(rows),
      'with tangents': (f) => vmap((z: Tensor) => jvp(f, [z], [z])[1])(x),
      'with products with Hessians': (f) => vmap((z: Tensor) => hvp(lossOf(f), [z], [z])[0] as Tensor)(x),
      'with Jacobians': (f) => jacobian((z: Tensor) => vmap(f)(z))(x) as Tensor,
      'with Jacobians of each example': (f) => vmap((z: Tensor) => jacobian(f)(z) as Tensor)(x),
    };
    const cases = Object.entries(ways).flatMap(([name, way]) => [
      { name, way, f: row },
      { name: `${name}, around a gradient`, way, f: own },
    ]);

    test.each(cases)('$name', ({ way, f }) => {
      expect(numbers(way(checkpoint(f)))).toEqual(numbers(way(f)));
    });

    test('nothing is kept of it', () => {
      const ops = tapeOf(vmap(checkpoint(row))(x)).map(({ op }) => op);
      expect(ops).toEqual(['checkpoint']);
    });
  });
});

describe('what is updated on the side', () => {
  test('generators go on from where the forward pass left them', () => {
    const random = new Random(1);
    const y = checkpoint((z: Tensor) => dropout(z, random))(x).sum();
    const { state } = random;
    y.backward();
    expect(random.state).toEqual(state);
  });

  test('the function can tell that it is run again', () => {
    const seen: boolean[] = [];
    const y = checkpoint((z: Tensor) => {
      seen.push(isRecomputing());
      return z.exp();
    })(x).sum();
    y.backward();
    expect([...seen, isRecomputing()]).toEqual([false, true, false]);
  });

  test('a function that computes something else then is an error', () => {
    let training = true;
    const y = checkpoint((z: Tensor) => (training ? z.mul(2) : z.mul(3)))(x).sum();
    training = false;
    expect(() => y.backward()).toThrow(TapeError);
    expect(() => y.backward()).toThrow(
      'checkpoint: the function gave another result when the backward pass ran it again',
    );
    expect(isRecomputing()).toBe(false);
    training = true;
    expect(y.backward().of(x).data[0]).toBe(2);
  });

  test('and so is one whose shape or error differs', () => {
    let calls = 0;
    const changing = checkpoint((z: Tensor) => (calls++ === 0 ? z.exp() : z.exp().sum()));
    const y = changing(x);
    expect(() => y.sum().backward()).toThrow('gave another result');
    const failing = checkpoint((z: Tensor) => {
      if (isRecomputing()) throw new Error('on purpose');
      return z.exp();
    });
    const z = failing(x);
    expect(() => z.sum().backward()).toThrow('on purpose');
    expect(isRecomputing()).toBe(false);
  });

  test('NaN is the same as NaN', () => {
    const z = tensor([-1, 4], { requiresGrad: true });
    expect(
      checkpoint((a: Tensor) => a.sqrt())(z)
        .sum()
        .backward()
        .of(z)
        .toArray(),
    ).toEqual([Number.NaN, 0.25]);
  });

  test('a parameter that changed is noticed', () => {
    const w = parameter(ones([2]), { name: 'w' });
    const y = checkpoint((z: Tensor) => z.mul(w))(ones([2])).sum();
    w.assign(ones([2]));
    expect(() => y.backward()).toThrow("'w' of 'checkpoint' changed after the forward pass");
  });
});

test('a swept tape holds nothing of what a checkpoint took', () => {
  const y = checkpoint((z: Tensor) => z.exp())(x).sum();
  const [entry] = tapeOf<Tensor>(y);
  y.backward();
  expect(entry!.attributes).toBeUndefined();
  expect(() => y.backward()).toThrow("consumed at 'reshape'");
});

describe('memory of 40 layers', () => {
  const [rows, width, layers] = [64, 256, 40];
  const weights = Array.from({ length: layers }, (_, i) =>
    parameter(new Random(i).normal([width, width], { std: 0.06 })),
  );
  const data = new Random(77).normal([rows, width]);

  const bytesInUse = (): number => {
    // The second depends on the result of the first.
    globalThis.gc!();
    globalThis.gc!();
    return process.memoryUsage().arrayBuffers;
  };

  /**
   * Returns the peak of the memory in use, above that at the start and measured at the end of each part of either pass,
   * and a gradient.
   */
  function train(each: number, wrap: Wrap) {
    let peak = 0;
    const start = bytesInUse();
    const probe = defineOp({
      name: 'probe',
      forward: (z: Tensor) => {
        peak = Math.max(peak, bytesInUse() - start);
        return z;
      },
      vjp: (g) => {
        peak = Math.max(peak, bytesInUse() - start);
        return g;
      },
    });
    let z: Tensor = data;
    for (let i = 0; i < layers; i += each) {
      const own = weights.slice(i, i + each);
      z = wrap((a) => probe(own.reduce((h, w) => h.matmul(w).tanh().mul(h.sigmoid()), a)))(z);
    }
    const gradients = z.sum().backward({ wanted: weights.slice(0, 1) });
    return { peak, gradient: numbers(gradients.of(weights[0]!)) };
  }

  test('is less than half, with the same gradients', () => {
    const kept = train(5, plainly);
    const again = train(5, checkpoint);
    expect(again.gradient).toEqual(kept.gradient);
    expect(again.peak).toBeLessThan(kept.peak / 2);
    expect(kept.peak).toBeGreaterThan(layers * 3 * rows * width * 4);
  });
});
