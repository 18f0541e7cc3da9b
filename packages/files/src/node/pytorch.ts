/** Reading PyTorch checkpoints in Node. */

import { checkOptions } from '@tapegrad/core/extend';
import { decodePyTorch, type PyTorchFile, type PyTorchOptions } from '../pytorch/pytorch.ts';
import { readBytes } from '../sources/file-source.ts';

/**
 * Reads a checkpoint that `torch.save` wrote; see `decodePyTorch`.
 *
 * @throws FormatError for the same reasons as `decodePyTorch`, and for a file that is missing or larger than
 *   `maxBytes`.
 * @example
 * const read = (model: Module) => loadState(model, readPyTorch('model.pt').tensors);
 */
export function readPyTorch(path: string, options: Omit<PyTorchOptions, 'name'> = {}): PyTorchFile {
  checkOptions('readPyTorch', options, ['maxBytes', 'int64']);
  const { maxBytes = 2 ** 32 } = options;
  return decodePyTorch(readBytes(path, { maxBytes }), { ...options, name: path });
}
