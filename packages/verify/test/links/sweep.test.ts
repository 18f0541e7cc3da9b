/** The names of links, and the single sweep that computes them. */

import { ArgumentError, noGrad, parameter, ShapeError, TapeError, type Tensor } from '@tapegrad/core';
import { type Kernels, type NdArray, setInterpreter } from '@tapegrad/core/extend';
import { plain, primitives } from '@tapegrad/kernels';
import { links } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { restoreInterpreter } from '../../../../test/interpreters.ts';
import { b, normal, project, squared, w, weight, x } from './expected.ts';

describe('names', () => {
  const twoLayers = (first: string | undefined, second: string | undefined): string[] => {
    const named = (name: string | undefined) => parameter(normal(3, 3), name === undefined ? {} : { name });
    return links(project(x.matmul(named(first)).relu().matmul(named(second)))).map(({ name }) => name);
  };

  test.each([
    ['the path of a module', ['encoder.0.weight', 'encoder.2.weight'], ['encoder.0', 'encoder.2']],
    ['names of weights', ['W1', 'gate.in'], ['W1', 'gate.in']],
    ['none', [undefined, undefined], ['layer 1', 'layer 2']],
    ['the name that a weight has before it is in a model', ['weight', 'weight'], ['layer 1', 'layer 2']],
    ['one alone', [undefined, 'head.weight'], ['layer 1', 'head']],
    ['two that are the same', ['w', 'w'], ['w', 'w (2)']],
  ] as const)('%s', (_, [first, second], expected) => {
    expect(twoLayers(first, second)).toEqual(expected);
  });

  test('of a weight that is seen in part', () => {
    const qkv = weight('attention.weight', 3, 6);
    const [q, k] = [0, 3].map((start) => x.matmul(qkv.slice(1, start, start + 3))) as [Tensor, Tensor];
    expect(links(project(q.matmul(k.transpose()))).map(({ name }) => name)).toEqual(['attention', 'attention (2)']);
  });
});

describe('the sweep', () => {
  const build = (width: number, depth: number): Tensor => {
    let z: Tensor = normal(width, width);
    for (let l = 1; l <= depth; l++)
      z = z
        .matmul(weight(`W${l}`, width, width))
        .add(weight(`b${l}`, width))
        .tanh();
    return z.sum();
  };
  const everything = (loss: Tensor) => loss.backward({ retainGraph: true });

  /** Runs a forward pass and then a function, and calls `before` before every primitive of the function. */
  function spying(loss: () => Tensor, run: (loss: Tensor) => unknown, before: (op: string) => void): void {
    setInterpreter(plain);
    const result = loss();
    const spied = primitives.map((op) => {
      const kernel = plain[op] as (...args: readonly unknown[]) => NdArray;
      const spy = (...args: readonly unknown[]): NdArray => {
        before(op);
        return kernel(...args);
      };
      return [op, spy];
    });
    setInterpreter(Object.fromEntries(spied) as Kernels<NdArray>);
    run(result);
    restoreInterpreter();
  }

  test('computes each product that a sweep computes, once', () => {
    const productsOf = (run: (loss: Tensor) => unknown): number => {
      let products = 0;
      spying(
        () => build(3, 6),
        run,
        (op) => {
          if (op === 'matmul') products++;
        },
      );
      return products;
    };
    expect(productsOf(everything)).toBe(2 * 6 - 1);
    expect(productsOf(links)).toBe(2 * 6 - 1);
  });

  test('takes no more than twice the memory of one that finds the gradients alone', () => {
    const peakOf = (run: (loss: Tensor) => unknown): number => {
      const inUse = () => {
        globalThis.gc!();
        return process.memoryUsage().arrayBuffers;
      };
      const before = inUse();
      let peak = 0;
      spying(
        () => build(128, 5),
        run,
        () => {
          peak = Math.max(peak, inUse() - before);
        },
      );
      return peak;
    };
    const plainPeak = peakOf(everything);
    expect(plainPeak).toBeGreaterThan(128 * 128 * 8 * 15);
    expect(peakOf(links)).toBeLessThan(2 * plainPeak);
  });

  test('leaves the tape as it was', () => {
    const loss = build(3, 2);
    const first = links(loss).map(({ delta }) => delta.toArray());
    expect(links(loss).map(({ delta }) => delta.toArray())).toEqual(first);
    expect(loss.backward().size).toBe(4);
  });

  test('is not recorded, and neither is what it gives', () => {
    for (const { delta, weightGradient, biasGradient } of links(build(3, 2))) {
      expect([delta, weightGradient, biasGradient!].map(({ requiresGrad }) => requiresGrad)).toEqual([
        false,
        false,
        false,
      ]);
    }
  });
});

describe('errors', () => {
  test('a loss that nothing can be learnt from', () => {
    const sentence = 'links: the loss does not depend on a tensor that requires a gradient';
    expect(() => links(x.sum())).toThrow(new TapeError(sentence));
    expect(() => links(noGrad(() => x.matmul(w).sum()))).toThrow(new TapeError(sentence));
  });

  test('a tape that is used up', () => {
    const loss = squared(x.matmul(w));
    loss.backward();
    expect(() => links(loss)).toThrow(TapeError);
  });

  test('no loss, but a tensor of several elements', () => {
    expect(() => links(x.matmul(w))).toThrow(ShapeError);
  });

  test('a weight that changed since', () => {
    const changed = parameter(normal(3, 2), { name: 'changed' });
    const loss = squared(x.matmul(changed).add(b));
    changed.assign(changed.detach().mul(2));
    expect(() => links(loss)).toThrow(/'changed' of 'matmul' changed after the forward pass/);
  });

  test('no tensor', () => {
    expect(() => links(1 as never)).toThrow(new ArgumentError('links: expected a tensor, got 1'));
  });
});
