/** Saves an SVG picture, and the same as PNG for where SVG is not shown. */

import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { initWasm, Resvg } from '@resvg/resvg-wasm';

/** A package's own fonts, so that pictures look the same everywhere, and on a machine without any font. */
const FONTS = [400, 600].map((weight) => `@fontsource/inter/files/inter-latin-${weight}-normal.woff2`);

/** Pixels of the PNG for a unit of the SVG: sharp on fine screens. */
const SCALE = 2;

/**
 * Writes `path.svg` and `path.png`, and the folder that they lie in.
 *
 * @returns the two paths.
 */
export async function savePicture(path: string, svg: string): Promise<readonly [svg: string, png: string]> {
  const files = [`${path}.svg`, `${path}.png`] as const;
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(files[0], svg);
  writeFileSync(files[1], await toPng(svg));
  return files;
}

const read = (file: string): Buffer => readFileSync(createRequire(import.meta.url).resolve(file));

let renderer: Promise<readonly Buffer[]> | undefined;

async function loadRenderer(): Promise<readonly Buffer[]> {
  await initWasm(read('@resvg/resvg-wasm/index_bg.wasm'));
  return FONTS.map(read);
}

async function toPng(svg: string): Promise<Uint8Array> {
  renderer ??= loadRenderer();
  const font = { loadSystemFonts: false, fontBuffers: [...(await renderer)], defaultFontFamily: 'Inter' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: SCALE } }).render().asPng();
}
