/** Checks the tape's reverse-mode and forward-mode gradients against central differences. */

import { type Parameter, Random, type Tensor } from '@tapegrad/core';
import { placesOf, tensorsOf, withTensors } from '@tapegrad/core/extend';
import { linearize, withRecording } from '@tapegrad/core/tape';
import { ArgumentError, checkSynchronous, DTypeError, formatShape } from '@tapegrad/kernels';
import { GradcheckReport } from './gradcheck-report.ts';
import { type DifferentiatedTensor, GradcheckRunner, type TensorsFunction } from './gradcheck-runner.ts';

/** The options of `gradcheck`. */
export interface GradcheckOptions {
  /**
   * The highest order of derivatives to check: 1 for the first derivatives, 2 to also check the derivatives of the
   * gradient. Defaults to 1.
   */
  readonly order?: 1 | 2;
  /**
   * Float64 parameters that the function uses. Derivatives with respect to these parameters are checked, too. The
   * parameters are changed temporarily, and then restored. Defaults to none.
   */
  readonly parameters?: readonly Parameter[];
  /**
   * The largest allowed error, relative to the size of the derivative. Defaults to the error that the step and rounding
   * explain.
   */
  readonly tolerance?: number;
  /** The difference step for an element of size 1; other steps are proportional. Defaults to automatic steps. */
  readonly step?: number;
  /** The seed of the random projections. Defaults to 0. */
  readonly seed?: number;
}

/** Returns the tensors in the result of a function, after checking that all of them are float64. */
function outputsOf(result: unknown): Tensor[] {
  const outputs = tensorsOf('gradcheck', 'the result', result);
  const wrong = outputs.find(({ dtype }) => dtype !== 'float64');
  if (wrong === undefined) return outputs;
  throw new DTypeError(`gradcheck: the function returned ${wrong.dtype}; expected float64`);
}

function checkFloat64(name: string, { dtype, shape }: Tensor): void {
  if (dtype === 'float64') return;
  throw new DTypeError(`gradcheck: ${name}, ${formatShape(shape)}, is ${dtype}; expected float64`);
}

/** Creates a program that computes the gradient of a random combination of another program's results. */
const gradientOf =
  (program: TensorsFunction, parameters: readonly Parameter[], seed: number): TensorsFunction =>
  (tensors) => {
    const { outputs, pullBack } = linearize(tensors, (x) => ({ outputs: program(x) }), parameters);
    const random = new Random(seed);
    return pullBack(outputs.map(({ shape }) => random.uniform(shape, { low: -1, high: 1, dtype: 'float64' })));
  };

/**
 * Compares the reverse-mode (vjp) and forward-mode (jvp) derivatives of a function with central differences. Checks
 * random directions of each input, and also single elements if the Jacobian is small. The second order checks the
 * gradient of a random combination of the results.
 *
 * Inputs and results are float64 tensors, or arrays and plain objects of them. `parameters` lists the parameters that
 * the function uses in addition to its inputs. The report says what is wrong and where, as data and as text. A check
 * passes if nothing is wrong and, for each order, a derivative with respect to each input was checked. So it doesn't
 * pass if the function has only kinks at its inputs, or if its derivatives are lost in rounding.
 *
 * The four-point difference is (4 (f(x + h/2) - f(x - h/2)) / h - (f(x + h) - f(x - h)) / 2h) / 3. The truncation error
 * is of order h^4, and the rounding error of order epsilon / h. They balance at h = epsilon^(1/5), the step for inputs
 * of size 1. For larger inputs, the step is relative to the input. If a step is inconclusive, steps relative to the
 * input, and then shorter ones, are tried. Both errors are estimated from the values, and determine the allowed error.
 * It is a small fraction of the derivative or, if the derivative is 0, of the function's rate of change nearby.
 *
 * There is no derivative where the one-sided derivatives differ at any step (relu at 0, a tie of max), or where the
 * one-sided values differ (floor at an integer). Such points are reported. They count as failures only if forward and
 * reverse mode disagree or aren't finite.
 *
 * @throws DTypeError for float32, whose differences are too coarse for a comparison; ArgumentError if the function
 * returns different values when called again, for example because it draws random numbers.
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
  const variables: DifferentiatedTensor[] = [
    ...tensors.map((tensor, i) => ({ name: names[i]!, tensor })),
    ...parameters.map((parameter) => ({ name: parameter.name, tensor: parameter, parameter })),
  ].map(({ tensor, ...rest }) => {
    checkFloat64(rest.name, tensor);
    return { ...rest, shape: tensor.shape, elements: Float64Array.from(tensor.data) };
  });
  let results: readonly string[] = [];
  const program: TensorsFunction = (x) => {
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
