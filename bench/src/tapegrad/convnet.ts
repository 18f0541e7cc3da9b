import { Parameter, type Tensor, tensor, unfold, type Window } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import type { LayerInputs } from '../inputs.ts';
import type { Build } from '../protocol.ts';
import { denseOf } from './dense.ts';
import { training } from './training.ts';

/** A convolution's parameters: the weight as [out, in * height * width], the bias as [out, 1]. */
interface Convolution {
  readonly weight: Parameter;
  readonly bias: Parameter;
}

function convolutionOf({ weight, bias }: LayerInputs): Convolution {
  const out = bias.length;
  return {
    weight: new Parameter(tensor(weight, { shape: [out, weight.length / out] })),
    bias: new Parameter(tensor(bias, { shape: [out, 1] })),
  };
}

const WINDOW: Window = { size: 3, stride: 1, dilation: 1, padding: [1, 1] };
const POOL: Window = { size: 2, stride: 2, dilation: 1, padding: [0, 0] };

/** A 3x3 convolution of [batch, in, side, side] as a product of its windows, ReLU, and the maximum of each 2x2 square. */
function block(x: Tensor, { weight, bias }: Convolution): Tensor {
  const [batch, , side] = x.shape as readonly [number, number, number];
  const windows = unfold(x, [WINDOW, WINDOW]).reshape([batch, -1, side * side]);
  const a = weight.matmul(windows).add(bias).relu();
  return unfold(a.reshape([batch, -1, side, side]), [POOL, POOL]).max([2, 3]);
}

export const convnet: Build<'convnet'> = ({ batch, side, learningRate }, inputs) => {
  const convolutions = inputs.convolutions.map(convolutionOf);
  const dense = denseOf(inputs.dense);
  const x: Tensor = tensor(inputs.x, { shape: [batch, 1, side, side] });
  const labels = tensor(inputs.labels);
  const loss = () => crossEntropy(dense.forward(convolutions.reduce(block, x).reshape([batch, -1])), labels);
  const parameters = [...convolutions.flatMap(({ weight, bias }) => [weight, bias]), ...dense.parameters()];
  return training(parameters, loss, learningRate);
};
