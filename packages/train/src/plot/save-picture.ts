/** Saves a picture as SVG, and also as PNG for viewers without SVG. */

import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { initWasm, Resvg } from '@resvg/resvg-wasm';
import { writeFileAtomic } from '@tapegrad/files/node';

/** Font files from a package, so that pictures look the same on every machine. */
const FONTS = [
  import.meta.resolve('@fontsource/inter/files/inter-latin-400-normal.woff2'),
  import.meta.resolve('@fontsource/inter/files/inter-latin-600-normal.woff2'),
];

/** The number of PNG pixels per SVG unit, for high-resolution screens. */
const SCALE = 2;

/**
 * Saves a picture as `path.svg` and `path.png`, each atomically, and makes their folder if necessary.
 *
 * @returns the two paths
 * @example
 * import type { SupervisedBatch, Trainer } from '@tapegrad/train';
 * import { learningCurve, savePicture } from '@tapegrad/train/plot';
 *
 * const saveCurve = (trainer: Trainer<SupervisedBatch>) =>
 *   savePicture('runs/1/learning-curve', learningCurve(trainer.history));
 */
export async function savePicture(path: string, svg: string): Promise<readonly [svg: string, png: string]> {
  const files = [`${path}.svg`, `${path}.png`] as const;
  const png = await toPng(svg);
  writeFileAtomic(files[0], svg);
  writeFileAtomic(files[1], png);
  return files;
}

const read = (url: string): Buffer => readFileSync(fileURLToPath(url));

let renderer: Promise<readonly Buffer[]> | undefined;

async function loadRenderer(): Promise<readonly Buffer[]> {
  await initWasm(read(import.meta.resolve('@resvg/resvg-wasm/index_bg.wasm')));
  return FONTS.map(read);
}

/** Renders an SVG picture as PNG, at twice its size. */
export async function toPng(svg: string): Promise<Uint8Array> {
  renderer ??= loadRenderer();
  const font = { loadSystemFonts: false, fontBuffers: [...(await renderer)], defaultFontFamily: 'Inter' };
  return new Resvg(svg, { font, fitTo: { mode: 'zoom', value: SCALE } }).render().asPng();
}
