import { checkSynchronous, everyRun } from '@tapegrad/core/extend';
import { type Buffer, buffer, noGrad, type Parameter, TapeError, type Tensor, zeros } from '@tapegrad/core/lean';
import { checkParameters } from './group.ts';
import { checkKnown, checkShare } from './options.ts';
import { checkCount, checkedState, type ParameterState, parameterState } from './state.ts';

/** The options of `WeightAverage`. */
export interface WeightAverageOptions {
  /** The decay factor of an exponential moving average. If it is absent, all recorded weights count equally. */
  readonly decay?: number;
}

/** The average of a parameter, in float64 whatever the parameter's dtype. */
type AverageState = { readonly average: Float64Array };

/** The state of each parameter, as plain data that `structuredClone` can copy. `step` is the number of averaged weights. */
export type WeightAverageState = readonly ParameterState<AverageState>[];

/**
 * An average of parameters over time. Without options, it is the mean of all recorded weights (stochastic weight
 * averaging, Izmailov et al. 2018, "Averaging weights leads to wider optima and better generalization"). With a `decay`
 * d, it is the exponential moving average a ← d a + (1 - d) w, starting from the first weights.
 *
 * The running statistics of batch normalisation are not parameters, and so not averaged. To adapt them to the averaged
 * weights, run some batches in training mode.
 *
 * @example
 * const w = parameter(tensor([1]));
 * const average = new WeightAverage([w]);
 * for (const value of [1, 2, 6]) {
 *   w.assign(tensor([value]));
 *   average.update();
 * }
 * average.use(() => w.item()); // 3
 * w.item(); // 6
 */
export class WeightAverage {
  readonly #parameters: readonly Parameter[];
  readonly #decay: number | undefined;
  readonly #averages: readonly Buffer[];
  #count = 0;

  constructor(parameters: readonly Parameter[], options: WeightAverageOptions = {}) {
    checkParameters('WeightAverage', parameters);
    checkKnown('WeightAverage', options, ['decay']);
    if (options.decay !== undefined) checkShare('WeightAverage', 'decay', options.decay);
    this.#parameters = [...parameters];
    this.#decay = options.decay;
    this.#averages = parameters.map(({ shape, name }) =>
      buffer(zeros(shape, { dtype: 'float64' }) as Tensor, { name: `the average of ${name}` }),
    );
  }

  /** The number of weights that the average includes. */
  get count(): number {
    return this.#count;
  }

  /** Adds the current weights to the average. */
  update(): void {
    everyRun(
      () => noGrad(() => this.#follow()),
      () => {
        const before = this.#count;
        return () => {
          this.#count = before;
        };
      },
    );
  }

  #follow(): void {
    this.#count++;
    const share = this.#count === 1 || this.#decay === undefined ? 1 / this.#count : 1 - this.#decay;
    this.#parameters.forEach((parameter, i) => {
      const average: Tensor = this.#averages[i]!;
      const change = parameter.detach().cast('float64').sub(average).mul(share);
      this.#averages[i]!.assign(average.add(change) as Tensor);
    });
  }

  /** Replaces the weights by their average. */
  assign(): void {
    if (this.#count === 0) throw new TapeError('WeightAverage: there is no average before the first update');
    this.#parameters.forEach((parameter, i) => {
      parameter.assign(this.#averages[i]!.cast(parameter.dtype));
    });
  }

  /**
   * Runs a function with the average in place of the weights, and then restores the weights.
   *
   * @throws ArgumentError if the function is asynchronous.
   */
  use<T>(run: () => T): T {
    const weights = this.#parameters.map(({ data }) => data.slice());
    this.assign();
    try {
      return checkSynchronous('WeightAverage.use', run());
    } finally {
      this.#parameters.forEach((parameter, i) => {
        parameter.update((elements) => elements.set(weights[i]!));
      });
    }
  }

  /** Returns a copy of the average as plain data. */
  state(): WeightAverageState {
    return this.#parameters.map((parameter, i) =>
      parameterState(parameter, this.#count, { average: this.#elements(i) }),
    );
  }

  /** Resumes from a saved state of an average of the same parameters. If the state can't be loaded, nothing changes. */
  load(state: WeightAverageState): void {
    const call = 'WeightAverage.load';
    checkCount(call, 'parameters', this.#parameters.length, state);
    const loaded = this.#parameters.map(
      (parameter, i) => checkedState(call, parameter, { average: this.#elements(i) }, state[i]!).average,
    );
    this.#count = state[0]!.step;
    this.#averages.forEach((average, i) => {
      average.update((elements) => elements.set(loaded[i]!));
    });
  }

  #elements(i: number): Float64Array {
    return this.#averages[i]!.elements as Float64Array;
  }
}
