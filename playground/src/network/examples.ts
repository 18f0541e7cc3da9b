/** Example networks. A program exports its loss; formulas use the names of its other exports. */

import type { Example } from '../document/examples.ts';

export const networks: readonly Example[] = [
  {
    title: 'Two dense layers',
    text: `import { parameter, Random } from '@tapegrad/core';

const random = new Random(1);
export const X = random.normal([6, 3]);
export const Y = random.normal([6, 2]);
const W1 = parameter(random.normal([3, 4]), { name: 'W_1' });
const W2 = parameter(random.normal([4, 2]), { name: 'W_2' });

const Z1 = X.matmul(W1).tanh();
const Z2 = Z1.matmul(W2);
export const loss = Z2.sub(Y).pow(2).sum().div(6);
`,
  },
  {
    title: 'A classifier of layers',
    text: `import { Random, tensor } from '@tapegrad/core';
import { crossEntropy, Dense, Sequential, Tanh } from '@tapegrad/nn';

const random = new Random(2);
export const model = new Sequential(new Dense(4, 5, { random }), new Tanh(), new Dense(5, 3, { random }));
export const X = random.normal([6, 4]);
const labels: number[] = [0, 1, 2, 0, 1, 2];

export const loss = crossEntropy(model.forward(X), tensor(labels, { dtype: 'int32' }));
`,
  },
  {
    title: 'Sigmoids that vanish',
    text: `import { parameter, Random, type Tensor } from '@tapegrad/core';

const random = new Random(3);
let Z: Tensor = random.normal([5, 4]);
for (let l = 1; l <= 4; l++) {
  const W = parameter(random.normal([4, 4]).mul(0.4), { name: \`W_\${l}\` });
  Z = Z.matmul(W).sigmoid();
}
export const loss = Z.pow(2).mean();
`,
  },
];
