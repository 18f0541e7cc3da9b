/** Saves a picture, and prints where it is. */

import { savePicture } from '@tapegrad/train/plot';
import { printFile } from './program.ts';

/** A generous limit for the bytes of all pictures of a program. */
export const PICTURE_BYTES = 2 ** 21;

/** Saves a picture as SVG and PNG, and prints the paths. */
export async function writePicture(path: string, svg: string): Promise<void> {
  for (const file of await savePicture(path, svg)) printFile(file);
}
