/**
 * Composable gradient transforms, which are applied between the backward pass and the optimizer's step, and which may
 * have state.
 */

import { checkSynchronous, describeValue, everyRun, NdArray } from '@tapegrad/core/extend';
import { ArgumentError, buffer, Gradients, type Parameter, Tensor } from '@tapegrad/core/lean';
import { checkParameters } from '../group.ts';
import { checkState, checkWhole } from '../options.ts';
import { checkCount, checkedState, type ParameterState, parameterState, type State, zerosLike } from '../state.ts';
import { checkGradients, gradientFor } from './gradient.ts';

/** The state that a transform keeps for a single parameter. */
export interface TransformSlot<Name extends string = string> {
  /** The number of times that the parameter has received a gradient, including this time. */
  step: number;
  /** Tensors with the parameter's shape and dtype. They are zeros at first, and the transform replaces them. */
  readonly tensors: Record<Name, Tensor>;
}

/** The state that a transform keeps, as passed to `apply`. */
export interface TransformContext<Name extends string = string> {
  /** The number of times the transform has been applied, including this time. */
  readonly step: number;
  /** A slot for each parameter of the chain. */
  readonly slots: ReadonlyMap<Tensor, TransformSlot<Name>>;
}

/**
 * A gradient transform. The chain that contains the transform keeps its state. `Out` includes `undefined` if `apply`
 * may hold gradients back.
 */
export interface GradientTransform<Out extends Gradients | undefined = Gradients, Name extends string = string> {
  /** The name of the transform in messages and saved states. */
  readonly name: string;
  /** The names of the tensors that the chain keeps for each parameter. */
  readonly remembers: readonly Name[];
  apply(gradients: Gradients, context: TransformContext<Name>): Out;
}

/** The state of a transform as plain data. */
export interface TransformState {
  readonly name: string;
  readonly step: number;
  /** The state of each parameter. */
  readonly parameters: readonly ParameterState[];
}

interface Stage {
  readonly transform: GradientTransform<Gradients | undefined>;
  step: number;
  slots: Map<Parameter, TransformSlot>;
}

/**
 * Applies gradient transforms, in order, to the gradients of given parameters. Gradients of other parameters are
 * dropped.
 *
 * `state` returns the transforms' state as plain data for `structuredClone`. The state contains typed arrays, so it
 * can't be written as JSON.
 *
 * @example
 * const w = parameter(tensor([3, 4]));
 * const chain = new GradientChain([w], [clipByNorm(1), momentum(0.5)]);
 * const optimizer = new SGD([w], { learningRate: 1 });
 * for (let step = 0; step < 2; step++) optimizer.step(chain.apply(w.mul(w).sum().backward()));
 * w.norm().item() < 2.51; // true
 */
export class GradientChain<Out extends Gradients | undefined = Gradients> {
  readonly #parameters: readonly Parameter[];
  readonly #stages: readonly Stage[];

  constructor(parameters: readonly Parameter[], transforms: readonly GradientTransform<Out>[]) {
    checkParameters('GradientChain', parameters);
    this.#parameters = [...parameters];
    this.#stages = transforms.map((transform) => ({
      transform,
      step: 0,
      slots: new Map(parameters.map((parameter) => [parameter, emptySlot(parameter, transform.remembers)])),
    }));
  }

  /**
   * Applies all transforms and returns the resulting gradients, or `undefined` if a transform holds them back.
   *
   * @throws ShapeError or DTypeError if a gradient differs from its parameter in shape or dtype; in this case no state
   * changes.
   */
  apply(gradients: Gradients): Out {
    checkGradients('GradientChain.apply', gradients, 'apply(loss.backward())');
    let changed: Gradients | undefined;
    everyRun(
      () => {
        changed = this.#apply(gradients);
      },
      () => this.#keepSteps(),
    );
    return changed as Out;
  }

  #apply(gradients: Gradients): Gradients | undefined {
    const own = new Map<Tensor, Tensor>();
    for (const parameter of this.#parameters) {
      const gradient = gradientFor('GradientChain', parameter, gradients);
      // Detached, so that the state does not keep a tape alive.
      if (gradient !== undefined) own.set(parameter, gradient.detach());
    }
    let changed: Gradients | undefined = new Gradients(own);
    for (const link of this.#stages) {
      link.step++;
      for (const [parameter, slot] of link.slots) if (changed.has(parameter)) slot.step++;
      const { transform } = link;
      changed = checkSynchronous(`GradientChain: ${transform.name}`, transform.apply(changed, link));
      if (changed === undefined) break;
    }
    return changed;
  }

  /** Returns a function that restores the current numbers of steps. */
  #keepSteps(): () => void {
    const before = this.#stages.map(({ step, slots }) => ({
      step,
      steps: [...slots.values()].map((slot) => slot.step),
    }));
    return () => {
      this.#stages.forEach((link, i) => {
        link.step = before[i]!.step;
        [...link.slots.values()].forEach((slot, j) => {
          slot.step = before[i]!.steps[j]!;
        });
      });
    };
  }

  /** Returns a copy of the transforms' state as plain data. */
  state(): readonly TransformState[] {
    return this.#stages.map(({ transform, step, slots }) => ({
      name: transform.name,
      step,
      parameters: [...slots].map(([parameter, slot]) => parameterState(parameter, slot.step, arraysOf(slot))),
    }));
  }

  /**
   * Resumes from a saved state of a chain with the same transforms and parameters. If the state can't be loaded,
   * nothing changes.
   */
  load(states: readonly TransformState[]): void {
    const call = 'GradientChain.load';
    checkCount(call, 'transforms', this.#stages.length, states);
    const loaded = this.#stages.map(({ transform, slots }, i) => {
      const state = states[i]!;
      checkState(call, state);
      const { name, step, parameters } = state;
      if (name !== transform.name) {
        throw new ArgumentError(
          `${call}: expected the state of '${transform.name}', got that of ${describeValue(name)}`,
        );
      }
      checkWhole(call, `the step of '${name}'`, step);
      checkCount(call, 'parameters', slots.size, parameters);
      return [...slots].map(([parameter, slot], j) => {
        const arrays = checkedState(call, parameter, arraysOf(slot), parameters[j]!);
        return [parameter, slotOf(parameter, parameters[j]!.step, arrays)] as const;
      });
    });
    this.#stages.forEach((link, i) => {
      link.step = states[i]!.step;
      link.slots = new Map(loaded[i]);
    });
  }
}

const tensorLike = ({ dtype, shape }: Parameter, data: Tensor['data']): Tensor =>
  new Tensor(new NdArray(data, dtype, shape));

/**
 * Returns tensors that the transform can replace. They are buffers, so that a compiled program notices the
 * replacements.
 */
function replaceable(tensors: readonly (readonly [name: string, x: Tensor])[]): Record<string, Tensor> {
  const record: Record<string, Tensor> = {};
  for (const [name, x] of tensors) {
    const kept = buffer(x, { name });
    Object.defineProperty(record, name, {
      enumerable: true,
      get: () => kept.detach(),
      set: (replacement: Tensor) => kept.assign(replacement),
    });
  }
  return record;
}

const emptySlot = (parameter: Parameter, names: readonly string[]): TransformSlot => ({
  step: 0,
  tensors: replaceable(names.map((name) => [name, tensorLike(parameter, zerosLike(parameter.data))])),
});

const slotOf = (parameter: Parameter, step: number, arrays: State): TransformSlot => ({
  step,
  tensors: replaceable(Object.entries(arrays).map(([name, data]) => [name, tensorLike(parameter, data)])),
});

const arraysOf = ({ tensors }: TransformSlot): State =>
  Object.fromEntries(Object.entries(tensors).map(([name, { data }]) => [name, data]));
