import { parameter, Random, type Tensor, tensor, zeros } from '@tapegrad/core';
import { heatMaps, LinkHistory, normsOverTraining } from '@tapegrad/inspect';
import { type Link, links } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';
import { expectWellFormed, parsed, textsOf } from './svg.ts';

const random = new Random(3);

/** Returns the links of a chain of layers whose norms change by a constant factor from the last to the first. */
function chain(depth: number, factor: number, width = 4): Link[] {
  const weights = Array.from({ length: depth }, (_, i) => {
    const diagonal = Array.from({ length: width }, (_, j) =>
      Array.from({ length: width }, (_, k) => (j === k ? factor : 0)),
    );
    return parameter(tensor(diagonal), { name: `layer${i}.weight` });
  });
  const last = weights.reduce<Tensor>((z, w) => z.matmul(w), random.normal([5, width]));
  return links(last.sum());
}

const fills = (svg: string, selector: string): (string | null)[] =>
  Array.from(parsed(svg).querySelectorAll(selector), (cell) => cell.getAttribute('fill'));

describe('LinkHistory', () => {
  test('keeps a norm a layer and step', () => {
    const history = new LinkHistory();
    history.record(chain(2, 0.1));
    history.record(chain(2, 0.1));
    history.record(chain(2, 0.1), 10);
    expect(history.steps).toEqual([0, 1, 10]);
    expect(history.layers).toEqual(['layer0', 'layer1']);
    expect(history.norms).toHaveLength(6);
    expect(history.referenceAt(10)).toBeCloseTo(Math.sqrt(20), 5);
    expect(history.norms[0]!.norm / history.norms[1]!.norm).toBeCloseTo(0.1, 5);
  });

  test('refuses other layers, and steps out of order', () => {
    const history = new LinkHistory();
    history.record(chain(2, 1), 5);
    expect(() => history.record(chain(3, 1))).toThrow('record: expected the layers layer0, layer1, got');
    expect(() => history.record(chain(2, 1), 5)).toThrow('record: step 5 does not come after step 5');
  });
});

describe('normsOverTraining', () => {
  const drawn = (depth: number, factor: number): string => {
    const history = new LinkHistory();
    for (let step = 0; step < 3; step++) history.record(chain(depth, factor), 10 * step);
    return normsOverTraining(history);
  };

  test.each([
    ['vanish', 0.1, 0],
    ['explode', 10, 12],
  ])('shows links that %s', (_, factor, end) => {
    const svg = drawn(5, factor);
    expectWellFormed(svg);
    const cells = fills(svg, '[aria-label=cell] rect');
    expect(cells).toHaveLength(15);
    expect(cells.filter((fill) => fill === `var(--step-${end})`)).toHaveLength(6);
    expect(cells.filter((fill) => fill === 'var(--step-6)')).toHaveLength(3);
    expect(textsOf(parsed(svg), 'text')).toEqual(expect.arrayContaining(['layer0', 'layer4', '4.5']));
  });

  test('names some of very many layers, the first and the last among them', () => {
    const texts = textsOf(parsed(drawn(50, 1)), 'text').filter((text) => text.startsWith('layer'));
    expect(texts).toHaveLength(14);
    expect(texts).toEqual(expect.arrayContaining(['layer0', 'layer49']));
  });

  test('draws one step, one layer, and links that are 0', () => {
    const history = new LinkHistory();
    const w = parameter(zeros([2, 1]), { name: 'w' });
    history.record(links(zeros([3, 2]).matmul(w).mul(0).sum()));
    expectWellFormed(normsOverTraining(history));
  });

  test('refuses an empty history', () => {
    expect(() => normsOverTraining(new LinkHistory())).toThrow('normsOverTraining: the history is empty');
  });
});

describe('heatMaps', () => {
  test('draws a cell an element, by sign and size', () => {
    const w = parameter(tensor([[1, -1, 0]]), { name: 'w' });
    const a = tensor([[1], [1]]).matmul(w);
    const svg = heatMaps(links(a.mul(tensor([[4, -1, 0]])).sum()));
    expectWellFormed(svg);
    const cells = fills(svg, 'g[shape-rendering] rect');
    expect(cells).toEqual(Array(2).fill(['var(--step-12)', 'var(--step-3)', 'var(--step-6)']).flat());
    expect(textsOf(parsed(svg), 'text')).toContain('w');
  });

  test('shows the largest of a block where there are too many elements', () => {
    const w = parameter(random.normal([1, 200]), { name: 'w' });
    const weights = new Float32Array(200);
    weights[117] = -3;
    const svg = heatMaps(links(random.normal([100, 1]).matmul(w).mul(tensor(weights)).sum()));
    const cells = fills(svg, 'g[shape-rendering] rect');
    expect(cells).toHaveLength(48 * 48);
    expect(cells.filter((fill) => fill === 'var(--step-0)')).toHaveLength(48);
  });

  test('refuses no links', () => {
    expect(() => heatMaps([])).toThrow('heatMaps: there are no links to show');
  });
});
