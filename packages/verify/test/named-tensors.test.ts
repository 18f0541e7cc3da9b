/** Formulas about any tensor of a program, lists that formulas destructure, and formulas that throw or don't apply. */

import { ArgumentError, eye, parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { type Formulas, mlp, type NetworkPlan, verify } from '@tapegrad/verify';
import { describe, expect, test } from 'vitest';

const float64 = { dtype: 'float64' } as const;
const variable = (x: Tensor): Tensor => tensor(x.data, { shape: x.shape, requiresGrad: true });

/** Layer normalisation of the rows of X, and the sum of the cubes, without a matrix product. */
function normalisation({ widths, batch }: NetworkPlan, random: Random) {
  const width = widths[0]!;
  const X = variable(random.normal([batch, width], float64));
  const gamma = parameter(random.normal([width], float64));
  const beta = parameter(random.normal([width], float64));
  const centred = X.sub(X.mean(1, { keepDims: true }));
  const deviation = centred.mul(centred).mean(1, { keepDims: true }).add(1e-5).sqrt();
  const normalised = centred.div(deviation);
  return { loss: normalised.mul(gamma).add(beta).pow(3).sum(), X, gamma, beta, normalised, deviation };
}

const cotangent = (normalised: Tensor, gamma: Tensor, beta: Tensor): Tensor =>
  normalised.mul(gamma).add(beta).pow(2).mul(3);

describe('a tensor that a subject returns', () => {
  test('goes to formulas by its name, and can be what one equals', () => {
    const report = verify(normalisation, {
      dgamma: ({ normalised, gamma, beta }) => cotangent(normalised, gamma, beta).mul(normalised).sum(0),
      dbeta: ({ normalised, gamma, beta }) => cotangent(normalised, gamma, beta).sum(0),
      dX: ({ normalised, gamma, beta, deviation }) => {
        const share = cotangent(normalised, gamma, beta).mul(gamma);
        const mean = share.mean(1, { keepDims: true });
        const along = share.mul(normalised).mean(1, { keepDims: true });
        return share.sub(mean).sub(normalised.mul(along)).div(deviation);
      },
      normalised: ({ X, deviation }) => X.sub(X.mean(1, { keepDims: true })).div(deviation),
    });
    expect(report.formulas.map(({ message }) => message).filter((_, i) => !report.formulas[i]!.passed)).toEqual([]);
    for (const { name, differences } of report.formulas) {
      if (name !== 'normalised') expect(differences!.passed, name).toBe(true);
    }
  });

  test('is named where a formula lacks it', () => {
    const report = verify(normalisation, {
      dX: ({ normalised, gamma, beta, deviation }) => {
        const share = cotangent(normalised, gamma, beta).mul(gamma);
        const along = share.mul(normalised).mean(1, { keepDims: true });
        return share
          .sub(share.mean(1, { keepDims: true }))
          .sub(normalised.mul(along))
          .mul(deviation.mul(0).add(1));
      },
    });
    expect(report.formulas[0]).toMatchObject({ passed: false, verdict: 'different' });
  });

  test('has second derivatives', () => {
    const subject = ({ widths }: NetworkPlan, random: Random) => {
      const [w, v] = [variable(random.normal([widths[0]!], float64)), variable(random.normal([widths[0]!], float64))];
      return { loss: w.pow(3).mul(v).sum(), w, v };
    };
    const diagonal = (x: Tensor): Tensor => eye(x.size, float64).mul(x);
    const report = verify(subject, {
      'by w twice': { equals: 'd2L/dw2', formula: ({ w, v }) => diagonal(w.mul(v).mul(6)) },
      'by w and v': { equals: 'd2L/dw,dv', formula: ({ w }) => diagonal(w.pow(2).mul(3)) },
      'by v twice': { equals: 'd2L/dv2', formula: ({ v }) => diagonal(v.mul(0)) },
    });
    expect(report.formulas.map(({ passed }) => passed)).toEqual([true, true, true]);
  });

  test('may have lengths that are drawn, and shrunk', () => {
    const seen = new Set<number>();
    const subject = ({ sizes }: NetworkPlan, random: Random) => {
      const time = sizes!.time!;
      seen.add(time);
      const U = parameter(random.normal([2, 2], float64));
      const states: Tensor[] = [variable(random.normal([1, 2], float64))];
      for (let t = 1; t <= time; t++) states.push(states[t - 1]!.matmul(U).tanh());
      return { loss: states[time]!.sum(), h0: states[0]!, U, states: time };
    };
    const report = verify(
      subject,
      { dh0: ({ h0, U }) => h0.matmul(U).tanh().pow(2).neg().add(1).matmul(U.transpose()) },
      { sizes: { time: [1, 5] }, networks: 20 },
    );
    expect([...seen].toSorted()).toEqual([1, 2, 3, 4, 5]);
    expect(report.formulas[0]!.passed).toBe(false);
    expect(report.formulas[0]!.counterexample!.sizes).toEqual({ time: 2 });
    expect(report.formulas[0]!.message).toContain(', time 2');
  });

  test('and a layer can be called as `links` does', () => {
    const report = verify(mlp(), {
      'dW(W1)': ({ Z, delta, layer }) => Z[0].transpose().matmul(delta[layer('W1')]!),
      dW1: ({ gradient }) => gradient('W1'),
    });
    expect(report.passed).toBe(true);
  });
});

describe('a list that a formula unpacks', () => {
  test.each<[string, (delta: readonly Tensor[]) => Tensor]>([
    ['by a pattern', ([, , second]) => second!],
    ['by spreading', (delta) => [...delta][2]!],
    ['by a method', (delta) => delta.map((x) => x.mul(1))[2]!],
    ['from its end', (delta) => delta.slice(2)[0]!],
  ])('%s', (_, of) => {
    const [formula] = verify(mlp(), { delta_2: ({ delta }) => of(delta).mul(1) }, { networks: 20 }).formulas;
    expect(formula!.passed, formula!.message).toBe(true);
  });

  test('into nothing says what there is not', () => {
    const [formula] = verify(mlp(), { dW1: ({ delta: [, , , , , , , d7] }) => d7.mul(1) }).formulas;
    expect(formula!.message).toMatch(
      /^dW1 applies to none of the networks: the network has no delta\[\d\] \(TypeError/,
    );
  });
});

describe('points', () => {
  const random = new Random(1);
  const [W1, W2] = [parameter(random.normal([3, 4], float64)), parameter(random.normal([2, 3], float64))];
  const [X, Y] = [random.normal([4, 5], float64), random.normal([2, 5], float64)];
  const loss = (): Tensor => W2.matmul(W1.matmul(X).tanh()).sub(Y).pow(2).sum().div(5);

  test('of columns are counted along the last axis', () => {
    const report = verify({ loss: loss(), X, Y }, { delta_L: ({ Z, Y: y, L, n }) => Z[L]!.sub(y).mul(2).div(n) });
    expect(report.passed).toBe(true);
  });

  test.each([0, -1, 2.5, Number.NaN])('can not be %d', (n) => {
    const call = () => verify({ loss: loss(), X, Y, n }, { dW1: ({ dW }) => dW[1] });
    expect(call).toThrow(new ArgumentError(`verify: n is ${n}, expected an integer number of points above 0`));
  });
});

describe('a formula', () => {
  test('that throws is reported, and so are the others', () => {
    const report = verify(mlp(), {
      dW1: () => {
        throw new TypeError('no such thing');
      },
      db1: () => 1 as never,
      dX: ({ delta, W }) => delta[1].matmul(W[1].transpose()),
    });
    expect(report.formulas.map(({ verdict, message }) => [verdict, verdict === 'failed' ? message : ''])).toEqual([
      ['failed', 'dW1 failed: TypeError: no such thing'],
      ['failed', "db1 failed: ArgumentError: the formula 'db1': expected a tensor, got 1"],
      ['equal', ''],
    ]);
    expect(report.passed).toBe(false);
  });

  test('that lacks a slope is told so', () => {
    const report = verify(mlp(), {
      delta_1: ({ delta, W }) => delta[2].matmul(W[2].transpose()),
      delta_l: ({ delta, W }, l) => delta[l + 1]!.matmul(W[l + 1]!.transpose()),
    });
    expect(report.formulas.map(({ reason }) => reason)).toEqual([
      'lacks the factor slope(1)',
      'lacks the factor slope(l)',
    ]);
  });

  test('that should equal a function is judged to rounding alone', () => {
    const off: Formulas = {
      off: { equals: ({ X }) => X, formula: ({ X }) => X.mul(tensor(1 + 1e-12, float64)).add(tensor(1e-12, float64)) },
    };
    expect(verify(mlp(), off).passed).toBe(false);
  });

  test('that applies to none says why', () => {
    const [formula] = verify(mlp({ bias: false }), {
      db1: ({ delta, b }) => delta[1].sum(0).add(b[1].mul(0)),
    }).formulas;
    expect(formula!.message).toBe('db1 applies to none of the networks: the network has no db[1]');
  });

  test('about what there is not is an error, and so are none', () => {
    expect(() => verify(normalisation, { dkappa: ({ gamma }) => gamma })).toThrow(
      "verify: 'dkappa' is not a quantity and a layer, as 'dW1', 'delta_L' or 'Z_l', nor one of",
    );
    expect(() => verify(mlp(), {})).toThrow(new ArgumentError('verify: expected formulas, got none'));
    expect(() => verify(mlp(), { dX: ({ X }) => X }, { sizes: { time: [0, 3] } })).toThrow(
      'verify: sizes.time is [0, 3], expected two integers >= 1, in order',
    );
  });
});
