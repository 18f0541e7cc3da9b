import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { type MistakesOptions, mistakesPicture } from '@tapegrad/example-toolkit/mistakes';
import { describe, expect, test } from 'vitest';

describe('mistakesPicture', () => {
  const digits = loadDigits('test', 30);
  const options: MistakesOptions = {
    unit: 'digits',
    captions: ({ label, predicted, confidence }) => ({
      caption: `${label} read as ${predicted}`,
      details: `${(100 * confidence).toFixed(2)} % sure`,
    }),
  };
  const confidence = Float32Array.from({ length: 30 }, (_, i) => (i + 1) / 32);

  test('shows the surest mistakes first', () => {
    const predicted = Int32Array.from(digits.labels.data, (label, i) => (i < 3 ? (label + 1) % 10 : label));
    const svg = mistakesPicture(digits, { predicted, confidence }, options) ?? '';
    expect(svg.match(/\d read as \d/g)).toEqual(['1 read as 2', '2 read as 3', '7 read as 8']);
    expect(svg.match(/[\d.]+ % sure/g)).toEqual(['9.38 % sure', '6.25 % sure', '3.13 % sure']);
    expect(svg).toContain('3 of the 3 test digits');
  });

  test('shows no more than it is asked for', () => {
    const predicted = new Int32Array(30).fill(-1);
    const svg = mistakesPicture(digits, { predicted, confidence }, { ...options, most: 6 }) ?? '';
    expect(svg.match(/<image /g)).toHaveLength(6);
    expect(svg).toContain('6 of the 30 test digits');
  });

  test('is none where there are no mistakes', () => {
    const predicted = Int32Array.from(digits.labels.data);
    expect(mistakesPicture(digits, { predicted, confidence }, options)).toBeUndefined();
  });
});
