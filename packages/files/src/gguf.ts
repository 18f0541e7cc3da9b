export {
  decodeGguf,
  type Gguf,
  type GgufEntry,
  type GgufOptions,
  type GgufReader,
  type GgufValue,
  openGguf,
} from './gguf/gguf.ts';
