import { ones, tensor } from '@tapegrad/core';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const elementwise: Build<'elementwise'> = ({ size, backward }, inputs) => {
  const vector = (values: Float32Array) => tensor(values, { requiresGrad: backward });
  const [a, b, c, d] = [vector(inputs.a), vector(inputs.b), vector(inputs.c), vector(inputs.d)];
  const forward = () => a.mul(b).add(c).tanh().mul(d.sigmoid());
  if (!backward) return latest(() => ({ y: forward() }));
  const seed = ones([size]);
  return latest(() => {
    const y = forward();
    const gradients = y.backward({ seed });
    return { y, da: gradients.of(a), db: gradients.of(b), dc: gradients.of(c), dd: gradients.of(d) };
  });
};
