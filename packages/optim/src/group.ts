import { ArgumentError, Parameter } from '@tapegrad/core';
import type { OptimizerOptions } from './options.ts';

/** Parameters with options of their own, in place of those of the optimizer. */
export type GroupOptions<Options extends OptimizerOptions> = Partial<Options> & {
  readonly parameters: Iterable<Parameter>;
};

/** What an optimizer trains: parameters, or groups of them. */
export type Trained<Options extends OptimizerOptions> = Iterable<Parameter> | Iterable<GroupOptions<Options>>;

/** Parameters that share their options. */
export class ParameterGroup<Options extends OptimizerOptions = OptimizerOptions> {
  readonly parameters: readonly Parameter[];
  #options: Required<Options>;
  readonly #check: (options: Required<Options>) => void;

  /** For optimizers; `check` throws where an option is out of range. */
  constructor(
    parameters: readonly Parameter[],
    options: Required<Options>,
    check: (options: Required<Options>) => void,
  ) {
    check(options);
    this.parameters = parameters;
    this.#options = options;
    this.#check = check;
  }

  get options(): Required<Options> {
    return this.#options;
  }

  set options(options: Required<Options>) {
    this.#check(options);
    this.#options = options;
  }

  /** The step size; may be changed between steps. */
  get learningRate(): number {
    return this.#options.learningRate;
  }

  set learningRate(learningRate: number) {
    this.options = { ...this.#options, learningRate };
  }
}

/** Parameters, or groups of them, as groups: each parameter once, and at least one. */
export function groupsOf<Options extends OptimizerOptions>(
  call: string,
  trained: Trained<Options>,
): GroupOptions<Options>[] {
  const list = [...trained];
  const isParameter = (item: unknown): item is Parameter => item instanceof Parameter;
  const groups = (list.every(isParameter) ? [{ parameters: list }] : list) as GroupOptions<Options>[];
  const seen = new Set<Parameter>();
  for (const { parameters = [] } of groups) {
    for (const parameter of parameters) {
      if (!isParameter(parameter)) throw new ArgumentError(`${call}: expected parameters, got ${typeof parameter}`);
      if (seen.has(parameter)) throw new ArgumentError(`${call}: '${parameter.name}' is there twice`);
      seen.add(parameter);
    }
  }
  if (seen.size === 0) throw new ArgumentError(`${call}: expected at least one parameter, got none`);
  return groups;
}
