/** tapegrad with compiled functions. */

import { compile } from '@tapegrad/compile';
import { grad, ones, type Tensor, tensor, vjp } from '@tapegrad/core';
import { crossEntropy } from '@tapegrad/nn';
import type { Build, Framework } from '../protocol.ts';
import { framework as eager } from './framework.ts';
import { latest } from './latest.ts';
import { trainCompiled } from './train-compiled.ts';

const softmax: Build<'softmax'> = ({ rows, columns }, inputs) => {
  const logits = tensor(inputs.logits, { shape: [rows, columns] });
  const labels = tensor(inputs.labels);
  const step = compile((x: Tensor, y: Tensor) => {
    const loss = (z: Tensor) => crossEntropy(z, y as never) as Tensor;
    return { loss: loss(x), gradient: grad(loss as never)(x as never) as Tensor };
  });
  return latest(() => step(logits, labels));
};

const elementwise: Build<'elementwise'> = ({ size, backward }, inputs) => {
  const list = [inputs.a, inputs.b, inputs.c, inputs.d].map((values) => tensor(values) as Tensor);
  const f = (a: Tensor, b: Tensor, c: Tensor, d: Tensor): Tensor => a.mul(b).add(c).tanh().mul(d.sigmoid()) as Tensor;
  const [a, b, c, d] = list as [Tensor, Tensor, Tensor, Tensor];
  if (!backward) {
    const step = compile((...all: [Tensor, Tensor, Tensor, Tensor]) => ({ y: f(...all) }));
    return latest(() => step(a, b, c, d));
  }
  const step = compile((...all: [Tensor, Tensor, Tensor, Tensor]) => {
    const [y, pullBack] = vjp(f, ...all);
    const [da, db, dc, dd] = pullBack(ones([size]) as never) as unknown as [Tensor, Tensor, Tensor, Tensor];
    return { y, da, db, dc, dd };
  });
  return latest(() => step(a, b, c, d));
};

export const framework: Framework = {
  async start(threads) {
    return `${await eager.start(threads)}, compiled`;
  },
  programs: {
    mlp: async () => (await import('./mlp.ts')).mlpWith(trainCompiled),
    convnet: async () => (await import('./convnet.ts')).convnetWith(trainCompiled),
    softmax: async () => softmax,
    elementwise: async () => elementwise,
  },
};
