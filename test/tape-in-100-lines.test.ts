/** The page that explains the design in one program. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { testExamples } from './examples.ts';

const page = 'docs/tape-in-100-lines.md';

testExamples([page], {}, { continued: true });

test('the program has 100 lines', () => {
  const text = readFileSync(new URL(`../${page}`, import.meta.url), 'utf8');
  const code = Array.from(text.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, block]) => block!).join('');
  expect(code.split('\n').filter((line) => line.trim() !== '').length).toBeLessThanOrEqual(100);
});
