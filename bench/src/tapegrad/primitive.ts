import { kernels, tensor } from '@tapegrad/core';
import { primitiveCases } from '../primitives.ts';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const primitive: Build<'primitive'> = ({ primitive: name, side }, inputs) => {
  const shape = [side, side] as const;
  const x = tensor(inputs.x, { shape });
  const call = primitiveCases[name]!.ready(kernels, {
    side,
    x,
    y: tensor(inputs.y, { shape }),
    positive: tensor(inputs.positive, { shape }),
    condition: x.less(0),
    indices: tensor(inputs.indices),
  });
  return latest(() => ({ result: call() }));
};
