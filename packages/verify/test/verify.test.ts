/** Tests of formulas: correct ones hold, each kind of mistake is found and named, and the tape is checked, too. */

import { full, ones, parameter, Random, type Tensor, tensor } from '@tapegrad/core';
import { setInterpreter } from '@tapegrad/core/extend';
import { plain } from '@tapegrad/kernels';
import {
  compare,
  type FormulaReport,
  type Formulas,
  mlp,
  type NetworkPlan,
  type Subject,
  verify,
} from '@tapegrad/verify';
import { afterEach, describe, expect, test } from 'vitest';
import { restoreInterpreter } from '../../../test/interpreters.ts';
import { byColumns, byRows, columns, expectHolds, reportOn, rows, t } from './network-formulas.ts';

describe('what is right holds', () => {
  test('in rows', () => {
    const report = verify(rows, byRows);
    expectHolds(report);
    expect(report.networks).toBe(40);
    for (const { name, unequalWidths, equalWidths, differences, failures, comparisons } of report.formulas) {
      expect([name, unequalWidths, equalWidths, failures]).toEqual([name, 'holds', 'holds', 0]);
      expect(comparisons).toBeGreaterThan(20);
      if (/^d/.test(name)) {
        expect(differences).toMatchObject({ passed: true });
        expect(differences!.elements).toBeGreaterThan(50);
        expect(differences!.tape).toBeLessThan(1e-6);
        expect(differences!.formula).toBeLessThan(1e-6);
      } else {
        expect(differences).toBeUndefined();
      }
    }
  });

  test('in columns', () => {
    expectHolds(verify(columns, byColumns));
  });

  test('without biases, of which formulas then do not speak', () => {
    const { dW_l, delta_l, db_l } = byRows;
    const { formulas } = verify(mlp({ bias: false }), { dW_l: dW_l!, delta_l: delta_l!, db_l: db_l! });
    expect(formulas.map(({ passed }) => passed)).toEqual([true, true, false]);
    expect(formulas[2]).toMatchObject({ passed: false, verdict: 'untried', comparisons: 0, unequalWidths: 'untried' });
    expect(formulas[2]!.message).toBe('db_l applies to none of the networks: the network has no db[1]');
  });

  test('with softmax and cross-entropy (L2, and B2 mended)', () => {
    const formulas: Formulas = {
      delta_L: ({ Z, Y, n, L }) => Z[L]!.sub(Y).div(n),
      dZ_L: ({ Z, Y, n, L }) => Y.div(Z[L]!).div(-n),
      'delta by the Jacobian': {
        equals: 'delta_L',
        formula: ({ dZ, Z, L }) => {
          const [g, p] = [dZ[L]!, Z[L]!];
          return p.mul(g.sub(g.mul(p).sum(1, { keepDims: true })));
        },
      },
    };
    for (const convention of ['rows', 'columns'] as const) {
      const own = convention === 'rows' ? formulas : { delta_L: formulas.delta_L!, dZ_L: formulas.dZ_L! };
      expectHolds(verify(mlp({ loss: 'crossEntropy', convention }), own, { lastTransitions: ['softmax'] }));
    }
  });

  test('where a loss, and all its derivatives, are 0', () => {
    const oneClass: Subject = (plan, random) => mlp({ loss: 'crossEntropy' })({ ...plan, widths: [2, 1] }, random);
    const options = { depth: 1, lastTransitions: ['softmax'] } as const;
    expectHolds(verify(oneClass, { dW1: byRows.dW1!, delta1: ({ Z, Y, n }) => Z[1].sub(Y).div(n) }, options));
  });

  test('with a loss of one’s own', () => {
    const report = verify(mlp({ loss: (output, Y) => output.sub(Y).abs().sum() }), {
      dZ_L: ({ Z, Y, L }) => Z[L]!.sub(Y).sign(),
    });
    expectHolds(report);
  });

  test('with slopes that are the diagonal of the Jacobian, where that has more', () => {
    const p: Formulas = {
      s: { equals: ({ Z, L }) => Z[L]!.mul(Z[L]!.neg().add(1)), formula: ({ slope, L }) => slope(L) },
    };
    expectHolds(verify(rows, p, { lastTransitions: ['softmax', 'sigmoid'] }));
  });

  test('of sums that cancel, by the rounding of their terms', () => {
    const centred: Subject = ({ batch }, random) => {
      const draw = (...shape: number[]) => random.normal(shape, { dtype: 'float64' });
      const a = draw(batch + 1, 3)
        .matmul(parameter(draw(3, 2)))
        .add(parameter(draw(2)));
      return {
        loss: a
          .sub(a.mean(0))
          .tanh()
          .mul(draw(batch + 1, 2))
          .sum(),
      };
    };
    const report = verify(centred, { db1: ({ b }) => b[1].mul(0) });
    expectHolds(report);
    expect(report.formulas[0]!.ulps).toBeGreaterThan(0);
  });

  test('by a name of its own, or by a function', () => {
    const report = verify(rows, {
      'second layer': { equals: 'dW_2', formula: ({ Z, delta }) => t(Z[1]).matmul(delta[2]) },
      'squared norm': { equals: ({ dW }) => dW[1].mul(dW[1]).sum(), formula: ({ dW }) => dW[1].norm().pow(2) },
    });
    expectHolds(report);
    expect(report.formulas.map(({ equals }) => equals)).toEqual(['dW_2', 'a function']);
    expect(report.formulas[1]).toMatchObject({ verdict: 'rounding', differences: undefined });
  });
});

describe('what is wrong is found, and for the right reason', () => {
  test('B1 without 1/n: off by the factor n', () => {
    const report = reportOn(rows, { dZ_L: ({ Z, Y, L }) => Z[L]!.sub(Y).mul(2) });
    expect(report).toMatchObject({ passed: false, verdict: 'factor', factor: 'n' });
    expect(report.counterexample).toMatchObject({ widths: [1, 1], batch: 2, layer: 1 });
    expect(report.message).toMatch(
      /^dZ_L is off by the factor n, in \d+ of 40 comparisons; the smallest counterexample/,
    );
  });

  test('B2 for softmax, whose Jacobian is not diagonal', () => {
    const options = { lastTransitions: ['softmax'] } as const;
    const report = reportOn(mlp({ loss: 'crossEntropy' }), { delta_L: byRows.delta_L! }, options);
    expect(report).toMatchObject({ passed: false, verdict: 'different' });
    expect(report.counterexample!.widths).toEqual([1, 2]);
    expect(report.counterexample!.transitions).toEqual(['softmax']);
    expect(report.differences).toMatchObject({ passed: true });
    expect(report.differences!.formula).toBeGreaterThan(0.01);
  });

  test('B7 with the wrong W: by shape where widths differ, by numbers where they are equal', () => {
    const wrong: Formulas = { delta_l: ({ delta, W, slope }, l) => delta[l + 1]!.matmul(t(W[l]!)).mul(slope(l)) };
    const report = reportOn(rows, wrong);
    expect(report).toMatchObject({ passed: false, verdict: 'shapes', unequalWidths: 'shapes', equalWidths: 'numbers' });
    expect(report.counterexample).toMatchObject({ layer: 1, actual: undefined, comparison: undefined });
    expect(report.counterexample!.transitions).toHaveLength(2);
    expect(report.message).toContain('has the wrong shape if widths differ, and wrong numbers if all are equal');
    expect(report.counterexample!.message).toMatch(/^delta_l can't be computed: matmul: inner dimensions/);
  });

  test('B4 with W not transposed', () => {
    const wrong: Formulas = { delta_l: ({ delta, W, slope }, l) => W[l + 1]!.matmul(delta[l + 1]!).mul(slope(l)) };
    expect(reportOn(columns, wrong)).toMatchObject({
      verdict: 'shapes',
      unequalWidths: 'shapes',
      equalWidths: 'numbers',
    });
  });

  const mistakes: readonly (readonly [what: string, formulas: Formulas, found: Partial<FormulaReport>])[] = [
    [
      'a sign',
      {
        dW_l: ({ Z, delta }, l) =>
          t(Z[l - 1]!)
            .matmul(delta[l]!)
            .neg(),
      },
      { verdict: 'factor', factor: '-1' },
    ],
    ['a lost 2', { dZ_L: ({ Z, Y, n, L }) => Z[L]!.sub(Y).div(n) }, { verdict: 'factor', factor: '1/2' }],
    ['a lost 2/n', { dZ_L: ({ Z, Y, L }) => Z[L]!.sub(Y) }, { verdict: 'factor', factor: 'n/2' }],
    ['a mean in place of a sum', { db_l: ({ delta }, l) => delta[l]!.mean(0) }, { verdict: 'factor', factor: '1/n' }],
    ['some other factor', { dW1: ({ dW }) => dW[1].mul(3.5) }, { verdict: 'factor', factor: 3.5 }],
    [
      'a factor that is never the same',
      { dW1: ({ dW, delta }) => dW[1].mul(delta[1].sum()) },
      { verdict: 'factor', factor: undefined },
    ],
    ['a transposition', { dW_l: ({ Z, delta }, l) => t(delta[l]!).matmul(Z[l - 1]!) }, { verdict: 'transposed' }],
    [
      'an index of delta',
      { dW1: ({ Z, delta, L }) => t(Z[0]).matmul(delta[L]!) },
      { verdict: 'shapes', equalWidths: 'numbers' },
    ],
    [
      'an index of Z',
      { dW_l: ({ Z, delta }, l) => t(Z[l]!).matmul(delta[l]!) },
      { verdict: 'shapes', unequalWidths: 'shapes', equalWidths: 'numbers' },
    ],
    [
      'an index of a slope',
      { delta_l: ({ delta, W, slope }, l) => delta[l + 1]!.matmul(t(W[l + 1]!)).mul(slope(l + 1)) },
      { verdict: 'shapes', equalWidths: 'numbers' },
    ],
    [
      'a slope that is left out',
      { delta_l: ({ delta, W }, l) => delta[l + 1]!.matmul(t(W[l + 1]!)) },
      { verdict: 'different', unequalWidths: 'numbers', equalWidths: 'numbers' },
    ],
    [
      'a slope at Z in place of A',
      { delta_L: ({ dZ, Z, L }) => dZ[L]!.mul(Z[L]!.greater(0).cast('float64')) },
      { verdict: 'different' },
    ],
    [
      'a bias that is left out',
      { A_l: ({ Z, W }, l) => Z[l - 1]!.matmul(W[l]!) },
      { verdict: 'different', differences: undefined },
    ],
  ];

  test.each(mistakes)('%s', (_, formulas, found) => {
    const report = reportOn(rows, formulas);
    expect(report).toMatchObject({ passed: false, ...found });
    expect(report.counterexample).toBeDefined();
    expect(report.failures).toBeGreaterThan(0);
  });

  test('the counterexample is the smallest, and can be computed again', () => {
    // Wrong only with at least two points and three layers.
    const wrong: Formulas = { dW1: ({ dW, n, L }) => (n > 1 && L > 2 ? dW[1].add(1) : dW[1]) };
    const { counterexample, failures } = reportOn(rows, wrong);
    expect(failures).toBeLessThan(40);
    expect(counterexample).toMatchObject({ widths: [1, 1, 1, 1], batch: 2, layer: 1 });
    const { expected, actual, comparison } = counterexample!;
    expect(compare('dW1', expected, actual!).verdict).toBe('different');
    expect(comparison!.verdict).toBe('different');
  });
});

test('a counterexample is off in the way that the verdict says', () => {
  const wrong: Formulas = { dW1: ({ dW, W, n }) => dW[1].mul(W[1].shape[0] === 1 ? 9 : n) };
  const { factor, counterexample } = reportOn(rows, wrong);
  expect(factor).toBe('n');
  expect(counterexample).toMatchObject({ widths: [2, 1], batch: 2 });
});

describe('the tape is on trial too', () => {
  afterEach(restoreInterpreter);

  test('a rule that is wrong is found, though the formula agrees with it', () => {
    setInterpreter({ ...plain, activationGrad: (g, y) => plain.mul(g, y) });
    const report = reportOn(rows, { delta_l: byRows.delta_l! });
    expect(report).toMatchObject({ passed: false, failures: 0, differences: { passed: false } });
    expect(report.differences!.tape).toBeGreaterThan(0.01);
    expect(report.message).toContain('but central differences say otherwise');
  });

  test('and a formula that is right, though the tape is not', () => {
    setInterpreter({ ...plain, activationGrad: (g, y) => plain.mul(g, y) });
    const tanh = { transitions: ['tanh'] } as const;
    const report = reportOn(rows, { delta_L: ({ dZ, Z, L }) => dZ[L]!.mul(Z[L]!.mul(Z[L]!).neg().add(1)) }, tanh);
    expect(report).toMatchObject({ passed: false, differences: { passed: false } });
    expect(report.differences!.formula).toBeLessThan(1e-6);
  });

  test('or not, where no elements are asked for', () => {
    const report = reportOn(rows, { dW1: byRows.dW1! }, { differences: 0 });
    expect(report).toMatchObject({ passed: true, differences: undefined });
  });
});

describe('networks of one’s own', () => {
  const random = new Random(9);
  const X = random.normal([6, 4]);
  const Y = random.normal([6, 2]);
  const [W1, W2] = [parameter(random.normal([4, 3]), { name: 'first.weight' }), parameter(random.normal([3, 2]))];
  const mse = (output: Tensor): Tensor => output.sub(Y).mul(output.sub(Y)).sum().div(6);
  const loss = (): Tensor => mse(X.matmul(W1).tanh().matmul(W2));

  test('given by a loss, with the tape behind it, of float32', () => {
    const before = W1.toArray();
    const network = { loss: loss(), X, Y };
    const { dW_l, delta_l, dZ_L } = byRows;
    const report = verify(network, { dW_l: dW_l!, delta_l: delta_l!, dZ_L: dZ_L! });
    expectHolds(report);
    expect(report.networks).toBe(1);
    expect(report.formulas.map(({ comparisons }) => comparisons)).toEqual([2, 1, 1]);
    for (const { differences } of report.formulas) expect(differences!.tape).toBeLessThan(1e-8);
    expect(W1.toArray()).toEqual(before);
    expect(network.loss.backward().size).toBe(2);
  });

  test('in float64, whatever they were', () => {
    const dtypes: string[] = [];
    verify(
      { loss: loss(), Y },
      {
        dW1: ({ X, Y, Z, W, dW, delta, links: [first] }) => {
          dtypes.push(...[X, Y, Z[0], Z[1], W[1], delta[1]].map(({ dtype }) => dtype), first!.name);
          return dW[1];
        },
      },
    );
    expect(dtypes).toEqual([...Array(6).fill('float64'), 'first']);
  });

  test('with the counterexample that they are', () => {
    const report = reportOn({ loss: loss(), Y }, { dZ_L: ({ Z, Y, L }) => Z[L]!.sub(Y).mul(2) });
    expect(report).toMatchObject({ verdict: 'factor', factor: 'n', unequalWidths: 'numbers', equalWidths: 'untried' });
    expect(report.counterexample).toMatchObject({ widths: [4, 3, 2], batch: 6, transitions: ['tanh', 'identity'] });
  });

  test('of a single point', () => {
    const x = tensor([1, -2, 0.5, 3]);
    const network = { loss: x.matmul(W1).tanh().norm(), X: x };
    expectHolds(
      verify(network, {
        dW1: ({ Z, delta }) => Z[0].reshape([4, 1]).matmul(delta[1].reshape([1, 3])),
        delta1: ({ dZ, Z }) => dZ[1].mul(Z[1].mul(Z[1]).neg().add(1)),
      }),
    );
  });

  test('of several dtypes', () => {
    const wide = parameter(random.normal([4, 2], { dtype: 'float64' }));
    const network = { loss: mse(X.matmul(wide.cast('float32')).sin()), X, Y };
    expectHolds(verify(network, { dW1: byRows.dW1!, dZ_L: byRows.dZ_L! }));
  });

  test('with whole derivatives, where a weight is used twice or has a penalty', () => {
    const V = parameter(random.normal([4, 4], { dtype: 'float64' }));
    const wide = X.cast('float64');
    const output = wide.matmul(V).tanh().matmul(V);
    const network = { loss: output.mul(output).sum().add(V.mul(V).sum()) };
    const report = verify(network, {
      dW1: ({ Z, W, delta }) => t(Z[0]).matmul(delta[1]).add(t(Z[1]).matmul(delta[2])).add(W[1].mul(2)),
      'by the layer alone': { equals: 'dW1', formula: ({ Z, delta }) => t(Z[0]).matmul(delta[1]) },
    });
    expect(report.formulas.map(({ passed }) => passed)).toEqual([true, false]);
    expect(report.formulas.map(({ differences }) => differences!.passed)).toEqual([true, true]);
  });

  test('with branches, whose links tell what a list of layers can not', () => {
    const [left, right] = [parameter(ones([4, 3])), parameter(full([4, 3], 0.5))];
    const network = { loss: X.matmul(left).relu().add(X.matmul(right).sin()).sum() };
    const formula: Formulas = {
      dW2: ({ links: list }) => t(list[1]!.input.detach()).matmul(list[1]!.delta),
    };
    expectHolds(verify(network, formula));
  });

  test('built by a function of one’s own', () => {
    const plans: NetworkPlan[] = [];
    const subject: Subject = (plan, random) => {
      plans.push(plan);
      const draw = (...shape: number[]) => random.normal(shape, { dtype: 'float64' });
      const [W, input] = [parameter(draw(plan.widths[0]!, 2)), draw(plan.batch, plan.widths[0]!)];
      return { loss: input.matmul(W).tanh().norm() };
    };
    expectHolds(verify(subject, { dW1: byRows.dW1! }, { networks: 10, depth: 1, width: 7, batch: 3, differences: 1 }));
    expect(plans).toHaveLength(10);
    expect(plans.every(({ widths, batch }) => widths.length === 2 && batch <= 3 && Math.max(...widths) <= 7)).toBe(
      true,
    );
  });
});
