export { tryFolder, writeFileAtomic } from './atomic/atomic.ts';
export { readCsv } from './csv/read.ts';
export { readGguf } from './gguf/read.ts';
export { readIdx, writeIdx } from './idx/read.ts';
export { readImage, writePng } from './images/read.ts';
export { type LoadOptions, load, restore, save } from './node/checkpoint.ts';
export { type ReadNumpyOptions, readNpy, readNpz, writeNpy, writeNpz } from './node/numpy.ts';
export { readPyTorch } from './node/pytorch.ts';
export {
  type ReadSafetensorsOptions,
  readSafetensors,
  type ShardOptions,
  writeSafetensors,
  writeSafetensorsShards,
} from './node/safetensors.ts';
export { readParquet } from './parquet/read.ts';
export { type FileSource, fileSource, type ReadOptions, readBytes } from './sources/file-source.ts';
export { type EventFile, eventFile } from './tensorboard/event-file.ts';
