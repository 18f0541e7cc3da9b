/** Formulas derived from programs: their text, and their values compared with the tape's gradients. */

import { readFileSync } from 'node:fs';
import {
  det,
  inverse,
  logdet,
  parameter,
  Random,
  slogdet,
  solve,
  square,
  type Tensor,
  tensor,
  trace,
  zeros,
} from '@tapegrad/core';
import { type DeriveOptions, derive, verifyPage } from '@tapegrad/formulas';
import { describe, expect, test } from 'vitest';
import * as nn from '../../nn/src/index.ts';

const dtype = 'float64';
const random = new Random(7);
const data = (...shape: number[]): Tensor => random.normal(shape, { dtype });
const learnt = (...shape: number[]) => parameter(data(...shape));
const own = { dtype, random } as const;

/** A program, the options of the derivation, and lines that its text must contain. */
interface Case {
  readonly program: () => Tensor;
  readonly options: DeriveOptions;
  readonly lines: readonly string[];
  /** Whether every formula uses only matrix operations, which the reader of a page can parse. */
  readonly isPage: boolean;
}

function denseNetwork(): Case {
  const model = new nn.Sequential(
    new nn.Dense(3, 4, own),
    new nn.Tanh(),
    new nn.Dense(4, 5, own),
    new nn.Sigmoid(),
    new nn.Dense(5, 4, own),
    new nn.Softplus(),
    new nn.Dense(4, 2, own),
  );
  const [x, y] = [data(6, 3), tensor([0, 1, 0, 1, 1, 0], { dtype: 'int32' })];
  return {
    program: () => nn.crossEntropy(model.forward(x), y),
    options: { names: { X: x, Y: y, model } },
    lines: [
      'Z_0 = X',
      'A_l = Z_(l - 1) W_l + 1 b_l^T    for l = 1, 2, 3, 4',
      'Z_l = s_l(A_l)    for l = 1, 2, 3',
      'P = softmax(A_4)',
      'L = -1/n sum_(i=1..n) sum_(j=1..d_4) Y_ij log(P_ij)',
      'delta_4 = dL/dA_4 = (P - Y)/n',
      "delta_l = dL/dA_l = (delta_(l + 1) W_(l + 1)^T) ⊙ s_l'(A_l)    for l = 3, 2, 1",
      'dL/dW_l = Z_(l - 1)^T delta_l    for l = 4, 3, 2, 1',
      'dL/db_l = delta_l^T 1    for l = 4, 3, 2, 1',
      "s_1'(a) = 1 - (tanh(a))^2",
      "s_2'(a) = sigmoid(a) (1 - sigmoid(a))",
      "s_3'(a) = sigmoid(a)",
      'Each row of Y is one-hot.',
    ],
    isPage: true,
  };
}

function regression(): Case {
  const [x, y, w, v] = [data(5, 3), data(5, 2), learnt(3, 4), learnt(4, 2)];
  return {
    program: () => nn.mse(nn.mse(x.matmul(w).tanh().matmul(v), y, { reduction: 'none' }), zeros([5, 2], { dtype })),
    options: { names: { X: x, Y: y, W: w, V: v }, loss: 'E' },
    lines: ['dE/dV = Z_1^T delta_2', 'dE/dW = X^T delta_1', "delta_1 = dE/dA_1 = (delta_2 V^T) ⊙ s_1'(A_1)"],
    isPage: true,
  };
}

function layerNormalisation(): Case {
  const layer = new nn.LayerNorm(4, { dtype });
  const [x, y, w] = [data(3, 4), data(3, 4), learnt(4, 4)];
  return {
    program: () => nn.mse(layer.forward(x.matmul(w)), y),
    options: { names: { X: x, Y: y, W: w, layer } },
    lines: [
      'X-hat = (diag(sigma))^-1 (A - 1/d A 1 1^T)',
      'dL/dgamma = (dL/dZ ⊙ X-hat)^T 1',
      'dL/dX-hat = dL/dZ diag(gamma)',
      'delta = dL/dA = (diag(sigma))^-1 (dL/dX-hat - 1/d diag((dL/dX-hat ⊙ X-hat) 1) X-hat - 1/d dL/dX-hat 1 1^T)',
    ],
    isPage: true,
  };
}

function batchNormalisation(): Case {
  const model = new nn.Sequential(new nn.Dense(3, 4, own), new nn.BatchNorm1d(4, { dtype }), new nn.ReLU());
  const [x, y] = [data(6, 3), data(6, 4)];
  return {
    program: () => nn.mse(model.forward(x), y),
    options: { names: { X: x, Y: y, model } },
    lines: ['delta = dL/dA = (G - 1/n X-hat diag((G ⊙ X-hat)^T 1) - 1/n 1 1^T G) diag(gamma_1 ⊘ sigma)'],
    isPage: true,
  };
}

function attention(): Case {
  const [q, k, v, y] = [learnt(3, 4), learnt(5, 4), learnt(5, 2), data(3, 2)];
  return {
    program: () => nn.mse(nn.scaledDotProductAttention(q, k, v), y),
    options: { names: { Q: q, K: k, V: v, Y: y } },
    lines: [
      'A_1 = 1/2 Q K^T',
      'P = softmax(A_1)',
      'dL/dV = P^T delta_2',
      'dL/dP = delta_2 V^T',
      'delta_1 = dL/dA_1 = P ⊙ (dL/dP - (dL/dP ⊙ P) 1 1^T)',
      'dL/dQ = 1/2 delta_1 K',
      'dL/dK = 1/2 delta_1^T Q',
    ],
    isPage: true,
  };
}

function heads(): Case {
  const layer = new nn.MultiHeadAttention(4, 2, own);
  const [x, y] = [data(2, 3, 4), data(2, 3, 4)];
  return {
    program: () => nn.mse(layer.forward(x), y),
    options: { names: { X: x, Y: y, layer } },
    lines: [
      'H^(i,j)_3 = 1/sqrt(2) Q^(i,j) K^(i,j)^T',
      'dL/dV^(i,j) = P^(i,j)^T dL/dH^(i,j)',
      'dL/dP^(i,j) = dL/dH^(i,j) V^(i,j)^T',
      'G^(i,j) = P^(i,j) ⊙ (dL/dP^(i,j) - (dL/dP^(i,j) ⊙ P^(i,j)) 1 1^T)',
      'dL/dQ^(i,j) = 1/sqrt(2) G^(i,j) K^(i,j)',
      'dL/dK^(i,j) = 1/sqrt(2) G^(i,j)^T Q^(i,j)',
      'dL/dW_l = sum_(i=1..n) X^(i)^T delta^(i)_l    for l = 1, 2, 3',
    ],
    isPage: false,
  };
}

function convolution(): Case {
  const layer = new nn.Conv2d(2, 3, 3, { ...own, padding: 1 });
  const [x, y] = [data(2, 2, 4, 5), data(2, 3, 4, 5)];
  return {
    program: () => nn.mse(layer.forward(x), y),
    options: { names: { X: x, Y: y, layer } },
    lines: [
      'dL/dW_ijkp = sum_(q=1..n) sum_(r=1..c) sum_(s=1..e) X_(q, j, r + k - 2, s + p - 2) delta_qirs',
      'Entries outside an array are 0.',
    ],
    isPage: false,
  };
}

function stridedConvolutions(): Case {
  const model = new nn.Sequential(
    new nn.Conv1d(2, 3, 3, { ...own, stride: 2 }),
    new nn.ReLU(),
    new nn.Conv1d(3, 2, 2, { ...own, dilation: 2, padding: 2 }),
  );
  const x = data(2, 2, 9);
  return {
    program: () => square(model.forward(x)).sum(),
    options: { names: { X: x, model } },
    lines: [],
    isPage: false,
  };
}

function recurrence(): Case {
  const [u, v, b] = [learnt(3, 4), learnt(4, 4), learnt(4)];
  const [x1, x2, x3, y] = [data(2, 3), data(2, 3), data(2, 3), data(2, 4)];
  const program = (): Tensor => {
    let h: Tensor = zeros([2, 4], { dtype });
    for (const x of [x1, x2, x3]) h = x.matmul(u).add(h.matmul(v)).add(b).tanh();
    return nn.mse(h, y);
  };
  return {
    program,
    options: { names: { X_1: x1, X_2: x2, X_3: x3, Y: y, U: u, V: v, b } },
    lines: [
      "delta_l = dL/dA_l = (delta_(l + 1) V^T) ⊙ s_l'(A_l)    for l = 2, 1",
      'dL/dU = sum_(l=1..3) X_l^T delta_l',
      'dL/dV = sum_(l=2..3) Z_(l - 1)^T delta_l',
      's_l(a) = tanh(a)',
    ],
    isPage: true,
  };
}

function longShortTermMemory(): Case {
  const layer = new nn.LSTM(3, 4, own);
  const x = data(2, 2, 3);
  return {
    program: () => square(layer.forward(x).output).sum(),
    options: { names: { X: x, layer } },
    lines: ['delta_l = dL/dA_l = [dL/dA^(1)_l, dL/dA^(2)_l, dL/dA^(3)_l, dL/dA^(4)_l]    for l = 3, 2'],
    isPage: false,
  };
}

function dropout(): Case {
  const model = new nn.Sequential(
    new nn.Dense(3, 4, own),
    new nn.Tanh(),
    new nn.Dropout(0.5, { random }),
    new nn.Dense(4, 2, own),
  );
  const [x, y] = [data(6, 3), data(6, 2)];
  return {
    program: () => nn.mse(model.forward(x), y),
    options: { names: { X: x, Y: y, model } },
    lines: ['Z_1 = 2 (M ⊙ tanh(A_1))', 'dL/dW_l = Z_(l - 1)^T delta_l    for l = 2, 1'],
    isPage: true,
  };
}

function residual(): Case {
  const [x, y, u, v] = [data(4, 3), data(4, 3), learnt(3, 3), learnt(3, 3)];
  return {
    program: () => {
      const h = x.matmul(u);
      return nn.mse(h.add(h.tanh().matmul(v)), y);
    },
    options: { names: { X: x, Y: y, U: u, V: v } },
    lines: ['delta_1 = dL/dA_1 = delta_2 + (delta_2 V^T) ⊙ (1 - (tanh(A_1) ⊙ tanh(A_1)))'],
    isPage: true,
  };
}

function embedding(): Case {
  const layer = new nn.Embedding(5, 3, own);
  const [ids, y] = [tensor([1, 2, 1, 4], { dtype: 'int32' }), data(4, 3)];
  return {
    program: () => nn.mse(layer.forward(ids), y),
    options: { names: { t: ids, Y: y, layer } },
    lines: ['dL/dW_ij = 2/(n d) sum_(k=1..n) [i = t_k] H_kj'],
    isPage: false,
  };
}

function logSumExp(): Case {
  const [x, w] = [data(4, 3), learnt(3, 3)];
  return {
    program: () => x.matmul(w).logSumExp(1).mean(),
    options: { names: { X: x, W: w } },
    lines: ['delta = dL/dA = 1/n P'],
    isPage: true,
  };
}

function determinant(): Case {
  const w = learnt(3, 3);
  return {
    program: () => logdet(w.matmul(w.transpose())),
    options: { names: { W: w } },
    lines: ['L = log |det(A)|', 'delta = dL/dA = A^-T', 'dL/dW = delta W + delta^T W'],
    isPage: true,
  };
}

/** Functions of a square matrix W, with their derivatives from a table of matrix derivatives. */
function ofMatrix(
  program: (w: Tensor<[3, 3]>, b: Tensor<[3]>, c: Tensor<[3, 3]>) => Tensor,
  gradient: string,
): () => Case {
  return () => {
    const [w, b, c] = [learnt(3, 3), data(3), data(3, 3)];
    return {
      program: () => program(w as never, b as never, c as never),
      options: { names: { W: w, b, C: c } },
      lines: [`dL/dW = ${gradient}`],
      isPage: true,
    };
  };
}

const cases = {
  denseNetwork,
  regression,
  layerNormalisation,
  batchNormalisation,
  attention,
  heads,
  convolution,
  stridedConvolutions,
  recurrence,
  longShortTermMemory,
  dropout,
  residual,
  embedding,
  logSumExp,
  determinant,
  'log |det W|': ofMatrix((w) => slogdet(w).logAbsDet, 'W^-T'),
  'det W': ofMatrix((w) => det(w), 'det(W) W^-T'),
  'the sum of an inverse': ofMatrix((w) => inverse(w).sum(), '-W^-T 1 1^T W^-T'),
  'the trace of a solution': ofMatrix((w, _b, c) => trace(solve(w, c)), '-W^-T C^T W^-T'),
  'the trace of an inverse': ofMatrix((w, _b, c) => trace(inverse(w).matmul(c)), '-W^-T C^T W^-T'),
  'a quadratic form': ofMatrix((w, b) => b.mul(solve(w, b)).sum(), '-W^-T b b^T W^-T'),
  'a trace': ofMatrix((w, _b, c) => trace(w.matmul(c)), 'C^T'),
};

describe.each(Object.entries(cases))('%s', (_name, make) => {
  const { program, options, lines, isPage } = make();
  const derivation = derive(program, options);

  test('is written as a page has it', () => {
    const found = derivation.text.split('\n');
    for (const line of lines) expect(found).toContain(line);
  });

  test('equals what the tape gives', () => {
    const trial = derivation.trial();
    expect(trial.formulas.filter(({ holds }) => !holds)).toEqual([]);
    expect(trial.holds).toBe(true);
  });

  test.runIf(isPage)('holds on a page', () => {
    const { formulas } = verifyPage(derivation.page, { mend: false, budget: 60_000 });
    const others = formulas.filter(({ verdict }) => verdict !== 'holds');
    expect(others.map(({ source, verdict, reason }) => ({ source, verdict, reason }))).toEqual([]);
    expect(formulas.length).toBeGreaterThan(derivation.formulas.length);
  });
});

test('the recursion over layers holds for any network', () => {
  const { program, options } = denseNetwork();
  const { procedure } = derive(program, options);
  const wanted = procedure.filter(
    ({ layers, name }) => layers !== undefined && /^(?:A_l|Z_l|delta_l|dL\/d[Wb]_l)$/.test(name),
  );
  const page = ['$Z_0 = X$', ...wanted.map(({ latex }) => `$$${latex}$$`)].join('\n\n');
  const { formulas } = verifyPage(page, { mend: false, budget: 60_000 });
  expect(formulas.map(({ text, verdict }) => [text, verdict])).toEqual([
    ['Z_0 = X', 'holds'],
    ['A_l = Z_(l - 1) W_l + 1 b_l^T', 'holds'],
    ['Z_l = s_l(A_l)', 'holds'],
    ["delta_l = dL/dA_l = (delta_(l + 1) W_(l + 1)^T) ⊙ s_l'(A_l)", 'holds'],
    ['dL/dW_l = Z_(l - 1)^T delta_l', 'holds'],
    ['dL/db_l = delta_l^T 1', 'holds'],
  ]);
});

test('the README shows the procedure of a network', () => {
  const model = new nn.Sequential(
    new nn.Dense(3, 4, own),
    new nn.Tanh(),
    new nn.Dense(4, 5, own),
    new nn.Tanh(),
    new nn.Dense(5, 2, own),
  );
  const [X, Y] = [data(4, 3), tensor([0, 1, 1, 0], { dtype: 'int32' })];
  const { text } = derive(() => nn.crossEntropy(model.forward(X), Y), { names: { X, Y, model } });
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  expect(text).toBe(/<!-- procedure -->\n\n```\n([\s\S]*?)```/.exec(readme)?.[1]);
});

test('a recursion is found at every depth', () => {
  for (const depth of [3, 5, 8]) {
    const layers = Array.from({ length: depth }, (_, l) => new nn.Dense(2 + (l % 3), 2 + ((l + 1) % 3), own));
    const x = data(3, 2);
    const program = (): Tensor =>
      square(
        layers.reduce<Tensor>((z, layer) => layer.forward(z as never as Tensor<[3, number]>).sigmoid() as Tensor, x),
      ).sum();
    const { procedure, text } = derive(program, { names: { X: x } });
    const own1 = Array.from({ length: depth - 1 }, (_, i) => depth - 1 - i).join(', ');
    expect(text).toContain(`delta_l = dL/dA_l = (delta_(l + 1) W_(l + 1)^T) ⊙ s_l'(A_l)    for l = ${own1}\n`);
    expect(procedure).toHaveLength(8);
  }
});

test('LaTeX has a line for each formula', () => {
  const { program, options } = attention();
  const { latex } = derive(program, options);
  expect(latex).toContain('\\frac{\\partial L}{\\partial V} &= P^\\top \\delta_2 \\\\\n');
  expect(latex.startsWith('\\begin{aligned}\n')).toBe(true);
});
