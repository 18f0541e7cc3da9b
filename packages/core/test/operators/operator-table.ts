/** The table of operators, `docs/operators.md`: measurements and conventions as text. */

import { type BackwardOptions, type DType, DTypeError, type FloatDType, type Tensor, tensor } from '@tapegrad/core';
import { setInterpreter } from '@tapegrad/core/extend';
import { tapeOf } from '@tapegrad/core/tape';
import { dtypes, type Primitive, plain, primitives } from '@tapegrad/kernels';
import { interpreters, restoreInterpreter } from '../../../../test/interpreters.ts';
import {
  cotangent,
  direction,
  type OperatorCase,
  type OperatorFile,
  operatorCases,
  operatorFiles,
  operatorsIn,
  storedNumbers,
} from './operators.ts';

/** The measurements of an operator. */
export interface OperatorRow {
  readonly name: string;
  /**
   * The largest error of values, gradients and Hessian-vector products, compared with PyTorch and relative to the
   * largest number of each.
   */
  readonly error: number;
  /** The largest error in float32 of values and gradients, in units in the last place of the largest number of each. */
  readonly ulps: number;
}

/** Conventions where mathematics leaves a choice. Each is tested, in `conventions.test.ts` or as a case of the table. */
const conventions: Readonly<Record<string, string>> = {
  abs: "abs'(0) = 0, abs'(NaN) = NaN (PyTorch: 0); for int32, |-2^31| = -2^31",
  acos: "acos'(±1) = -∞",
  all: 'true for an empty tensor',
  any: 'false for an empty tensor',
  argmax: 'the first of tied elements; NaN is the largest',
  argmin: 'the first of tied elements; NaN is the smallest',
  argsort: 'stable; NaN is the largest',
  asin: "asin'(±1) = ∞",
  atan2: 'derivatives are 0 at the origin and for infinite arguments (PyTorch: NaN)',
  broadcastTo: 'the gradient is summed over the broadcast axes',
  cast: 'to int32: truncates; NaN, infinities and out-of-range numbers throw (PyTorch wraps); to bool: x ≠ 0',
  cdist:
    'derivative 0 where points coincide; for order ∞, tied largest differences share the gradient (PyTorch: each gets all of it)',
  ceil: 'no gradient',
  cholesky: 'uses the symmetric part; throws unless it is positive definite',
  clamp: 'derivative 1 at the bounds, and at NaN (PyTorch: 0)',
  cosineSimilarity: 'within [-1, 1]; 0 for a zero vector, whatever eps is',
  cumprod:
    'derivatives are exact with zeros, to every order; int32 wraps (PyTorch: int64); computed in float64, and can become finite again after an overflow',
  cumsum: 'int32 wraps (PyTorch: int64)',
  det: 'the gradient exists for singular matrices; there, the second derivative throws',
  eigh: 'uses the symmetric part; non-finite entries throw; if eigenvalues are equal, gradients of vectors and second derivatives of values throw',
  elu: "elu'(0) = elu''(0) = alpha, the derivatives from the left (PyTorch: elu''(0) = 0)",
  floor: 'no gradient',
  gelu: 'gelu(-∞) = 0 (PyTorch: NaN); keeps full precision where it is nearly 0 (PyTorch: 6 % off at -5)',
  hardtanh: 'derivative 0 at the bounds, 1 at NaN',
  index: 'gradients of repeated positions add up',
  inverse: 'throws for a singular matrix',
  leakyRelu: "leakyRelu'(0) = slope; with slope 0, its value at -∞ is 0 (PyTorch: NaN)",
  logdet: 'NaN for a negative determinant; -∞ for 0, where the gradient throws',
  logSoftmax: 'no exponential overflows; if the largest element is infinite, all results are NaN',
  logSumExp:
    'no exponential overflows; -∞ for an empty tensor; if all elements are -∞, the gradient is 0; an element of ∞ gets all of it (PyTorch: NaN)',
  max: 'over all or several axes, ties share the gradient evenly; along one axis, the first tied element gets all of it; NaN is the largest',
  maximum: 'ties share the gradient equally; if either operand is NaN, both get all of it; on bool: or',
  mean: 'NaN for an empty tensor',
  min: 'over all or several axes, ties share the gradient evenly; along one axis, the first tied element gets all of it; NaN is the smallest',
  minimum: 'ties share the gradient equally; if either operand is NaN, both get all of it; on bool: and',
  neg: 'for int32, -(-2^31) = -2^31',
  norm: "norm'(0) = 0 for every order; 0 for an empty tensor, also for order ∞ (PyTorch: an error); no square overflows (PyTorch's do)",
  pow: '(x^2)′(0) = 0; (x^0)′ = 0 everywhere; 0^y is constant in y for y ≥ 0; (-∞)^0.5 = ∞ (PyTorch: NaN)',
  prod: 'derivatives are exact with zeros, to every order; 1 for an empty tensor; int32 wraps (PyTorch: int64); no intermediate overflow in values or first derivatives (PyTorch: NaN)',
  qr: 'LAPACK’s signs; non-finite entries throw; at linearly dependent columns, the gradient throws',
  reciprocal: '1/0 = ∞',
  relu: "relu'(0) = 0, relu'(NaN) = 1",
  remainder:
    'has the sign of y; division by 0 gives NaN, and 0 for int32 (PyTorch: an error); at y = ±∞ the derivative in y is 0, or 1 if y was added; at y = 0 it is NaN (PyTorch: -∞)',
  round: 'ties to even; no gradient',
  scatter: 'a repeated position throws, unless entries are added',
  scatterAdd: 'entries at repeated positions add up',
  selu: "selu'(0) = selu''(0) = scale · alpha, the derivatives from the left (PyTorch: selu''(0) = 0)",
  silu: 'silu(-∞) = 0 (PyTorch: NaN)',
  sigmoid: "sigmoid'(-200) = e^-200, without overflow; where the value rounds to 1, the slope s (1 - s) is 0",
  sign: 'sign(0) = 0; no gradient',
  slogdet: 'at a singular matrix, the gradient throws',
  softmax: 'no exponential overflows; if the largest element is infinite, all results are NaN',
  softplus: "softplus(200) = 200, softplus'(200) = 1",
  solve: 'throws for a singular matrix',
  sort: 'stable; NaN is the largest',
  sqrt: "sqrt'(0) = ∞",
  square: '(x^2)′(0) = 0',
  std: 'derivative 0 if all elements are equal; a large mean costs no precision, and no square overflows',
  sum: '0 for an empty tensor; int32 wraps, for any number of terms (PyTorch: int64)',
  svd: 'non-finite entries throw; if singular values are equal, gradients of vectors and second derivatives of values throw',
  svdvals:
    'non-finite entries throw; the gradient exists even if values are equal, but then the second derivative throws',
  take: 'gradients of repeated positions add up',
  tanh: 'where the value rounds to ±1, the slope 1 - y^2 is 0',
  topk: 'the first of tied elements; NaN is the largest',
  triangularSolve: 'the other triangle is not read; throws for a 0 on the diagonal',
  unique: 'each NaN is distinct',
  variance: 'NaN for a single number, unless the correction is 0; a large mean costs no precision',
  where: 'no gradient flows through the branch that is not selected',
};

/** Operators that exist only as methods. */
const methods: { readonly [File in OperatorFile]?: readonly string[] } = { 'method-functions.ts': ['slice'] };

/** The operators in a file of core, in alphabetical order. */
const namesIn = (file: OperatorFile): string[] => [...operatorsIn(file), ...(methods[file] ?? [])].sort();

const casesOf = (name: string): readonly OperatorCase[] => operatorCases.filter(({ call }) => call === name);

/** Returns a case's inputs in a dtype. Their elements are rounded to float32 even in float64. */
const inputsIn = ({ inputs }: OperatorCase, dtype: DType, requiresGrad = false): Tensor[] =>
  inputs().map(({ data, shape }) => {
    const rounded = Float32Array.from(data, dtype === 'int32' ? Math.trunc : Number);
    const values = dtype === 'bool' ? Uint8Array.from(rounded, (value) => Number(value !== 0)) : rounded;
    return tensor(values, { shape, dtype, requiresGrad });
  });

function runsIn(c: OperatorCase, dtype: DType): boolean {
  try {
    c.run(...inputsIn(c, dtype));
    return true;
  } catch (error) {
    if (error instanceof DTypeError) return false;
    throw error;
  }
}

function gradientsOf(y: Tensor, inputs: readonly Tensor[], options: BackwardOptions): Tensor[] {
  const gradients = y.requiresGrad ? y.backward({ ...options, wanted: inputs }) : undefined;
  return inputs.map((x) => (gradients?.has(x) ? gradients.of(x) : x.detach().mul(0)));
}

/** Returns the value, the gradients and the Hessian-vector products. */
function derivatives({ run, constant }: OperatorCase, inputs: readonly Tensor[]): Tensor[] {
  const y = run(...inputs);
  if (constant) return [y];
  const first = gradientsOf(y, inputs, { seed: cotangent(y.shape).cast(y.dtype), createGraph: true });
  const slope = first
    .map((gradient, i): Tensor => gradient.mul(direction(gradient.shape, i).cast(gradient.dtype)).sum())
    .reduce((sum, term) => sum.add(term));
  return [y, ...first, ...gradientsOf(slope, inputs, {})];
}

const largest = (numbers: Iterable<number>): number => Array.from(numbers).reduce((most, n) => Math.max(most, n), 0);

/** Returns the largest error, and the largest expected magnitude, or 1 if all expected numbers are smaller. */
function deviation(actual: Tensor, expected: readonly number[]): { error: number; scale: number } {
  const errors = expected.map((number, i) =>
    Object.is(actual.data[i], number) ? 0 : Math.abs(actual.data[i]! - number),
  );
  const wrong = errors.some((error) => !Number.isFinite(error));
  const scale = Math.max(1, largest(expected.map(Math.abs).filter(Number.isFinite)));
  return { error: wrong ? Number.POSITIVE_INFINITY : largest(errors), scale };
}

function errorOf(c: OperatorCase): number {
  const inputs = c.inputs().map(({ data, shape }) => tensor(data, { shape, requiresGrad: true }));
  const { value, gradients = [], products = [] } = c.stored;
  const stored = [value, ...gradients, ...products];
  return largest(
    derivatives(c, inputs).map((x, i) => {
      const { error, scale } = deviation(x, storedNumbers(stored[i]!, x.size));
      return error / scale;
    }),
  );
}

function ulpsOf(c: OperatorCase): number {
  const inDType = (dtype: FloatDType): Tensor[] => {
    const inputs = inputsIn(c, dtype, true);
    return derivatives(c, inputs).slice(0, 1 + inputs.length);
  };
  const exact = inDType('float64');
  return largest(
    inDType('float32').map((x, i) => {
      const { error, scale } = deviation(x, [...exact[i]!.data]);
      return error / 2 ** (Math.floor(Math.log2(scale)) - 23);
    }),
  );
}

/** Returns the largest error of the cases, on the default or the plain interpreter. */
function worst(cases: readonly OperatorCase[], measure: (c: OperatorCase) => number): number {
  const errors = [interpreters.default, plain].map((kernels) => {
    setInterpreter(kernels!);
    return largest(cases.map(measure));
  });
  restoreInterpreter();
  return largest(errors);
}

const rowOf = (name: string): OperatorRow => ({
  name,
  error: worst(casesOf(name), errorOf),
  ulps: worst(
    casesOf(name).filter(({ kinked }) => !kinked),
    ulpsOf,
  ),
});

/** Measures every operator. */
export const measureOperators = (): OperatorRow[] =>
  (Object.keys(operatorFiles) as OperatorFile[]).flatMap(namesIn).map(rowOf);

/** The names of the operators with conventions. */
export const namesOfConventions = Object.keys(conventions);

/** Rounds up to one digit, with a margin for engines with other elementary functions. */
function bound(error: number): string {
  const roomy = Math.max(1e-15, 2 * error);
  const unit = 10 ** Math.floor(Math.log10(roomy));
  return `${Math.ceil(roomy / unit - 1e-9)}e${Math.log10(unit)}`;
}

/** Describes how an operator is implemented, for the table. */
function makeOf(name: string): 'primitive' | 'defined' | 'composed' {
  if (primitives.includes(name as Primitive)) return 'primitive';
  const first = casesOf(name)[0]!;
  const tape = tapeOf(first.run(...inputsIn(first, 'float64', true)));
  return tape.some(({ op }) => op === 'custom') ? 'defined' : 'composed';
}

function lineOf({ name, error, ulps }: OperatorRow): string {
  const cases = casesOf(name);
  const cells = [
    `\`${name}\``,
    makeOf(name),
    dtypes.filter((dtype) => cases.some((c) => runsIn(c, dtype))).join(' '),
    cases.every(({ constant }) => constant) ? 'none' : 'every order',
    conventions[name] ?? '',
    bound(error),
    ulps === 0 ? '0' : String(Math.ceil(1.5 * ulps)),
  ];
  return `| ${cells.join(' | ')} |`;
}

const introduction = `# Operators

This page lists every operator of \`@tapegrad/core\`. Each is tested on every interpreter. \`npm run docs:operators\` generates
the page from the rule table and the tests, and a test checks that it is current.

- *made*: how the operator is made. A *primitive* has a line in the [rule table](../packages/core/src/tape/rules/vjp-rules.ts).
  The derivatives of a *composed* operator follow from its primitives. A *defined* operator has its own rule, by \`defineOp\`.
- *dtypes*: the dtypes that it accepts. Gradients flow through float32 and float64.
- *derivatives*: the orders of derivatives that it has, in reverse and forward mode. Values, gradients and Hessian-vector
  products are checked against PyTorch and against central differences. *None* means that the result is piecewise constant.
- *by convention*: the behavior where mathematics leaves a choice. It is PyTorch's, unless the entry says otherwise. An
  operand that isn't selected, such as the smaller one in \`maximum\`, gets a derivative of 0, even if the incoming cotangent
  is infinite or NaN. A reduction over an empty list of axes leaves each element as it is. Sums and products of int32 wrap:
  they are the last 32 bits of the exact result. Operators with fractional results, such as \`div\`, \`pow\` and \`mean\`,
  accept only floats.
- *float64*: a bound on the error of values, gradients and Hessian-vector products, compared with PyTorch's in float64. It is
  relative to the largest number of the array, or to 1 if that is larger. Inputs include extreme ones.
- *ulps*: a bound on the error of float32 values and gradients, compared with float64. One ulp (unit in the last place) is
  the distance between adjacent float32 numbers near the largest number of the array, or near 1 if that is larger.
`;

/** The page. */
export function formatPage(rows: readonly OperatorRow[]): string {
  const byName = new Map(rows.map((row) => [row.name, row]));
  const sections = (Object.keys(operatorFiles) as OperatorFile[]).map((file) =>
    [
      `\n## ${operatorFiles[file]}\n`,
      '| operator | made | dtypes | derivatives | by convention | float64 | ulps |',
      '| --- | --- | --- | --- | --- | --- | --- |',
      ...namesIn(file).map((name) => lineOf(byName.get(name)!)),
    ].join('\n'),
  );
  return `${introduction}${sections.join('\n')}\n`;
}
