/** Trained weights in a file, and told apart by a short sum. */

import { createHash } from 'node:crypto';
import { encodeSafetensors, type NamedTensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import { FormatError } from './untrusted-file.ts';

/** What has weights: a module of @tapegrad/nn. */
export interface Weighted {
  state(): NamedTensors;
  load(state: NamedTensors): void;
}

/** Writes the weights of a model as safetensors. */
export function saveWeights(path: string, model: Weighted): void {
  writeSafetensors(path, model.state());
}

/** Gives a model the weights that were saved from one like it. */
export function loadWeights(path: string, model: Weighted): void {
  const { tensors } = readSafetensors(path);
  try {
    model.load(tensors);
  } catch (error) {
    throw new FormatError(path, `the weights are those of another model: ${(error as Error).message}`);
  }
}

/** 16 hexadecimal digits that differ where any weight does. */
export const weightsSum = (model: Weighted): string =>
  createHash('sha256').update(encodeSafetensors(model.state())).digest('hex').slice(0, 16);
