import { tensor } from '@tapegrad/core';
import { specialKernels, windowedKernels } from '@tapegrad/core/extend';
import { CHANNELS, imageShape, POOLS, primitiveCases, WINDOWS } from '../primitives.ts';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const primitive: Build<'primitive'> = ({ primitive: name, side }, inputs) => {
  const shape = [side, side] as const;
  const x = tensor(inputs.x, { shape });
  specialKernels();
  const kernels = windowedKernels();
  const weightShape = [CHANNELS, CHANNELS, ...WINDOWS.map(({ size }) => size)];
  const weightSize = weightShape.reduce((size, length) => size * length, 1);
  const operands = {
    side,
    x,
    y: tensor(inputs.y, { shape }),
    positive: tensor(inputs.positive, { shape }),
    condition: x.less(0),
    indices: tensor(inputs.indices),
    vector: tensor(inputs.x.subarray(0, side)),
    unfolded: kernels.unfold(x, WINDOWS),
    pooled: kernels.maxPool(x, x, POOLS),
    images: tensor(inputs.x, { shape: imageShape(side) }),
    maps: tensor(inputs.y, { shape: imageShape(side) }),
    weight: tensor(
      Float32Array.from({ length: weightSize }, (_, i) => inputs.y[i % inputs.y.length]!),
      { shape: weightShape },
    ),
  };
  const { call } = primitiveCases[name]!;
  return latest(() => ({ result: call(kernels, operands) }));
};
