/** Saves and loads trained weights, identified by a short checksum. */

import { createHash } from 'node:crypto';
import { encodeSafetensors, FormatError, loadState, type NamedArrays, stateDict } from '@tapegrad/files';
import { readSafetensors, writeSafetensors } from '@tapegrad/files/node';
import type { Module } from '@tapegrad/nn';
import { printFile } from './program.ts';

/**
 * Saves the weights of a model with PyTorch's names and layouts, so that other programs can read them, and with a
 * checksum.
 */
export function saveWeights(path: string, model: Module): void {
  const tensors = stateDict(model);
  writeSafetensors(path, tensors, { metadata: { format: 'pt', sha256: sumOf(tensors) } });
}

/**
 * Loads saved weights into a model of the same structure.
 *
 * @throws FormatError for weights of another model, or a wrong checksum.
 */
export function loadWeights(path: string, model: Module): void {
  const { tensors, metadata } = readSafetensors(path);
  const [sum, actual] = [metadata.sha256, sumOf(tensors)];
  if (sum !== undefined && sum !== actual) {
    throw new FormatError(path, `was changed after it was written: its SHA-256 is ${actual}, expected ${sum}`);
  }
  try {
    loadState(model, tensors);
  } catch (error) {
    throw new FormatError(path, `the weights are those of another model: ${(error as Error).message}`);
  }
}

/** Returns a checksum of 16 hexadecimal digits, which changes if any weight does. */
export const weightsSum = (model: Module): string => sumOf(model.state()).slice(0, 16);

const sumOf = (tensors: NamedArrays): string => createHash('sha256').update(encodeSafetensors(tensors)).digest('hex');

/** Returns the number of bytes of a model's weights in a file. */
export const weightBytes = (model: Module): number => encodeSafetensors(model.state()).length;

/** Saves the weights of a model, and prints the path. */
export function writeWeights(path: string, model: Module): void {
  saveWeights(path, model);
  printFile(path);
}
