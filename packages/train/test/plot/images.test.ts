/** Pictures made of images. */

import { ones, Random, tensor, zeros } from '@tapegrad/core';
import { decodePng } from '@tapegrad/files/images';
import { type ClassifiedImages, imageGrid, imageUrl, mistakesPicture } from '@tapegrad/train/plot';
import { describe, expect, test } from 'vitest';

const pixelsOf = (url: string) => {
  const { width, height, channels, data } = decodePng(Buffer.from(url.slice(url.indexOf(',') + 1), 'base64'));
  return { width, height, channels, data: [...data] };
};

describe('imageUrl', () => {
  test.each([
    ['0 to 1', tensor([[0, 0.5, 1]]), {}, [0, 128, 255]],
    ['another range', tensor([[-1, 0, 1]]), { range: [-1, 1] }, [0, 128, 255]],
    ['an inverted range', tensor([[0, 0.2, 1]]), { range: [1, 0] }, [255, 204, 0]],
    ['values beyond the range', tensor([[-3, 0.5, 7]]), {}, [0, 128, 255]],
    ['int32', tensor([[0, 51, 255]], { dtype: 'int32' }), {}, [0, 51, 255]],
    ['bool', tensor([[true, false]]), {}, [255, 0]],
  ] as const)('draws %s', (_, image, options, data) => {
    expect(pixelsOf(imageUrl(image, options))).toMatchObject({ height: 1, channels: 1, data });
  });

  test('draws colours', () => {
    const image = tensor([[[1, 0]], [[0, 1]], [[0, 0]]]);
    expect(pixelsOf(imageUrl(image))).toEqual({ width: 2, height: 1, channels: 3, data: [255, 0, 0, 0, 255, 0] });
  });

  test('refuses what is no image', () => {
    expect(() => imageUrl(zeros([4]))).toThrow('expected a shape [height, width]');
    expect(() => imageUrl(tensor([[Number.NaN]]))).toThrow('got NaN');
    expect(() => imageUrl(zeros([2, 2]), { range: [1, 1] })).toThrow('a range of two different numbers, got [1, 1]');
    expect(() => imageUrl(zeros([2, 2]), { scale: 1 } as never)).toThrow("unknown option 'scale'");
  });
});

describe('imageGrid', () => {
  test('puts images in rows, as wide as they are asked to be', () => {
    const { svg, width, height } = imageGrid(zeros([5, 1, 10, 20]), { columns: 3, width: 40, gap: 6 });
    expect([width, height]).toEqual([3 * 46 - 6, 2 * 26 - 6]);
    const places = Array.from(svg.matchAll(/<image x="(\d+)" y="(\d+)" width="40" height="20"/g), ([, x, y]) => [x, y]);
    expect(places).toEqual([
      ['0', '0'],
      ['46', '0'],
      ['92', '0'],
      ['0', '26'],
      ['46', '26'],
    ]);
    expect(svg).not.toContain('<text');
  });

  test('leaves room for the longest caption', () => {
    const one = imageGrid(zeros([2, 8, 8]), { captions: ['a < b', 'c'] });
    const three = imageGrid(zeros([2, 8, 8]), { captions: [['a', 'b', 'c'], 'd'] });
    expect(one.svg).toContain('a &lt; b');
    expect(three.height).toBe(one.height + 2 * 17);
    expect(three.svg.match(/<text/g)).toHaveLength(4);
  });

  test('draws no image at all, without a size', () => {
    expect(imageGrid(zeros([0, 8, 8]))).toEqual({ svg: '', width: 0, height: 0 });
  });

  test('refuses what it can’t draw', () => {
    expect(() => imageGrid(zeros([8, 8]))).toThrow('expected shape [n, height, width] or [n, channels, height, width]');
    expect(() => imageGrid(zeros([2, 8, 8]), { captions: ['a'] })).toThrow(
      'expected 2 captions, one for each image, got 1',
    );
    expect(() => imageGrid(zeros([2, 8, 8]), { columns: 0 })).toThrow('columns is 0, expected an integer above 0');
    expect(() => imageGrid(zeros([2, 8, 8]), { width: 0 })).toThrow('width is 0, expected a number above 0');
    expect(() => imageGrid(zeros([2, 8, 8]), { gap: -1 })).toThrow('gap is -1, expected a number of 0 or more');
  });
});

describe('mistakesPicture', () => {
  // The scores for examples 1 to 4; example 0 is right, and the others are more confident the later they come.
  const results: ClassifiedImages = {
    images: new Random(1).uniform([5, 8, 8]),
    predictions: tensor([
      [9, 0, 0],
      [0, 1, 0],
      [0, 2, 0],
      [0, 0, 3],
      [4, 0, 0],
    ]),
    targets: tensor([0, 0, 0, 0, 2], { dtype: 'int32' }),
  };

  test('shows the most confident mistakes first, with both classes', () => {
    const svg = mistakesPicture(results, { classes: ['T-shirt', 'shoe', 'bag'], unit: 'pictures' });
    expect(svg.match(/>[^<]*\?</g)).toEqual(['>T-shirt?<', '>bag?<', '>shoe?<', '>shoe?<']);
    expect(svg.match(/>is [^<]*</g)).toEqual(['>is bag<', '>is T-shirt<', '>is T-shirt<', '>is T-shirt<']);
    expect(svg.match(/[\d.]+ % sure/g)).toEqual(['96.47 % sure', '90.94 % sure', '78.70 % sure', '57.61 % sure']);
    expect(svg).toContain('4 of the 4 mistakes among 5 pictures');
  });

  test('shows at most as many as asked for', () => {
    const svg = mistakesPicture(results, { limit: 2, title: 'Two of them' });
    expect(svg.match(/<image /g)).toHaveLength(2);
    expect(svg).toContain('2 of the 4 mistakes');
    expect(svg).toContain('Two of them');
  });

  test('says so if there are no mistakes', () => {
    const targets = results.predictions.argmax(1);
    const svg = mistakesPicture({ ...results, targets });
    expect(svg).toContain('All 5 examples are classified correctly.');
    expect(svg).not.toMatch(/NaN|Infinity|<image/);
  });

  test('refuses tensors that don’t fit together', () => {
    const call = (more: object, options = {}) => mistakesPicture({ ...results, ...more }, options);
    expect(() => call({ targets: zeros([5]) })).toThrow('int32 targets [n], got [5, 8, 8], [5, 3] and float32 [5]');
    expect(() => call({ predictions: ones([4, 3]) })).toThrow('got [5, 8, 8], [4, 3] and int32 [5]');
    expect(() => call({ images: ones([4, 8, 8]) })).toThrow('got [4, 8, 8], [5, 3]');
    expect(() => call({}, { classes: ['a'] })).toThrow('expected 3 names of classes, got 1');
    expect(() => call({ targets: tensor([0, 0, 0, 0, 3], { dtype: 'int32' }) })).toThrow(
      'expected classes from 0 to 2',
    );
    expect(() => call({}, { limit: 0 })).toThrow('limit is 0, expected an integer above 0');
  });
});
