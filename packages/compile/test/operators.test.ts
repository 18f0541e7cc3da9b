/** Every operator of core runs compiled with the bits of eager computation: value, gradients and second derivatives. */

import { grad, type Tensor } from '@tapegrad/core';
import { expect, test } from 'vitest';
import { cotangent, direction, type OperatorCase, operatorCases } from '../../core/test/operators/operators.ts';
import { compile, TraceError } from '../src/index.ts';

type List = readonly Tensor[];

const sum = (terms: List): Tensor => terms.reduce((total, term) => total.add(term));

/** Returns a function that computes the value of an operator, its gradients, and products with its Hessian. */
function derived({ run, constant }: OperatorCase): (inputs: List) => unknown {
  const loss = (inputs: List): Tensor => {
    const y = run(...inputs);
    return y.mul(cotangent(y.shape)).sum() as Tensor;
  };
  const slope = (inputs: List): Tensor =>
    sum(
      (grad(loss as never)(inputs as never) as Tensor[]).map((g: Tensor, i: number) =>
        g.mul(direction(g.shape, i)).sum(),
      ),
    );
  return (inputs) => ({
    value: run(...inputs),
    ...(!constant && {
      gradients: grad(loss as never)(inputs as never),
      products: grad(slope as never)(inputs as never),
    }),
  });
}

/** Operators that read elements: their shape depends on them, or their algorithm runs in JavaScript. */
const readElements = [
  'cholesky',
  'cumprod',
  'det',
  'eigh',
  'inverse',
  'logdet',
  'nonzero',
  'qr',
  'slogdet',
  'solve',
  'svd',
  'svdvals',
  'triangularSolve',
  'unique',
];

// Every line of the table, on its first inputs unless all cases are asked for.
const isFirst = (one: OperatorCase, i: number): boolean => operatorCases[i - 1]?.row !== one.row;
const isWhole = process.env['CASES'] === 'all';
const cases = isWhole ? operatorCases : operatorCases.filter(isFirst);

test(
  'the bits are those of eager computation, at the first call and later',
  () => {
    const refused = new Set<string>();
    for (const one of cases) {
      const f = derived(one);
      const inputs = one.inputs();
      const expected = JSON.stringify(f(inputs));
      const compiled = compile(f);
      try {
        expect(JSON.stringify([compiled(inputs), compiled(inputs)]), one.name).toBe(`[${expected},${expected}]`);
      } catch (error) {
        if (!(error instanceof TraceError)) throw error;
        refused.add(one.call);
      }
    }
    expect([...refused].toSorted()).toEqual(readElements);
  },
  isWhole ? 900_000 : 90_000,
);
