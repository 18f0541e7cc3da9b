/** Each term in the glossary occurs in the file to which it points. */

import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8');

const rows = Array.from(
  read('docs/glossary.md').matchAll(/^\| ([a-z ]+) \| .* \| `(packages\/\S+)` \|$/gm),
  ([, word, file]) => ({ word: word!, file: file! }),
);

test('the glossary has words', () => {
  expect(rows.length).toBeGreaterThan(10);
});

test.each(rows)('$word is a word of $file', ({ word, file }) => {
  expect(read(file).toLowerCase()).toContain(word);
});
