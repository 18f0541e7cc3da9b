import { checkpoint, defineOp, parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { graph, listing } from '@tapegrad/inspect';
import { describe, expect, test } from 'vitest';
import { expectWellFormed, parsed, textsOf } from './svg.ts';

const random = new Random(1);

/** Two layers, the first with a bias; names contain `<`, which must not become markup. */
function network() {
  const [w1, b1, w2] = [
    parameter(random.normal([4, 5]), { name: 'first<.weight' }),
    parameter(random.normal([5]), { name: 'first<.bias' }),
    parameter(random.normal([5, 2]), { name: 'second.weight' }),
  ];
  const x = random.normal([3, 4]);
  return x.matmul(w1).add(b1).tanh().mul(0.5).matmul(w2).pow(2).sum();
}

describe('listing', () => {
  test('names inputs, steps and constants, with shapes', () => {
    const w = parameter(tensor([[1], [2]]), { name: 'w' });
    const loss = tensor([[3, 4]])
      .matmul(w)
      .mul(2)
      .sum();
    expect(listing(loss).split('\n')).toEqual([
      'input 1                  float32 [1, 2]',
      'w = parameter            float32 [2, 1]',
      '%0 = matmul(input 1, w)  float32 [1, 1]',
      '%1 = mul(%0, 2)          float32 [1, 1]',
      '%2 = sum(%1, [0, 1])     float32 [1, 1]',
      '%3 = reshape(%2)         float32 []',
    ]);
  });

  test('tells inputs of one name apart', () => {
    const [a, b] = [parameter(tensor(1)), parameter(tensor(2))];
    expect(listing(a.mul(b)).split('\n').at(-1)).toMatch(/^%0 = mul\(parameter, parameter 2\)/);
  });

  test('names operations of a program, with their options, and checkpoints', () => {
    const scaled = defineOp({
      name: 'scaled',
      forward: (x: Tensor, { by }: { readonly by: number }) => x.mul(by),
      vjp: (g, _y, _x, { by }) => g.mul(by),
    });
    const w = parameter(tensor([[1], [2]]), { name: 'w' });
    const loss = checkpoint((x: Tensor) => x.exp())(scaled(w, { by: 3 }));
    expect(listing(loss).split('\n')).toEqual([
      'w = parameter           float32 [2, 1]',
      '%0 = scaled(w, {by:3})  float32 [2, 1]',
      '%1 = checkpoint(%0)     float32 [2, 1]',
    ]);
  });

  test('refuses a tape that is used up', () => {
    const loss = network();
    loss.backward();
    expect(() => listing(loss)).toThrow(/consumed/);
  });
});

describe('graph', () => {
  test('of checkpoints has a box for each, and no frame for what is within', async () => {
    const [w, v] = [4, 5].map((length) => parameter(random.normal([length, 5]), { name: `w${length}` }));
    const block = checkpoint((x: Tensor) => x.matmul(w!).tanh());
    const texts = textsOf(
      parsed(
        await graph(
          block(random.normal([3, 4]))
            .matmul(v!)
            .sum(),
        ),
      ),
      'text',
    );
    expect(texts).toContain('checkpoint');
    expect(texts.filter((text) => text.includes(' · '))).toEqual(['w5 · identity']);
  });

  test('has a box with its shape for every step and input, and a frame for every layer', async () => {
    const svg = await graph(network(), { title: 'Two <layers>' });
    expectWellFormed(svg);
    const document = parsed(svg);
    const texts = textsOf(document, 'text');
    for (const name of ['matmul', 'add', 'tanh', 'mul 0.5', 'pow 2', 'first<.weight', 'first<.bias', 'second.weight']) {
      expect(texts).toContain(name);
    }
    expect(texts).toContain('first< · tanh → mul');
    expect(texts).toContain('second · identity');
    expect(texts.filter((text) => text.startsWith('‖δ‖ ') && /\d/.test(text))).toHaveLength(2);
    expect(texts).toContain('[3, 5]');
    expect(document.querySelector('title')?.textContent).toBe('Two <layers>');
  });

  test('leaves the tape as it was', async () => {
    const loss = network();
    await graph(loss);
    expect(loss.backward().size).toBe(3);
  });

  test('keeps all boxes inside the picture', async () => {
    const document = parsed(await graph(network()));
    const svg = document.querySelector('svg')!;
    const [width, height] = ['width', 'height'].map((name) => Number(svg.getAttribute(name)));
    const boxes = Array.from(document.querySelectorAll('g > rect[stroke-width]'), (rect) => {
      const [, x, y] = /translate\((\S+) (\S+)\)/.exec(rect.parentElement!.getAttribute('transform')!)!;
      return { x: Number(x), y: Number(y), width: Number(rect.getAttribute('width')) };
    });
    expect(boxes).toHaveLength(12);
    for (const box of boxes) {
      expect(box.x).toBeGreaterThanOrEqual(0);
      expect(box.x + box.width).toBeLessThan(width!);
      expect(box.y).toBeLessThan(height!);
    }
  });

  test('draws what has no layer', async () => {
    const x = tensor([1, 2], { requiresGrad: true });
    expect(textsOf(parsed(await graph(x.mul(x).sum())), 'text')).toContain('sum [0]');
  });
});
