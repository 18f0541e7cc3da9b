import { type Tensor, tensor } from '@tapegrad/core';
import { Conv2d, crossEntropy, Flatten, MaxPool2d, ReLU, Sequential } from '@tapegrad/nn';
import type { LayerInputs } from '../inputs.ts';
import type { Build } from '../protocol.ts';
import { denseOf } from './dense.ts';
import { type Train, train } from './training.ts';

/** Returns a 3 x 3 convolution with given parameters that keeps height and width. */
function convolutionOf({ weight, weightShape, bias }: LayerInputs): Conv2d {
  const [out, channels] = weightShape as readonly [number, number];
  const layer = new Conv2d(channels, out, 3, { padding: 'same' });
  layer.weight.assign(tensor(weight, { shape: weightShape }));
  layer.bias?.assign(tensor(bias));
  return layer;
}

export const convnetWith =
  (trainBy: Train): Build<'convnet'> =>
  ({ batch, side, learningRate }, inputs) => {
    const blocks = inputs.convolutions.flatMap((layer) => [convolutionOf(layer), new ReLU(), new MaxPool2d(2)]);
    const model = new Sequential(...blocks, new Flatten(), denseOf(inputs.dense));
    const images: Tensor = tensor(inputs.x, { shape: [batch, 1, side, side] });
    const labels = tensor(inputs.labels);
    return trainBy({
      parameters: model.parameters(),
      learningRate,
      batch: () => [images, labels],
      loss: (x, y) => crossEntropy(model.forward(x) as Tensor, y as never),
    });
  };

export const convnet: Build<'convnet'> = convnetWith(train);
