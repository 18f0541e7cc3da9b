/** Trained weights in a file, and told apart by a short sum. */

import { createHash } from 'node:crypto';
import { encodeSafetensors, type NamedTensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import { FormatError } from './untrusted-file.ts';

/** What has weights: a module of @tapegrad/nn. */
export interface Weighted {
  state(): NamedTensors;
  load(state: NamedTensors): void;
}

/** Writes the weights of a model as safetensors, with their sum. */
export function saveWeights(path: string, model: Weighted): void {
  const state = model.state();
  writeSafetensors(path, state, { sha256: sumOf(state) });
}

/**
 * Gives a model the weights that were saved from one like it.
 *
 * @throws FormatError for weights of another model, and where they have a sum that is not theirs.
 */
export function loadWeights(path: string, model: Weighted): void {
  const { tensors, metadata } = readSafetensors(path);
  const [sum, actual] = [metadata.sha256, sumOf(tensors)];
  if (sum !== undefined && sum !== actual) {
    throw new FormatError(path, `was changed after it was written: its SHA-256 is ${actual}, expected ${sum}`);
  }
  try {
    model.load(tensors);
  } catch (error) {
    throw new FormatError(path, `the weights are those of another model: ${(error as Error).message}`);
  }
}

/** 16 hexadecimal digits that differ where any weight does. */
export const weightsSum = (model: Weighted): string => sumOf(model.state()).slice(0, 16);

const sumOf = (tensors: NamedTensors): string => createHash('sha256').update(encodeSafetensors(tensors)).digest('hex');

/** How many bytes the weights of a model take in a file. */
export const weightBytes = (model: Weighted): number => encodeSafetensors(model.state()).length;
