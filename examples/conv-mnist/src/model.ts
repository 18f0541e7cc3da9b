/** The convolutional network of this example. */

import type { Random } from '@tapegrad/core';
import { BatchNorm2d, Conv2d, Dense, Dropout, Flatten, InputShape, MaxPool2d, ReLU, Sequential } from '@tapegrad/nn';

export type Network = ReturnType<typeof network>;

/**
 * Returns the network: three blocks of a convolution, 2 x 2 max pooling and batch normalization, then a dense layer.
 * The image shrinks from 28 x 28 to 3 x 3 while the number of channels grows. The compiler tracks the shape: 64
 * channels of 3 x 3 are the 576 features of the last layer, and any other number there is a compile-time error.
 *
 * Pooling comes before normalization, which then processes only a quarter of the elements.
 */
export const network = ({ random, dropout }: { readonly random: Random; readonly dropout: number }) =>
  new Sequential(
    new InputShape([1, 28, 28]),
    new Conv2d(1, 16, 5, { padding: 'same', random }),
    new MaxPool2d(2),
    new BatchNorm2d(16),
    new ReLU(),
    new Conv2d(16, 32, 3, { padding: 'same', random }),
    new MaxPool2d(2),
    new BatchNorm2d(32),
    new ReLU(),
    new Conv2d(32, 64, 3, { padding: 'same', random }),
    new MaxPool2d(2),
    new BatchNorm2d(64),
    new ReLU(),
    new Flatten(),
    new Dropout(dropout, { random }),
    new Dense(576, 10, { random }),
  );
