export { decodeIdx, encodeIdx, type IdxArray, type IdxData, type IdxOptions } from './idx/idx.ts';
