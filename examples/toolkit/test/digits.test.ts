import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { imageOf } from '@tapegrad/example-toolkit/labelled-images';
import { describe, expect, test } from 'vitest';

describe('loadDigits', () => {
  test('reads all 10,000 test digits, every one labelled', () => {
    const { count, images, labels, pixels } = loadDigits('test');
    expect(count).toBe(10_000);
    expect(images.shape).toEqual([10_000, 1, 28, 28]);
    expect(labels.shape).toEqual([10_000]);
    expect(labels.dtype).toBe('int32');
    expect(pixels).toHaveLength(10_000 * 784);
    // As LeCun counts them.
    const counts = Array.from({ length: 10 }, (_, digit) => labels.data.filter((label) => label === digit).length);
    expect(counts).toEqual([980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009]);
  });

  test('reads the first digits alone', () => {
    const { count, images, labels } = loadDigits('train', 5);
    expect(count).toBe(5);
    expect(images.shape).toEqual([5, 1, 28, 28]);
    expect([...labels.data]).toEqual([5, 0, 4, 1, 9]);
  });

  test('standardises by the training digits', () => {
    const { images } = loadDigits('train', 2000);
    expect(images.mean().item()).toBeCloseTo(0, 1);
    expect(images.variance().item()).toBeCloseTo(1, 1);
  });
});

test('imageOf turns ink dark on light', () => {
  const digits = loadDigits('test', 2);
  const { width, height, pixels } = imageOf(digits, 1);
  expect([width, height, pixels.length]).toEqual([28, 28, 784]);
  expect([...pixels].map((light) => 255 - light)).toEqual([...digits.pixels.subarray(784)]);
});
