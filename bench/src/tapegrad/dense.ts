import { tensor } from '@tapegrad/core';
import { Dense } from '@tapegrad/nn';
import type { LayerInputs } from '../inputs.ts';

/** A dense layer with the weight and bias that every framework starts from. */
export function denseOf({ weight, weightShape, bias }: LayerInputs): Dense<number, number> {
  const [fanIn, out] = weightShape as readonly [number, number];
  const dense = new Dense(fanIn, out);
  dense.weight.assign(tensor(weight, { shape: [fanIn, out] }));
  dense.bias!.assign(tensor(bias, { shape: [out] }));
  return dense;
}
