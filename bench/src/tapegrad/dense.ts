import { tensor } from '@tapegrad/core/lean';
import { Dense } from '@tapegrad/nn/lean';
import type { LayerInputs } from '../inputs.ts';

/** Returns a dense layer with the initial weight and bias that all frameworks share. */
export function denseOf({ weight, weightShape, bias }: LayerInputs): Dense<number, number> {
  const [fanIn, out] = weightShape as readonly [number, number];
  return new Dense(fanIn, out, {
    init: (shape) => tensor(weight, { shape }),
    biasInit: (shape) => tensor(bias, { shape }),
  });
}
