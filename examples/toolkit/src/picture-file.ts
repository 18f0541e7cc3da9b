/** Saves a picture as SVG, and also as PNG for viewers without SVG. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { printFile } from './program.ts';
import { writeFileAtomic } from './whole-file.ts';

/** Fonts from a package, so that pictures look the same on every machine. */
const FONTS = [
  import.meta.resolve('@fontsource/inter/files/inter-latin-400-normal.woff2'),
  import.meta.resolve('@fontsource/inter/files/inter-latin-600-normal.woff2'),
];

/** A generous limit for the bytes of all pictures of a program. */
export const PICTURE_BYTES = 2 ** 21;

/** The number of PNG pixels per SVG unit, for high-resolution screens. */
const SCALE = 2;

/**
 * Writes `path.svg` and `path.png`, each completely or not at all, and creates their folder.
 *
 * @returns the two paths.
 */
export async function savePicture(path: string, svg: string): Promise<readonly [svg: string, png: string]> {
  const files = [`${path}.svg`, `${path}.png`] as const;
  const png = await toPng(svg);
  writeFileAtomic(files[0], svg);
  writeFileAtomic(files[1], png);
  return files;
}

/** Saves a picture, and prints its path. */
export async function writePicture(path: string, svg: string): Promise<void> {
  for (const file of await savePicture(path, svg)) printFile(file);
}

const read = (url: string): Buffer => readFileSync(fileURLToPath(url));

let renderer: Promise<readonly Buffer[]> | undefined;

async function loadRenderer(): Promise<readonly Buffer[]> {
  await initWasm(read(import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm')));
  return FONTS.map(read);
}

async function toPng(svg: string): Promise<Uint8Array> {
  renderer ??= loadRenderer();
  const font = { loadSystemFonts: false, fontBuffers: [...(await renderer)], defaultFontFamily: 'Inter' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: SCALE } }).render().asPng();
}
