import { readdirSync, readFileSync } from 'node:fs';
import * as kernels from '@tapegrad/kernels';
import * as testing from '@tapegrad/kernels/testing';
import { describe, expect, test } from 'vitest';

const folder = new URL('..', import.meta.url);
const textOf = (file: string) => readFileSync(new URL(file, folder), 'utf8');
const readme = textOf('README.md');

describe('the reading order', () => {
  const order = [...readme.matchAll(/^\d+\. `(.*)`:/gm)].map(([, file]) => file!);

  test('names every file once', () => {
    const files = readdirSync(new URL('src', folder), { recursive: true, encoding: 'utf8' })
      .map((file) => file.replaceAll('\\', '/'))
      .filter((file) => file.endsWith('.ts'));
    expect([...order].sort()).toEqual(files.sort());
  });

  test.each(order)('%s imports only files before it', (file) => {
    const before = order.slice(0, order.indexOf(file));
    const base = new URL(`src/${file}`, folder);
    const imported = [...textOf(`src/${file}`).matchAll(/ from '(\..*)';$/gm)].map(
      ([, path]) => new URL(path!, base).href.split('/src/').at(-1)!,
    );
    expect(imported.filter((path) => !before.includes(path))).toEqual([]);
  });
});

describe('the programs run, and give what their comments say', () => {
  const programs = [...readme.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, program]) => program!);

  test.each(programs)('%s', (program) => {
    const code = program
      .replaceAll(/^import (.*) from '(.*)';$/gm, "const $1 = modules['$2'];")
      .replaceAll(/^(?!const )(.*); \/\/ (.*)$/gm, 'expect($1).toEqual($2);');
    const modules = { '@tapegrad/kernels': kernels, '@tapegrad/kernels/testing': testing };
    new Function('modules', 'expect', code)(modules, expect);
    expect.hasAssertions();
  });
});
