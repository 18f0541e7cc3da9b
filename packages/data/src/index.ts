export type { Collated, Columns, NumberArray, Row, Stacked } from './dataset/collated.ts';
export { Dataset, type DatasetOptions, type Mapped, type Source } from './dataset/dataset.ts';
export { fromArray, fromColumns, fromTensors } from './dataset/sources.ts';
export type { Fold, FoldOptions, SplitOptions } from './dataset/splits.ts';
export { ExampleError } from './loading/batch-reader.ts';
export { collate } from './loading/collate.ts';
export { DataLoader, type DataLoaderOptions, type DataLoaderState } from './loading/loader.ts';
export { type Padded, type PaddedOptions, padded } from './loading/padding.ts';
export {
  type DistributedOptions,
  distributed,
  inOrder,
  type Sampler,
  shuffled,
  type WeightedOptions,
  weighted,
} from './loading/samplers.ts';
