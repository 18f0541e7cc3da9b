/** Draws the filters of the first layer, and their responses to a digit. */

import { noGrad, type Tensor } from '@tapegrad/core';
import type { StandardScaler } from '@tapegrad/data';
import { figure, imageGrid, type Panel } from '@tapegrad/train/plot';
import type { Network } from './model.ts';

/** Draws a digit, each filter of the first layer, and its response to the digit. */
export function filtersPicture(
  model: Network,
  digit: Tensor<readonly [number, 1, 28, 28]>,
  scaler: StandardScaler,
): string {
  const convolution = model.layers[1];
  const responses = noGrad(() => convolution.forward(scaler.apply(digit)));
  return figure({
    title: 'What the first layer looks for',
    subtitle:
      'White is positive, black negative, grey 0. The result of a filter is large where the digit looks like it.',
    panels: [
      { ...imageGrid(digit, { range: [1, 0], captions: ['as scanned'] }), title: 'A test digit' },
      { ...channelGrid(convolution.weight.detach()), title: 'The 16 filters, 5 by 5 weights' },
      { ...channelGrid(responses.reshape([16, 1, 28, 28])), title: 'What each makes of the digit' },
    ],
  });
}

/** Draws images, each on its own scale. */
function channelGrid(images: Tensor): Panel {
  const largest = images.abs().max([1, 2, 3], { keepDims: true });
  const captions = Array.from(largest.data, (most, i) => [`${i + 1}`, `±${most.toFixed(2)}`]);
  return imageGrid(images.div(largest.maximum(1e-12)), { range: [-1, 1], columns: 4, captions });
}
