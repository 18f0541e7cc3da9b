import { kernels, tensor } from '@tapegrad/core';
import { primitiveCases, WINDOWS } from '../primitives.ts';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const primitive: Build<'primitive'> = ({ primitive: name, side }, inputs) => {
  const shape = [side, side] as const;
  const x = tensor(inputs.x, { shape });
  const operands = {
    side,
    x,
    y: tensor(inputs.y, { shape }),
    positive: tensor(inputs.positive, { shape }),
    condition: x.less(0),
    indices: tensor(inputs.indices),
    vector: tensor(inputs.x.subarray(0, side)),
    unfolded: kernels.unfold(x, WINDOWS),
  };
  const { call } = primitiveCases[name]!;
  return latest(() => ({ result: call(kernels, operands) }));
};
