/** The table of operators, `docs/operators.md`: what is measured and what is chosen, put into words. */

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

/** What an operator is measured to be. */
export interface OperatorRow {
  readonly name: string;
  /** The largest error against PyTorch of values, gradients and Hessian-vector products, beside the largest number of each. */
  readonly error: number;
  /** The largest error in float32 of values and gradients, in units in the last place of the largest number of each. */
  readonly ulps: number;
}

/** What is chosen where mathematics leaves a choice; a test holds each, in `conventions.test.ts` or as a case of the table. */
const conventions: Readonly<Record<string, string>> = {
  abs: "abs'(0) = 0, abs'(NaN) = NaN (PyTorch: 0); of int32, |-2^31| = -2^31",
  acos: "acos'(±1) = -∞",
  all: 'of nothing: true',
  any: 'of nothing: false',
  argmax: 'the first of equals; NaN is the largest',
  argmin: 'the first of equals; NaN is the smallest',
  argsort: 'stable; NaN is the largest',
  asin: "asin'(±1) = ∞",
  atan2: 'derivatives 0 at the origin, and beside an infinity (PyTorch: NaN)',
  broadcastTo: 'the adjoint sums',
  cast: 'to int32 by truncation, an error for what it lacks (PyTorch wraps); to bool by x ≠ 0',
  cdist: 'derivative 0 where points coincide; of order ∞ the largest share it (PyTorch: each gets all)',
  ceil: 'no gradient',
  cholesky: 'of the symmetric part; an error unless positive definite',
  clamp: 'derivative 1 at the bounds, and at NaN (PyTorch: 0)',
  cosineSimilarity: 'from -1 to 1; 0 for a vector of zeros, of any eps',
  cumprod:
    'exact with zeros, to every order; of int32 it wraps (PyTorch: int64); multiplied in float64, and comes back from beyond all numbers',
  cumsum: 'of int32 it wraps (PyTorch: int64)',
  det: 'the gradient exists for singular matrices, the second derivative is an error there',
  eigh: 'of the symmetric part; an error for entries that are not finite; where eigenvalues are equal, vectors have no gradient and values no second one: an error',
  elu: "elu'(0) = elu''(0) = alpha, from the left (PyTorch: elu''(0) = 0)",
  floor: 'no gradient',
  gelu: 'gelu(-∞) = 0 (PyTorch: NaN); keeps its digits where it is nearly 0 (PyTorch: 6 % off at -5)',
  hardtanh: 'derivative 0 at the bounds, 1 at NaN',
  index: 'positions taken twice: gradients add up',
  inverse: 'an error for a singular matrix',
  leakyRelu: "leakyRelu'(0) = slope; of slope 0, 0 at -∞ (PyTorch: NaN)",
  logdet: 'NaN of a negative determinant, -∞ of 0, whose gradient is an error',
  logSoftmax: 'no exponential overflows; where the largest is infinite, all are NaN',
  logSumExp:
    'no exponential overflows; of nothing: -∞; of -∞ alone the gradient is 0, and ∞ has all of it (PyTorch: NaN)',
  max: 'ties share evenly over all or several axes, the first takes all along one; NaN is the largest',
  maximum: 'a tie shares half and half, beside a NaN both get all; on bool: or',
  mean: 'of nothing: NaN',
  min: 'ties share evenly over all or several axes, the first takes all along one; NaN is the smallest',
  minimum: 'a tie shares half and half, beside a NaN both get all; on bool: and',
  neg: 'of int32, -(-2^31) = -2^31',
  norm: "norm'(0) = 0, of any order; of nothing: 0, of order ∞, too (PyTorch: an error); no square overflows (PyTorch's do)",
  pow: '(x^2)′(0) = 0; (x^0)′ = 0 everywhere; 0^y is constant in y for y ≥ 0; (-∞)^0.5 = ∞ (PyTorch: NaN)',
  prod: 'exact with zeros, to every order; of nothing: 1; of int32 it wraps (PyTorch: int64); neither it nor its slopes overflow on the way (PyTorch: NaN)',
  qr: 'signs as LAPACK’s; an error for entries that are not finite; the gradient at dependent columns is an error',
  reciprocal: '1/0 = ∞',
  relu: "relu'(0) = 0, relu'(NaN) = 1",
  remainder:
    'the sign of y; NaN by 0, and 0 for int32 (PyTorch: an error); at y = ±∞ the slope in y is 0, or 1 where y was added; by 0 it is NaN (PyTorch: -∞)',
  round: 'half to even; no gradient',
  scatter: 'a place named twice is an error, unless it is added to',
  scatterAdd: 'positions named twice add up',
  selu: "selu'(0) = selu''(0) = scale · alpha, from the left (PyTorch: selu''(0) = 0)",
  silu: 'silu(-∞) = 0 (PyTorch: NaN)',
  sigmoid: "sigmoid'(-200) = e^-200: no overflow; the slope s (1 - s) of a value that is rounded to 1 is 0",
  sign: 'sign(0) = 0; no gradient',
  slogdet: 'the gradient at a singular matrix is an error',
  softmax: 'no exponential overflows; where the largest is infinite, all are NaN',
  softplus: "softplus(200) = 200, softplus'(200) = 1",
  solve: 'an error for a singular matrix',
  sort: 'stable; NaN is the largest',
  sqrt: "sqrt'(0) = ∞",
  square: '(x^2)′(0) = 0',
  std: 'derivative 0 where all are equal; a large mean costs no digits, no square overflows',
  sum: 'of nothing: 0; of int32 it wraps, however many there are (PyTorch: int64)',
  svd: 'an error for entries that are not finite; where singular values are equal, vectors have no gradient and values no second one: an error',
  svdvals:
    'an error for entries that are not finite; a gradient where values are equal, too; a second one there is an error',
  take: 'positions taken twice: gradients add up',
  tanh: 'the slope 1 - y^2 of a value that is rounded to ±1 is 0',
  topk: 'the first of equals; NaN is the largest',
  triangularSolve: 'the other triangle is not read; an error for a 0 on the diagonal',
  unique: 'each NaN by itself',
  variance: 'of one number: NaN, unless the correction is 0; a large mean costs no digits',
  where: 'no gradient from the branch that is not taken',
};

/** Operators that are methods alone. */
const methods: { readonly [File in OperatorFile]?: readonly string[] } = { 'method-functions.ts': ['index', 'slice'] };

/** The operators in a file of core, in alphabetical order. */
const namesIn = (file: OperatorFile): string[] => [...operatorsIn(file), ...(methods[file] ?? [])].sort();

const casesOf = (name: string): readonly OperatorCase[] => operatorCases.filter(({ call }) => call === name);

/** A case's inputs in a dtype; those in float64 have the elements that float32 rounds them to. */
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

/** The value, the gradients and the Hessian-vector products. */
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

/** The largest error of numbers, and the largest of those that they should be, or 1 where all are smaller. */
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

/** The worst that cases give on the default interpreter and on the plain one. */
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

/** Every operator, measured. */
export const measureOperators = (): OperatorRow[] =>
  (Object.keys(operatorFiles) as OperatorFile[]).flatMap(namesIn).map(rowOf);

/** The names that the conventions are of. */
export const namesOfConventions = Object.keys(conventions);

/** Up to the next number of one digit, with room for engines that compute elementary functions otherwise. */
function bound(error: number): string {
  const roomy = Math.max(1e-15, 2 * error);
  const unit = 10 ** Math.floor(Math.log10(roomy));
  return `${Math.ceil(roomy / unit - 1e-9)}e${Math.log10(unit)}`;
}

/** What an operator is made of, as the table says it. */
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

Every operator of \`@tapegrad/core\`, each tested on every interpreter. This page is made from the rule table and the tests, by
\`npm run docs:operators\`; a test holds it to them.

- *made*: a primitive has a line of its own in the [rule table](../packages/core/src/tape/rules/vjp-rules.ts); what is composed of primitives
  has its derivatives from theirs; what is defined, by \`defineOp\`, brings its rule along.
- *dtypes*: of the tensors that it takes. Gradients flow through float32 and float64.
- *derivatives*: every order, by the tape, forwards and backwards; values, gradients and Hessian-vector products are held
  against PyTorch's and against central differences. None where the result is constant wherever it is smooth.
- *by convention*: what is chosen where mathematics leaves a choice. It is PyTorch's choice, wherever PyTorch makes one and
  nothing else is said. What loses a choice, as the smaller of two, gets a derivative of 0 whatever arrives, an infinity or a
  NaN. A reduction over an empty list of axes takes each element by itself. Sums and products of int32 wrap: of the exact
  number they have the last 32 bits. What makes fractions, as \`div\`, \`pow\` and \`mean\`, takes floats alone.
- *float64*: a bound of the error of values, gradients and Hessian-vector products, on regular and on awkward inputs, against
  PyTorch's in float64; beside the largest number of the array, or 1.
- *ulps*: a bound of the error of values and gradients in float32 against those in float64, in units in the last place of the
  largest number of the array, or of 1.
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
