export { type CheckpointOptions, decodeCheckpoint, encodeCheckpoint } from './checkpoint/checkpoint.ts';
export { restoreState, type Stateful } from './checkpoint/stateful.ts';
export type { IntegerOptions } from './elements/element-types.ts';
export { FormatError } from './format-error.ts';
export {
  type LoadStateOptions,
  loadState,
  StateMismatchError,
  type StateReport,
  stateDict,
} from './modules/state-dict.ts';
export type { NamedArray, NamedArrays } from './named-array.ts';
export { decodeNpy, encodeNpy, type NpyReadOptions, type NpyWriteOptions, type NumpyType } from './numpy/npy.ts';
export { decodeNpz, encodeNpz, type NpzReadOptions, type NpzWriteOptions } from './numpy/npz.ts';
export {
  decodePyTorch,
  openPyTorch,
  type PyTorchFile,
  type PyTorchOptions,
  type PyTorchReader,
} from './pytorch/pytorch.ts';
export type { Metadata, SafetensorsDType, SafetensorsEntry } from './safetensors/header.ts';
export {
  decodeSafetensorsIndex,
  openSafetensors,
  openSafetensorsShards,
  type ReadTensorOptions,
  type SafetensorsIndex,
  type SafetensorsReader,
} from './safetensors/lazy.ts';
export {
  decodeSafetensors,
  encodeSafetensors,
  type Safetensors,
  type SafetensorsReadOptions,
  type SafetensorsWriteOptions,
  type WritableSafetensorsDType,
} from './safetensors/safetensors.ts';
export { type BlobLike, type ByteSource, blobSource, bytesSource } from './sources/byte-source.ts';
export { type UrlSourceOptions, urlSource } from './sources/url-source.ts';
