/** Gradients checked: the tape's, backwards and forwards, against central differences. */

import { type Parameter, Random, type Tensor } from '@tapegrad/core';
import { placesOf, tensorsOf, withTensors } from '@tapegrad/core/extend';
import { linearize, withRecording } from '@tapegrad/core/tape';
import { ArgumentError, checkSynchronous, DTypeError, formatShape } from '@tapegrad/kernels';
import { GradcheckReport } from './gradcheck-report.ts';
import { GradcheckRunner, type Program, type Variable } from './gradcheck-runner.ts';

/** The options of `gradcheck`. */
export interface GradcheckOptions {
  /** 1 checks the derivatives; 2 also those of the gradient. */
  readonly order?: 1 | 2;
  /** Parameters that the function uses, float64: it is checked by them too. They are shifted, and put back. */
  readonly parameters?: readonly Parameter[];
  /** The largest error allowed, as a share of the size of the derivative. Defaults to what step and rounding explain. */
  readonly tolerance?: number;
  /** The step of the differences for an element of size 1; others are in proportion. Defaults to steps that are worked out. */
  readonly step?: number;
  /** Of the random projections. */
  readonly seed?: number;
}

/** The tensors of what a function gave, all of them float64. */
function outputsOf(result: unknown): Tensor[] {
  const outputs = tensorsOf('gradcheck', 'the result', result);
  const wrong = outputs.find(({ dtype }) => dtype !== 'float64');
  if (wrong === undefined) return outputs;
  throw new DTypeError(`gradcheck: the function gave ${wrong.dtype}; expected float64`);
}

function checkFloat64(name: string, { dtype, shape }: Tensor): void {
  if (dtype === 'float64') return;
  throw new DTypeError(`gradcheck: ${name}, ${formatShape(shape)}, is ${dtype}; expected float64`);
}

/** The gradient of a random combination of what a program gives, as a program. */
const gradientOf =
  (program: Program, parameters: readonly Parameter[], seed: number): Program =>
  (tensors) => {
    const { outputs, pullBack } = linearize(tensors, (x) => ({ outputs: program(x) }), parameters);
    const random = new Random(seed);
    return pullBack(outputs.map(({ shape }) => random.uniform(shape, { low: -1, high: 1, dtype: 'float64' })));
  };

/**
 * Compares the derivatives of a function with central differences: those of the sweep backwards (vjp) and those of the pass
 * forwards (jvp), along random directions of each input, and one by one where the Jacobian is small. The second order is that
 * of the gradient of a random combination of the results.
 *
 * Inputs and results are float64 tensors, or arrays and plain objects of them; `parameters` names those that the function
 * uses beside its inputs. The report tells what is wrong and where, in numbers and as text. It passes where nothing is wrong
 * and, of each order, a derivative by each input was checked: a function that has nothing but kinks at its inputs, or
 * derivatives that rounding hides, does not.
 *
 * Differences of four points, (4 (f(x + h/2) - f(x - h/2)) / h - (f(x + h) - f(x - h)) / 2h) / 3, have truncation errors of
 * order h^4 and rounding errors of order epsilon / h, which meet at h = epsilon^(1/5). The step is that for inputs of size 1,
 * and relative to the input where it is larger, or where that step tells nothing; shorter ones follow. Both errors are judged
 * from the values themselves, and so is what error is allowed: a small share of the derivative, or where that is 0, of how
 * fast the function changes nearby. Where the slopes on the two sides disagree at any step (relu at 0, a tie of max), or the
 * values do (floor at a whole number), there is no derivative: such places are reported, and are no failures as long as both
 * passes agree and are finite.
 *
 * @throws DTypeError for float32: in that the differences are too coarse to judge by; ArgumentError for a function that
 * gives other values the next time, as one does that draws random numbers.
 * @example
 * const x = tensor([0.5, -1.5], { dtype: 'float64' });
 * gradcheck((x) => x.tanh().mul(x), [x], { order: 2 }).passed; // true
 * gradcheck((x) => x.mul(x.detach()), [x]).passed; // false
 * gradcheck((x) => x.add(1.5).relu(), [x]).kinks.length; // 1
 */
export function gradcheck<A extends readonly unknown[], R>(
  f: (...inputs: A) => R,
  inputs: readonly [...A],
  options: GradcheckOptions = {},
): GradcheckReport {
  const { order = 1, parameters = [], seed = 0, step, tolerance } = options;
  if (inputs.length + parameters.length === 0) throw new ArgumentError('gradcheck: expected at least one input');
  if (!((step ?? 1) > 0 && (tolerance ?? 1) > 0)) {
    throw new ArgumentError(`gradcheck: expected a step and a tolerance above 0, got ${step} and ${tolerance}`);
  }
  const tensors = inputs.flatMap((tree, i) => tensorsOf('gradcheck', `input ${i}`, tree));
  const names = inputs.flatMap((tree, i) => placesOf(`input ${i}`, tree));
  const variables: Variable[] = [
    ...tensors.map((tensor, i) => ({ name: names[i]!, tensor })),
    ...parameters.map((parameter) => ({ name: parameter.name, tensor: parameter, parameter })),
  ].map(({ tensor, ...rest }) => {
    checkFloat64(rest.name, tensor);
    return { ...rest, shape: tensor.shape, elements: Float64Array.from(tensor.data) };
  });
  let results: readonly string[] = [];
  const program: Program = (x) => {
    const result = checkSynchronous('gradcheck', f(...(withTensors(inputs, x) as unknown as A)));
    results = placesOf('result', result);
    return outputsOf(result);
  };
  const gradients = variables.map(({ name }) => `gradient by ${name}`);
  return withRecording(false, () => {
    const settings = { parameters, seed, step, tolerance };
    const orders = [new GradcheckRunner(1, program, variables, () => results, settings).run()];
    if (order === 2) {
      const gradient = gradientOf(program, parameters, seed);
      orders.push(new GradcheckRunner(2, gradient, variables, () => gradients, settings).run());
    }
    return new GradcheckReport(orders);
  });
}
