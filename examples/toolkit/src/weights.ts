/** Saves and loads trained weights, identified by a short checksum. */

import { createHash } from 'node:crypto';
import { encodeSafetensors, type NamedTensors, readSafetensors, writeSafetensors } from './safetensors.ts';
import { FormatError } from './untrusted-file.ts';

/** An object with weights: a module of @tapegrad/nn. */
export interface Weighted {
  state(): NamedTensors;
  load(state: NamedTensors): void;
}

/** Saves the weights of a model as safetensors, with their checksum. */
export function saveWeights(path: string, model: Weighted): void {
  const state = model.state();
  writeSafetensors(path, state, { sha256: sumOf(state) });
}

/**
 * Loads saved weights into a model of the same structure.
 *
 * @throws FormatError for weights of another model, or a wrong checksum.
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

/** Returns a checksum of 16 hexadecimal digits, which changes if any weight does. */
export const weightsSum = (model: Weighted): string => sumOf(model.state()).slice(0, 16);

const sumOf = (tensors: NamedTensors): string => createHash('sha256').update(encodeSafetensors(tensors)).digest('hex');

/** Returns the number of bytes of a model's weights in a file. */
export const weightBytes = (model: Weighted): number => encodeSafetensors(model.state()).length;
