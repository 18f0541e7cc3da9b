/** Vectors of 256 bits, for programs that train large networks. */

import { ArgumentError, engineInfo, setVectors } from '@tapegrad/core';
import { print } from './program.ts';

/**
 * Computes with vectors of 256 bits if the engine has them, and prints a line that says so. Does nothing if the environment
 * variable `TAPEGRAD_VECTORS` is set, since its width is used then.
 */
export function useWideVectors(): void {
  if (process.env['TAPEGRAD_VECTORS'] !== undefined) return;
  try {
    setVectors(256);
  } catch (error) {
    if (error instanceof ArgumentError) return;
    throw error;
  }
  if (engineInfo().vectorBits !== 256) return;
  print('Computes with vectors of 256 bits, an experimental feature of V8; TAPEGRAD_VECTORS=128 turns them off.');
}
