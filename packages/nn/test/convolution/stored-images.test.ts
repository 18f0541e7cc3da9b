/** Compares convolutions, poolings and upsamplings with PyTorch's values (data/make_images.py). */

import {
  AdaptiveAvgPool2d,
  AvgPool1d,
  AvgPool2d,
  Conv1d,
  Conv2d,
  type ConvOptions,
  ConvTranspose1d,
  ConvTranspose2d,
  type ConvTransposeOptions,
  Flatten,
  MaxPool1d,
  MaxPool2d,
  type MaxPoolOptions,
  type Module,
  type PerAxis,
  PixelShuffle,
  type PoolingOptions,
  Reshape,
  Upsample,
  type UpsampleOptions,
} from '@tapegrad/nn';
import { describeStored, type Subject } from '../stored.ts';

/** A layer from one tensor to another. */
const alone = (layer: Module & { forward(x: never): unknown }): Subject => ({
  layer,
  run: (x) => layer.forward(x as never) as ReturnType<Subject['run']>,
});

type Channels = readonly [inChannels: number, outChannels: number, kernel: PerAxis];

// biome-ignore format: a line each
describeStored(
  'images.json',
  {
    Conv1d: ([i, o, k]: Channels, options: ConvOptions) => alone(new Conv1d(i, o, k, options)),
    Conv2d: ([i, o, k]: Channels, options: ConvOptions) => alone(new Conv2d(i, o, k, options)),
    ConvTranspose1d: ([i, o, k]: Channels, options: ConvTransposeOptions) => alone(new ConvTranspose1d(i, o, k, options)),
    ConvTranspose2d: ([i, o, k]: Channels, options: ConvTransposeOptions) => alone(new ConvTranspose2d(i, o, k, options)),
    MaxPool1d: ([k]: [PerAxis], options: MaxPoolOptions) => alone(new MaxPool1d(k, options)),
    MaxPool2d: ([k]: [PerAxis], options: MaxPoolOptions) => alone(new MaxPool2d(k, options)),
    AvgPool1d: ([k]: [PerAxis], options: PoolingOptions) => alone(new AvgPool1d(k, options)),
    AvgPool2d: ([k]: [PerAxis], options: PoolingOptions) => alone(new AvgPool2d(k, options)),
    AdaptiveAvgPool2d: ([size]: [PerAxis]) => alone(new AdaptiveAvgPool2d(size)),
    Upsample: ([options]: [UpsampleOptions]) => alone(new Upsample(options)),
    PixelShuffle: ([factor]: [number]) => alone(new PixelShuffle(factor)),
    Flatten: () => alone(new Flatten()),
    Reshape: ([shape]: [readonly number[]]) => alone(new Reshape(shape)),
  },
  1e-5,
);
