export { tryFolder, writeFileAtomic } from './atomic/atomic.ts';
export { readIdx, writeIdx } from './idx/read.ts';
export { type FileSource, fileSource, type ReadOptions, readBytes } from './sources/file-source.ts';
