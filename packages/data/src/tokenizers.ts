export {
  type EncodeBatchOptions,
  type EncodeTextOptions,
  PretrainedTokenizer,
  type TokenBatch,
} from './tokenizers/pretrained.ts';
