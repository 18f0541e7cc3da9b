export type { Collated, Columns, NumberArray, Row, Stacked } from './dataset/collated.ts';
export { Dataset, type DatasetOptions, type Mapped, type Source } from './dataset/dataset.ts';
export { fromArray, fromColumns, fromTensors } from './dataset/sources.ts';
export type { Fold, FoldOptions, SplitOptions } from './dataset/splits.ts';
export { type WindowsOptions, windows } from './dataset/windows.ts';
export { type ColorJitterOptions, colorJitter } from './images/colour.ts';
export {
  centerCrop,
  type FilledImageOptions,
  type RandomCropOptions,
  type RandomFlipOptions,
  type RandomImageOptions,
  type Resized,
  randomCrop,
  randomFlip,
  randomRotation,
  randomShift,
  type Size,
} from './images/geometry.ts';
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
export {
  CharacterTokenizer,
  type CharacterTokenizerOptions,
  type CharacterTokenizerState,
} from './tokenizers/characters.ts';
export {
  type CategoriesState,
  type Category,
  LabelEncoder,
  OneHotEncoder,
  type OneHotEncoderOptions,
} from './transforms/categories.ts';
export type { Batches } from './transforms/feature-statistics.ts';
export { Imputer, type ImputerOptions, type ImputerState } from './transforms/imputer.ts';
export {
  MinMaxScaler,
  type MinMaxScalerOptions,
  type MinMaxScalerState,
  type ScalerOptions,
  StandardScaler,
  type StandardScalerState,
} from './transforms/scalers.ts';
export type { ModuleUrl, NodeWorker, WebWorker } from './workers/host.ts';
export type { WorkersOptions } from './workers/pool.ts';
export { type ServedExamples, serveExamples } from './workers/serve.ts';
