import { engineInfo, setVectors } from '@tapegrad/core';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => {
  setVectors(128);
  vi.unstubAllEnvs();
  vi.restoreAllMocks();
});

/** Calls `useWideVectors`, and returns what it prints. */
function printed(): string {
  const write = vi.spyOn(process.stdout, 'write').mockReturnValue(true);
  useWideVectors();
  return write.mock.calls.map(([text]) => String(text)).join('');
}

test('a line says that vectors have 256 bits, if they have', () => {
  const text = printed();
  expect(text).toMatch(engineInfo().vectorBits === 256 ? /^Computes with vectors of 256 bits.*\n$/ : /^$/);
});

test('the environment comes first', () => {
  vi.stubEnv('TAPEGRAD_VECTORS', '128');
  expect(printed()).toBe('');
  expect(engineInfo().vectorBits).toBe(128);
});
