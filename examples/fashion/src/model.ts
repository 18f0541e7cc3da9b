/** The convolutional network of this example. */

import type { Random } from '@tapegrad/core';
import { BatchNorm2d, Conv2d, Dense, Dropout, Flatten, InputShape, MaxPool2d, ReLU, Sequential } from '@tapegrad/nn';

/**
 * Returns the network: three blocks of a convolution, 2 x 2 max pooling and batch normalization, then two dense layers.
 * The compiler tracks the shape from 28 x 28 pixels to 576 features.
 */
export const network = ({ random, dropout }: { readonly random: Random; readonly dropout: number }) =>
  new Sequential(
    new InputShape([1, 28, 28]),
    new Conv2d(1, 16, 3, { padding: 'same', random }),
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
    new Dense(576, 128, { random }),
    new ReLU(),
    new Dropout(dropout, { random }),
    new Dense(128, 10, { random }),
  );
