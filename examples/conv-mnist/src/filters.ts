/** Draws the filters of the first layer, and their responses to a digit. */

import { noGrad, type Tensor } from '@tapegrad/core';
import type { GrayImage } from '@tapegrad/example-toolkit/gray-image';
import { imageOf, type LabelledImages } from '@tapegrad/example-toolkit/labelled-images';
import { pictureGrid } from '@tapegrad/example-toolkit/picture-grid';
import { figure, type Panel } from '@tapegrad/train/plot';
import type { Network } from './model.ts';

const COLUMNS = 4;

/** Draws a digit, each filter of the first layer, and its response to the digit. */
export function filtersPicture(model: Network, digits: LabelledImages): string {
  const convolution = model.layers[1];
  const responses = noGrad(() => convolution.forward(digits.images.slice(0, 0, 1)));
  const caption = `${digits.labels.data[0]}`;
  const digit = pictureGrid([{ image: imageOf(digits, 0), caption, details: 'as scanned' }], 1);
  return figure({
    title: 'What the first layer looks for',
    subtitle:
      'White is positive, black negative, grey 0. The result of a filter is large where the digit looks like it.',
    panels: [
      { ...digit, title: 'A test digit' },
      { ...channelGrid(convolution.weight), title: 'The 16 filters, 5 by 5 weights' },
      { ...channelGrid(responses.reshape([16, 28, 28])), title: 'What each makes of the digit' },
    ],
  });
}

/** Draws an image for each index of the leading axes, each on its own scale. */
function channelGrid(x: Tensor): Panel {
  const [height, width] = x.shape.slice(-2) as [number, number];
  const size = height * width;
  const items = Array.from({ length: x.size / size }, (_, i) => {
    const values = Float32Array.from(x.data.subarray(i * size, (i + 1) * size));
    const largest = values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
    const image = signedImage(values, { width, height, largest });
    return { image, caption: `${i + 1}`, details: `±${largest.toFixed(2)}` };
  });
  return pictureGrid(items, COLUMNS);
}

function signedImage(
  values: Float32Array,
  { width, height, largest }: Omit<GrayImage, 'pixels'> & { largest: number },
): GrayImage {
  const pixels = Uint8Array.from(values, (value) => 128 + Math.round((127 * value) / (largest || 1)));
  return { width, height, pixels };
}
