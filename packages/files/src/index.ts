export { FormatError } from './format-error.ts';
export type { NamedArray, NamedArrays } from './named-array.ts';
export { type BlobLike, type ByteSource, blobSource, bytesSource } from './sources/byte-source.ts';
export { type UrlSourceOptions, urlSource } from './sources/url-source.ts';
