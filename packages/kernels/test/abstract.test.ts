import { abstract, primitives } from '@tapegrad/kernels';
import { call, casesOf, expectation, inputsOf } from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';

describe('the abstract interpreter knows the type of every result', () => {
  test.each(primitives)('%s', (primitive) => {
    const wrong = casesOf(primitive).filter((c) => {
      const type = call(abstract, primitive, inputsOf(c), c.attributes);
      const { shape, dtype } = expectation(c);
      return String(type.shape) !== String(shape) || type.dtype !== dtype;
    });
    expect(wrong.map((c) => c.name)).toEqual([]);
  });
});
