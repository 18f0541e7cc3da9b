import { type Data, type Gradients, ones, tensor, withGradients } from '@tapegrad/core';
import type { Build } from '../protocol.ts';
import { latest } from './latest.ts';

export const elementwise: Build<'elementwise'> = ({ size, backward }, inputs) => {
  const vector = (values: Float32Array) => tensor(values, { requiresGrad: backward });
  const [a, b, c, d] = [vector(inputs.a), vector(inputs.b), vector(inputs.c), vector(inputs.d)];
  const forward = () => a.mul(b).add(c).tanh().mul(d.sigmoid());
  if (!backward) return latest(() => ({ y: forward() }));
  const seed = ones([size]);
  const all = (gradients: Gradients) => [a, b, c, d].map((x) => gradients.of(x));
  return {
    step() {
      withGradients(forward, all, { seed });
    },
    read() {
      const y = forward();
      // The gradients of the timed step can't be read any more, so they are computed again.
      const [da, db, dc, dd] = all(y.backward({ seed })).map(({ data }) => data) as [Data, Data, Data, Data];
      return { y: y.data, da, db, dc, dd };
    },
  };
};
