import { describeValue } from '@tapegrad/core/extend';
import { ArgumentError, Parameter } from '@tapegrad/core/lean';
import type { OptimizerOptions } from './options.ts';

/** Parameters with options that override those of the optimizer. */
export type GroupOptions<Options extends OptimizerOptions> = Partial<Options> & {
  readonly parameters: readonly Parameter[];
};

/** The parameters that an optimizer trains, or groups of them. */
export type ParametersOrGroups<Options extends OptimizerOptions> =
  | readonly Parameter[]
  | readonly GroupOptions<Options>[];

/** The type of options that can be assigned one by one. */
export type Assignable<Options> = { -readonly [Name in keyof Options]-?: Options[Name] };

/** The access to the options of a group, which the optimizer stores. */
export interface OptionStore<Options extends OptimizerOptions> {
  /** Returns the current options. */
  get(): Required<Options>;
  /** Changes some options. If a new value is invalid, throws and changes nothing. */
  change(options: Partial<Options>): void;
}

/**
 * A group of parameters that share options. Options may be changed between steps: `group.learningRate = 0.01`,
 * `group.options.momentum = 0.9`, or several at once. A change is checked like the options of a new optimizer, and
 * takes effect at the next step.
 *
 * The new options may require additional state: a velocity, for example, if the momentum was 0 before. Such state then
 * starts as at the first step. State that the new options don't need is dropped. An option that only sets the initial
 * state can't be changed after the first step.
 */
export class ParameterGroup<Options extends OptimizerOptions = OptimizerOptions> {
  readonly parameters: readonly Parameter[];
  readonly #store: OptionStore<Options>;

  /** Used by optimizers only. */
  constructor(parameters: readonly Parameter[], store: OptionStore<Options>) {
    this.parameters = Object.freeze([...parameters]);
    this.#store = store;
  }

  /** A copy of the options. Assigning to one of its properties changes the option of the group. */
  get options(): Assignable<Options> {
    return new Proxy(
      { ...this.#store.get() },
      {
        set: (copy, name, value) => {
          this.#store.change({ [name]: value } as Partial<Options>);
          return Reflect.set(copy, name, value);
        },
      },
    ) as Assignable<Options>;
  }

  set options(options: Required<Options>) {
    this.#store.change(options);
  }

  /** The step size of the group. */
  get learningRate(): number {
    return this.#store.get().learningRate;
  }

  set learningRate(learningRate: number) {
    this.#store.change({ learningRate } as Partial<Options>);
  }
}

const isParameter = (item: unknown): item is Parameter => item instanceof Parameter;

const isModule = (item: unknown): boolean => describeValue(item) === 'a module';

/** Describes a value that was passed instead of parameters. Adds advice if the likely mistake is known. */
function described(item: unknown): string {
  if (isModule(item)) return 'a module; write model.parameters()';
  return isParameter(item) ? 'a parameter; write [parameter]' : describeValue(item);
}

/**
 * Returns parameters, or groups of them, as groups. Throws unless there is at least one parameter, and each occurs only
 * once.
 */
export function groupsOf<Options extends OptimizerOptions>(
  call: string,
  trained: ParametersOrGroups<Options>,
): readonly GroupOptions<Options>[] {
  const expected = 'parameters, or groups { parameters, ...options }';
  checkList(call, trained, expected);
  const isFlat = trained.some((item) => isParameter(item) || isModule(item));
  const groups = (isFlat ? [{ parameters: trained }] : trained) as readonly GroupOptions<Options>[];
  for (const group of groups) checkList(call, group?.parameters, expected);
  checkParameters(
    call,
    groups.flatMap(({ parameters }) => parameters),
    expected,
  );
  return groups;
}

function checkList(call: string, list: unknown, expected: string): void {
  if (!Array.isArray(list)) throw new ArgumentError(`${call}: expected a list of ${expected}, got ${described(list)}`);
}

/** Throws unless all items are parameters, each occurs only once, and there is at least one. */
export function checkParameters(call: string, parameters: readonly Parameter[], expected = 'parameters'): void {
  checkList(call, parameters, expected);
  const seen = new Set<Parameter>();
  for (const parameter of parameters) {
    if (!isParameter(parameter)) throw new ArgumentError(`${call}: expected ${expected}, got ${described(parameter)}`);
    if (seen.has(parameter)) throw new ArgumentError(`${call}: '${parameter.name}' occurs twice`);
    seen.add(parameter);
  }
  if (seen.size === 0) throw new ArgumentError(`${call}: expected at least one parameter, got none`);
}
