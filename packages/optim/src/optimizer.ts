import { checkSynchronous, dependOn, describeValue, everyRun, isTracing, keepState } from '@tapegrad/core/extend';
import {
  ArgumentError,
  type Data,
  type Gradients,
  type Parameter,
  TapeError,
  Tensor,
  withGradients,
} from '@tapegrad/core/lean';
import { checkGradients, gradientFor } from './gradients/gradient.ts';
import { groupsOf, ParameterGroup, type ParametersOrGroups } from './group.ts';
import {
  checkFlag,
  checkGiven,
  checkKnown,
  checkNotNegative,
  type Defaults,
  given,
  type OptimizerOptions,
} from './options.ts';
import { changedState, type State } from './state.ts';

/** The input of an update: everything that the update of one parameter depends on. */
export interface Update<Options extends OptimizerOptions, S extends State = State> {
  /** The elements of the parameter, which the update changes in place. */
  readonly elements: Data;
  /** The derivative of the loss with respect to each element. The array must not be kept after the update. */
  readonly gradient: Data;
  /** The state of the parameter, which the update changes in place. */
  readonly state: S;
  readonly options: Required<Options>;
  /** The number of updates of the parameter since its state was created, including this one. */
  readonly step: number;
}

/** The arrays that every update formula receives: a parameter and its gradient. */
export interface UpdateArrays {
  readonly w: Data;
  readonly gradient: Data;
}

interface TrainedParameter<S extends State> {
  readonly parameter: Parameter;
  state: S;
  step: number;
}

/** A group of parameters as the optimizer stores it. */
export interface Group<Options extends OptimizerOptions, S extends State> {
  options: Required<Options>;
  readonly entries: readonly TrainedParameter<S>[];
}

/** The internals of an optimizer that functions in other files need. */
export interface OptimizerAccess {
  groups<Options extends OptimizerOptions, S extends State>(
    optimizer: Optimizer<Options, S>,
  ): readonly Group<Options, S>[];
  /** Throws if options are unknown, missing or out of range. */
  checkOptions<Options extends OptimizerOptions>(
    optimizer: Optimizer<Options>,
    call: string,
    options: Required<Options>,
  ): void;
  /** Returns the state of a parameter before its first step. */
  initState<Options extends OptimizerOptions, S extends State>(
    optimizer: Optimizer<Options, S>,
    parameter: Parameter,
    options: Required<Options>,
  ): S;
}

export let optimizerAccess: OptimizerAccess;

/**
 * The base of all optimizers. It manages groups, runs over the parameters, and saves and loads the state. A subclass
 * defines the update of one parameter and the state that this update needs.
 *
 * An update should read and write its typed arrays in a single pass, without allocating new ones. The fastest way to
 * write one is `changeInPlace` of core.
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
 *   protected override initState() {
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
export abstract class Optimizer<Options extends OptimizerOptions = OptimizerOptions, S extends State = State> {
  readonly groups: readonly ParameterGroup<Options>[];
  readonly #name: string = this.constructor.name;
  readonly #optionNames: readonly string[];
  readonly #groups: readonly Group<Options, S>[];
  readonly #parameters: ReadonlySet<Parameter>;

  static {
    optimizerAccess = {
      groups: (optimizer) => optimizer.#groups,
      checkOptions: (optimizer, call, options) => optimizer.#checkOptions(call, options),
      initState: (optimizer, parameter, options) => optimizer.initState(parameter.array.data, options),
    };
  }

  /** @param defaults The default values of the options that a subclass adds to `OptimizerOptions`. */
  constructor(trained: ParametersOrGroups<Options>, options: Options, defaults: Defaults<Options>) {
    const complete = { maximize: false, allowUnused: false, ...defaults };
    this.#optionNames = ['learningRate', ...Object.keys(complete)];
    if (options !== undefined) checkKnown(this.#name, options, this.#optionNames);
    this.#groups = groupsOf(this.#name, trained).map(({ parameters, ...own }) => {
      const merged = { ...complete, ...given(options ?? {}), ...given(own) } as unknown as Required<Options>;
      this.#checkOptions(this.#name, merged);
      const entries = parameters.map((parameter) => ({
        parameter,
        state: this.initState(parameter.array.data, merged),
        step: 0,
      }));
      return { options: Object.freeze(merged), entries };
    });
    this.#parameters = new Set(this.#groups.flatMap(({ entries }) => entries.map(({ parameter }) => parameter)));
    const groups = this.#groups.map(
      (group) =>
        new ParameterGroup(
          group.entries.map(({ parameter }) => parameter),
          { get: () => group.options, change: (changed) => this.#changeOptions(group, changed) },
        ),
    );
    // Frozen, since parameters added to these lists later would not be trained.
    this.groups = Object.freeze(groups);
  }

  /**
   * Throws if an option that the subclass adds is out of range. `call` is the name of the calling function, used in
   * error messages.
   */
  protected abstract checkOptions(options: Required<Options>, call: string): void;

  /**
   * Returns the state that a parameter with the given elements has before the first step. The names and lengths of its
   * arrays must depend only on the options and the number of elements.
   */
  protected abstract initState(elements: Data, options: Required<Options>): S;

  /** Updates one parameter using its gradient. */
  protected abstract update(update: Update<Options, S>): void;

  #checkOptions(call: string, options: Required<Options>): void {
    checkKnown(call, options, this.#optionNames);
    checkGiven(call, options, this.#optionNames);
    checkNotNegative(call, 'learningRate', options.learningRate);
    checkFlag(call, 'maximize', options.maximize);
    checkFlag(call, 'allowUnused', options.allowUnused);
    this.checkOptions(options, call);
  }

  #changeOptions(group: Group<Options, S>, changed: Partial<Options>): void {
    checkKnown(this.#name, changed, this.#optionNames);
    const options: Required<Options> = { ...group.options, ...given(changed) };
    this.#checkOptions(this.#name, options);
    const names = Object.keys(changed) as (keyof Options)[];
    // A schedule changes the learning rate at each step. No state depends on the rate, so that case is left out.
    if (names.some((name) => name !== 'learningRate' && options[name] !== group.options[name])) {
      const memories = group.entries.map((entry) => this.#changedState(entry, group.options, options));
      group.entries.forEach((entry, i) => {
        Object.assign(entry, memories[i]);
      });
    }
    group.options = Object.freeze(options);
  }

  /** Returns the state of a parameter after the options of its group have changed. */
  #changedState(
    { parameter, state, step }: TrainedParameter<S>,
    before: Required<Options>,
    after: Required<Options>,
  ): Pick<TrainedParameter<S>, 'state' | 'step'> {
    const elements = parameter.array.data;
    const first = (options: Required<Options>): S => this.initState(elements.subarray(0, 1), options);
    if (step > 0) checkBeginsAlike(this.#name, first, before, after);
    const kept = step > 0 ? state : {};
    return changedState(kept, Object.keys(first(after)), step, () => this.initState(elements, after));
  }

  /** The step size of all groups. It may be changed between steps, for all groups or for a single one. */
  get learningRate(): number {
    const [rate, ...others] = new Set(this.groups.map((group) => group.learningRate));
    if (rate !== undefined && others.length === 0) return rate;
    throw new ArgumentError(`${this.#name}: the groups have different learning rates; read those of 'groups'`);
  }

  set learningRate(learningRate: number) {
    for (const group of this.groups) group.learningRate = learningRate;
  }

  /**
   * Updates every parameter using its gradient. If a gradient is missing or doesn't match its parameter, nothing
   * changes.
   *
   * @throws TapeError if a parameter has no gradient and `allowUnused` is not set.
   */
  step(gradients: Gradients): void {
    checkGradients(`${this.#name}.step`, gradients, 'step(loss.backward()), or minimize(() => loss)');
    const found = this.#groups.map((group) => {
      const options = dependOnSigns(group);
      return group.entries.map(({ parameter }) => this.#gradientOf(parameter, options, gradients));
    });
    everyRun(
      () => this.#update(found),
      () => this.#keepSteps(),
    );
  }

  #update(gradients: readonly (readonly (Data | undefined)[])[]): void {
    this.#groups.forEach(({ entries, options }, i) => {
      entries.forEach((entry, j) => {
        const gradient = gradients[i]![j];
        if (gradient === undefined) return;
        const { parameter, state } = entry;
        const step = ++entry.step;
        keepState(state);
        parameter.update((elements) => this.update({ elements, gradient, state, options, step }));
      });
    });
  }

  /**
   * Returns a function that restores the current numbers of updates, and the single numbers in the state that updates
   * compute in JavaScript.
   */
  #keepSteps(): () => void {
    // This runs at each step, so it makes few objects.
    const steps: number[] = [];
    const numbers: Data[] = [];
    const values: number[] = [];
    for (const { entries } of this.#groups) {
      for (const { step, state } of entries) {
        steps.push(step);
        for (const name in state) {
          const data = state[name]!;
          if (data.length !== 1) continue;
          numbers.push(data);
          values.push(data[0]!);
        }
      }
    }
    return () => {
      let next = 0;
      for (const { entries } of this.#groups) for (const entry of entries) entry.step = steps[next++]!;
      for (const [i, number] of numbers.entries()) number[0] = values[i]!;
    };
  }

  /**
   * Computes the gradients of a loss and takes a `step` with them. If `change` is given, it is first applied to the
   * gradients. Only trained parameters get gradients. The next step reuses the memory of the gradients, so they must
   * not be kept. This makes training of large models a few percent faster.
   *
   * If the loss is given as a function, the memory of its intermediate results is reused, too. The tensors that the
   * function creates can be read only until the step, for example in `change`. After the step, only single numbers such
   * as the loss can be read. Small models train 10 % faster. Large models gain more if there are several threads,
   * because the threads share this memory.
   *
   * @returns The loss.
   * @throws ArgumentError if the loss is not a tensor, or `change` doesn't return gradients; TapeError in the same
   * cases as `step`.
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
    const call = `${this.#name}.minimize`;
    let value: L | undefined;
    const evaluate = (): L => {
      value = checkLoss(call, checkSynchronous(call, (loss as () => L)(), 'a loss function'));
      return value;
    };
    const use = (gradients: Gradients): void => {
      const changed = checkSynchronous(call, change(gradients), 'a change of gradients');
      checkGradients(call, changed, 'a change that returns gradients, as (g) => clipGradNorm(g, 1).gradients');
      this.step(changed);
    };
    const wanted = this.#parameters;
    withGradients(typeof loss === 'function' ? evaluate : checkLoss(call, loss), use, { wanted });
    return value ?? (loss as L);
  }

  #gradientOf(parameter: Parameter, options: Required<Options>, gradients: Gradients): Data | undefined {
    const gradient = gradientFor(this.#name, parameter, gradients);
    if (gradient !== undefined) return options.maximize ? gradient.neg().elements : gradient.elements;
    if (options.allowUnused) return undefined;
    throw new TapeError(
      `${this.#name}: '${parameter.name}' got no gradient: the loss does not depend on it; if that is intended, pass { allowUnused: true }`,
    );
  }
}

/**
 * Returns the options of a group. In a trace, records that the traced operations depend on `maximize` and
 * `allowUnused`.
 */
function dependOnSigns<Options extends OptimizerOptions, S extends State>(group: Group<Options, S>): Required<Options> {
  if (isTracing()) {
    dependOn(() => group.options.maximize);
    dependOn(() => group.options.allowUnused);
  }
  return group.options;
}

/** Returns the loss after checking that it is a tensor. */
function checkLoss<L extends Tensor>(call: string, loss: L): L {
  if (loss instanceof Tensor) return loss;
  throw new ArgumentError(
    `${call}: expected a loss, or a function that returns it, got ${describeValue(loss)}; write minimize(() => loss)`,
  );
}

/** Throws if a changed option only sets the initial state. Such a change would have no effect after the first step. */
function checkBeginsAlike<Options extends OptimizerOptions>(
  call: string,
  first: (options: Required<Options>) => State,
  before: Required<Options>,
  after: Required<Options>,
): void {
  const [old, now] = [first(before), first(after)];
  const differs = (state: State): boolean =>
    Object.keys(old).some((name) => state[name] !== undefined && state[name][0] !== old[name]![0]);
  if (!differs(now)) return;
  const names = Object.keys(after) as (keyof Options & string)[];
  const option = names.find(
    (name) => after[name] !== before[name] && differs(first({ ...before, [name]: after[name] })),
  );
  throw new ArgumentError(
    `${call}: ${option} sets the initial state and cannot change after a step; create a new optimizer`,
  );
}
