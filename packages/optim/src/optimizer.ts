import {
  ArgumentError,
  type Data,
  type Gradients,
  type Parameter,
  TapeError,
  type Tensor,
  withGradients,
} from '@tapegrad/core';
import { gradientFor } from './gradient.ts';
import { groupsOf, ParameterGroup, type Trained } from './group.ts';
import { checkCount, checkParameterState, copyOf, type Memory, type ParameterState, parameterState } from './memory.ts';
import { checkKnown, checkNotNegative, type Defaults, type OptimizerOptions } from './options.ts';

/** All that the update of one parameter depends on. */
export interface Update<Options extends OptimizerOptions, M extends Memory = Memory> {
  /** The parameter, to be changed in place. */
  readonly elements: Data;
  /** The derivative of the loss with respect to each element; not to be kept. */
  readonly gradient: Data;
  /** To be changed in place. */
  readonly memory: M;
  readonly options: Required<Options>;
  /** How often the parameter has been updated, this time included. */
  readonly step: number;
}

/** What every formula of an update takes: a parameter and its gradient. */
export interface Changing {
  readonly w: Data;
  readonly gradient: Data;
}

/** The state of an optimizer as plain data. */
export interface OptimizerState<Options extends OptimizerOptions = OptimizerOptions, M extends Memory = Memory> {
  /** The options of each group. */
  readonly groups: readonly Required<Options>[];
  /** One for each parameter, group after group. */
  readonly parameters: readonly ParameterState<M>[];
}

interface Entry<Options extends OptimizerOptions, M extends Memory> {
  readonly parameter: Parameter;
  readonly group: ParameterGroup<Options>;
  memory: M;
  step: number;
}

/**
 * What all optimizers share: groups, the walk over the parameters, and the state. An optimizer is the update of one
 * parameter: a subclass says how that is computed and what is remembered for it.
 *
 * An update reads and writes typed arrays in one pass: it makes none. `changeInPlace` of core is the fastest.
 *
 * @example
 * import { Optimizer, type OptimizerOptions, type Update } from '@tapegrad/optim';
 *
 * class SignDescent extends Optimizer {
 *   constructor(parameters: readonly Parameter[], options: OptimizerOptions) {
 *     super(parameters, options, {});
 *   }
 *
 *   protected override checkOptions(): void {}
 *
 *   protected override memoryFor() {
 *     return {};
 *   }
 *
 *   protected override update({ elements, gradient, options }: Update<OptimizerOptions>): void {
 *     for (let i = 0; i < elements.length; i++) elements[i]! -= options.learningRate * Math.sign(gradient[i]!);
 *   }
 * }
 * const w = parameter(tensor([2, -3]));
 * new SignDescent([w], { learningRate: 0.5 }).step(w.mul(w).sum().backward());
 * w.toArray(); // [1.5, -2.5]
 */
export abstract class Optimizer<Options extends OptimizerOptions = OptimizerOptions, M extends Memory = Memory> {
  readonly groups: readonly ParameterGroup<Options>[];
  readonly #name: string = this.constructor.name;
  readonly #optionNames: readonly string[];
  readonly #entries: readonly Entry<Options, M>[];

  /** @param defaults of the options that a subclass adds. */
  constructor(trained: Trained<Options>, options: Options, defaults: Defaults<Options>) {
    const base: Required<OptimizerOptions> = { learningRate: Number.NaN, maximize: false, allowUnused: false };
    const complete = { ...base, ...defaults };
    this.#optionNames = Object.keys(complete);
    const check = (checked: Required<Options>): void => this.#checkOptions(checked);
    this.groups = groupsOf(this.#name, trained).map(({ parameters, ...own }) => {
      const merged = { ...complete, ...options, ...own } as unknown as Required<Options>;
      return new ParameterGroup(parameters, merged, check);
    });
    this.#entries = this.groups.flatMap((group) =>
      group.parameters.map((parameter) => ({
        parameter,
        group,
        memory: this.memoryFor(parameter.array.data, group.options),
        step: 0,
      })),
    );
  }

  /** Throws where an option of the subclass' own is out of range; `call` is the name for messages. */
  protected abstract checkOptions(options: Required<Options>, call: string): void;

  /** What to remember of a parameter with these elements, as it is before the first step. */
  protected abstract memoryFor(elements: Data, options: Required<Options>): M;

  /** Changes one parameter by its gradient. */
  protected abstract update(update: Update<Options, M>): void;

  #checkOptions(options: Required<Options>): void {
    checkKnown(this.#name, options, this.#optionNames);
    checkNotNegative(this.#name, 'learningRate', options.learningRate);
    this.checkOptions(options, this.#name);
  }

  /** The step size of all groups; may be changed between steps, as may that of each group. */
  get learningRate(): number {
    const [rate, ...others] = new Set(this.groups.map((group) => group.learningRate));
    if (rate !== undefined && others.length === 0) return rate;
    throw new ArgumentError(`${this.#name}: the groups differ in their learning rates; ask each of 'groups'`);
  }

  set learningRate(learningRate: number) {
    for (const group of this.groups) group.learningRate = learningRate;
  }

  /**
   * Changes every parameter by its gradient. Where one has none or the wrong one, nothing is changed.
   *
   * @throws TapeError for a parameter without a gradient, unless `allowUnused` is set.
   */
  step(gradients: Gradients): void {
    const found = this.#entries.map((entry) => this.#gradientOf(entry, gradients));
    for (const [i, entry] of this.#entries.entries()) {
      const gradient = found[i];
      if (gradient === undefined) continue;
      const { parameter, memory, group } = entry;
      const step = ++entry.step;
      parameter.update((elements) => this.update({ elements, gradient, memory, options: group.options, step }));
    }
  }

  /**
   * Steps down a loss: `step` with its gradients, or with what `change` makes of them. Their memory serves again in the next
   * step, so neither may be kept; large models train some percent faster by it.
   *
   * Given as a function, the loss is evaluated in such memory, too: what the function makes can be read until the step is
   * made, by `change` for the last time, and later only single numbers, as the loss. Small models gain a tenth of their
   * speed by it; large ones more, where there are several threads, since they see this memory.
   *
   * @returns the loss.
   * @example
   * const w = parameter(tensor([3, 4]));
   * const optimizer = new SGD([w], { learningRate: 0.5 });
   * optimizer.minimize(() => w.mul(w).sum(), (gradients) => clipGradNorm(gradients, 5).gradients).item(); // 25
   * w.toArray(); // [1.5, 2]
   */
  minimize<L extends Tensor>(
    loss: L | (() => L),
    change: (gradients: Gradients) => Gradients = (gradients) => gradients,
  ): L {
    let value: L | undefined;
    const evaluate = () => {
      value = (loss as () => L)();
      return value;
    };
    withGradients(typeof loss === 'function' ? evaluate : loss, (gradients) => this.step(change(gradients)));
    return value ?? (loss as L);
  }

  #gradientOf({ parameter, group }: Entry<Options, M>, gradients: Gradients): Data | undefined {
    const { maximize, allowUnused } = group.options;
    const gradient = gradientFor(this.#name, parameter, gradients);
    if (gradient !== undefined) return maximize ? gradient.neg().elements : gradient.elements;
    if (allowUnused) return undefined;
    throw new TapeError(
      `${this.#name}: '${parameter.name}' got no gradient: the loss does not reach it; if that is meant, pass { allowUnused: true }`,
    );
  }

  /** A copy of what the optimizer knows as plain data: with the parameters, all that is needed to go on from here. */
  state(): OptimizerState<Options, M> {
    return {
      groups: this.groups.map((group) => ({ ...group.options })),
      parameters: this.#entries.map(({ parameter, step, memory }) => parameterState(parameter, step, memory)),
    };
  }

  /**
   * Goes on from a state of an optimizer of the same parameters in the same groups, whose options are taken over. Where
   * the state does not fit, nothing is changed.
   */
  load(state: OptimizerState<Options>): void {
    const call = `${this.#name}.load`;
    checkCount(call, 'groups', this.groups.length, state.groups.length);
    checkCount(call, 'parameters', this.#entries.length, state.parameters.length);
    for (const options of state.groups) this.#checkOptions(options);
    this.#entries.forEach(({ parameter, group }, i) => {
      const options = state.groups[this.groups.indexOf(group)]!;
      checkParameterState(call, parameter, this.memoryFor(parameter.array.data, options), state.parameters[i]!);
    });

    this.groups.forEach((group, i) => {
      group.options = { ...state.groups[i]! };
    });
    this.#entries.forEach((entry, i) => {
      const { step, memory } = state.parameters[i]!;
      entry.step = step;
      entry.memory = copyOf(memory) as M;
    });
  }
}
