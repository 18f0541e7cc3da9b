import { blockUntilReady, jit, nn, numpy as np, vjp } from '@jax-js/jax';
import type { Build } from 'tapegrad-bench/protocol';
import { latest } from './latest.ts';

type Operands = [np.Array, np.Array, np.Array, np.Array];

const y = (...[a, b, c, d]: Operands) => np.tanh(a.mul(b).add(c)).mul(nn.sigmoid(d));

export const elementwise: Build<'elementwise'> = ({ backward }, inputs) => {
  const operands = [inputs.a, inputs.b, inputs.c, inputs.d].map((values) => np.array(values)) as Operands;
  const lent = () => operands.map((operand) => operand.ref) as Operands;
  if (!backward) {
    const forward = jit(y);
    return latest(['y'], async () => [await blockUntilReady(forward(...lent()))]);
  }
  const both = jit((...of: Operands) => {
    const [value, pullback] = vjp(y, of);
    const gradients = pullback(np.onesLike(value.ref));
    pullback.dispose();
    return [value, ...gradients] as np.Array[];
  });
  return latest(['y', 'da', 'db', 'dc', 'dd'], () => blockUntilReady(both(...lent())));
};
