/**
 * Invalid calls: each throws the right class of error, with a message that names the call, the argument, and what was
 * expected.
 */

import { parameter, zeros } from '@tapegrad/core';
import type { Window } from '@tapegrad/core/extend';
import { expect, test } from 'vitest';

/** An argument of any type, as JavaScript may pass it. */
export const untyped = (x: unknown): never => x as never;

export const float = (...shape: number[]) => zeros(shape);
export const int = (...shape: number[]) => zeros(shape, { dtype: 'int32' });
export const bool = (...shape: number[]) => zeros(shape, { dtype: 'bool' });
export const weight = () => parameter(zeros([2]), { name: 'weight' });
export const window = (size: number): Window => ({ size, stride: 1, dilation: 1, padding: [0, 0] });

type BadCall = readonly [message: string, error: new (...args: never[]) => Error, call: () => unknown];

export const testBadCalls = (badCalls: readonly BadCall[]): void =>
  test.each(badCalls)('%s', (message, error, call) => {
    expect(call).toThrow(error);
    expect(call).toThrow(expect.objectContaining({ name: error.name, message: expect.stringContaining(message) }));
  });
