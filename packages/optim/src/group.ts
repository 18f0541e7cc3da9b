import { ArgumentError, Parameter } from '@tapegrad/core';
import type { OptimizerOptions } from './options.ts';

/** Parameters with options of their own, in place of those of the optimizer. */
export type GroupOptions<Options extends OptimizerOptions> = Partial<Options> & {
  readonly parameters: readonly Parameter[];
};

/** What an optimizer trains: parameters, or groups of them. */
export type Trained<Options extends OptimizerOptions> = readonly Parameter[] | readonly GroupOptions<Options>[];

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
    this.parameters = [...parameters];
    this.#options = options;
    this.#check = check;
  }

  /** May be changed between steps, but for those that decide what is remembered, such as whether there is momentum. */
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

const isParameter = (item: unknown): item is Parameter => item instanceof Parameter;

/** Parameters, or groups of them, as groups: each parameter once, and at least one. */
export function groupsOf<Options extends OptimizerOptions>(
  call: string,
  trained: Trained<Options>,
): readonly GroupOptions<Options>[] {
  const groups = (trained.some(isParameter) ? [{ parameters: trained }] : trained) as readonly GroupOptions<Options>[];
  checkParameters(
    call,
    groups.flatMap(({ parameters }) => parameters),
    'parameters, or groups { parameters, ...options }',
  );
  return groups;
}

/** Throws unless each is a parameter, each is there once, and there is one. */
export function checkParameters(call: string, parameters: readonly Parameter[], expected = 'parameters'): void {
  const seen = new Set<Parameter>();
  for (const parameter of parameters) {
    if (!isParameter(parameter)) {
      throw new ArgumentError(`${call}: expected ${expected}, got ${typeof parameter}`);
    }
    if (seen.has(parameter)) throw new ArgumentError(`${call}: '${parameter.name}' is there twice`);
    seen.add(parameter);
  }
  if (seen.size === 0) throw new ArgumentError(`${call}: expected at least one parameter, got none`);
}
