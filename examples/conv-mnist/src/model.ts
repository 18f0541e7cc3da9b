/** The convolutional network of this example. */

import type { Random } from '@tapegrad/core';
import { BatchNorm2d, Conv2d, Dense, Dropout, Flatten, InputShape, MaxPool2d, ReLU, Sequential } from '@tapegrad/nn';

export type Network = ReturnType<typeof network>;

/**
 * Three times: filters that slide over the picture, the largest response of each 2 by 2 places, normalised by channel. The
 * picture gets smaller, from 28 by 28 to 3 by 3, as the channels get more. The compiler follows the shape: 64 channels of
 * 3 by 3 are the 576 features that the last layer takes, and another number there does not compile.
 *
 * Pooling comes before normalisation, which then has a quarter of the elements to go through.
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
