import { checkSynchronous, describeValue } from '@tapegrad/core/extend';
import { ArgumentError, type Parameter, TapeError, Tensor } from '@tapegrad/core/lean';
import { gradientFor } from '../gradients/gradient.ts';
import { checkParameters } from '../group.ts';
import {
  checkFlag,
  checkGiven,
  checkKnown,
  checkNotNegative,
  checkState,
  checkWhole,
  checkWord,
  given,
} from '../options.ts';
import { arrayLike } from '../state.ts';
import { type Point, strongWolfe } from './line-search.ts';

/** The options of `LBFGS`. */
export interface LBFGSOptions {
  /** The step length along a direction. With a line search, this is the first length to try. Defaults to 1. */
  readonly learningRate?: number;
  /** The maximum number of directions that a step follows. Defaults to 20. */
  readonly maxIter?: number;
  /** The number of loss evaluations after which a step ends. Defaults to 5/4 of `maxIter`. */
  readonly maxEval?: number;
  /**
   * The threshold of the gradient: a gradient counts as 0 if the absolute values of its elements are all at most this
   * large. Defaults to 1e-7.
   */
  readonly toleranceGrad?: number;
  /**
   * The threshold of change: if the loss, or all parameters, change by less, the step ends. Defaults to 1e-9. If all
   * elements of the first gradient are below 1e-2, the loss is divided by the largest of them before the comparison.
   */
  readonly toleranceChange?: number;
  /** The number of gradient changes to remember. Defaults to 100. */
  readonly historySize?: number;
  /**
   * How to find the step length along a direction: by a line search (`strongWolfe`), or by using the learning rate
   * (`none`). Defaults to `strongWolfe`.
   */
  readonly lineSearch?: 'strongWolfe' | 'none';
  /** Whether a parameter may have no gradient, which then counts as 0. Defaults to false. */
  readonly allowUnused?: boolean;
}

const defaults: Required<LBFGSOptions> = {
  learningRate: 1,
  maxIter: 20,
  maxEval: 25,
  toleranceGrad: 1e-7,
  toleranceChange: 1e-9,
  historySize: 100,
  lineSearch: 'strongWolfe',
  allowUnused: false,
};

/**
 * The reason why a step ended:
 * - `iterations`: the step followed `maxIter` directions.
 * - `evaluations`: the step evaluated the loss `maxEval` times.
 * - `gradient`: the gradient has no element above `toleranceGrad`.
 * - `nonFinite`: the gradient is not finite.
 * - `slope`: the loss falls too little along the direction: its derivative is above `-toleranceChange`.
 * - `change`: the loss or the parameters changed by less than `toleranceChange`.
 */
export type LBFGSStop = 'iterations' | 'evaluations' | 'gradient' | 'slope' | 'change' | 'nonFinite';

/** The difference between two successive points, and the change of the gradient between them. */
interface Change {
  readonly step: Float64Array;
  readonly gradient: Float64Array;
}

/** What the optimizer remembers from one direction to the next. */
interface Progress {
  /** The number of directions followed so far. */
  readonly iterations: number;
  /** The last direction. The fields after it are the step length along it, and the gradient before it. */
  readonly direction: Float64Array;
  readonly t: number;
  readonly gradient: Float64Array;
  /** The most recent changes, oldest first. */
  readonly history: readonly Change[];
  /** The scale of the initial estimate of the inverse Hessian, to which the history is then applied. */
  readonly scale: number;
  /** The number by which losses and gradients are divided. */
  readonly unit: number;
}

/** The state of `LBFGS` as plain data, suitable for `structuredClone`. */
export interface LBFGSState {
  readonly options: Required<LBFGSOptions>;
  /** The number of loss evaluations so far. */
  readonly evaluations: number;
  readonly progress: Progress;
}

/** The threshold of curvature below which a change is not remembered. */
const leastCurvature = 1e-10;

/**
 * If all elements of the first gradient are smaller than this, the loss is rescaled, since the tolerances assume larger
 * ones.
 */
const leastSize = 1e-2;

/**
 * Limited-memory BFGS. Moves along -H g to a point that a line search finds. H estimates the inverse Hessian from the
 * last changes of the gradient g (Liu and Nocedal 1989, "On the limited memory BFGS method for large scale
 * optimization"). The computation is the same as PyTorch's, except that the line search is on by default. Use it for
 * losses without noise, for example a loss over all data at once.
 *
 * All parameters are treated as one vector, and a step may evaluate the loss several times. If all elements of the
 * first gradient are below 1e-2, the loss is first divided by the largest of them. Without this division, as in
 * PyTorch, training with such a loss makes no progress. `stopped` tells why a step ended.
 *
 * @example
 * const x = parameter(tensor(-1.2, { dtype: 'float64' }));
 * const y = parameter(tensor(1, { dtype: 'float64' }));
 * const rosenbrock = () => x.sub(1).pow(2).add(y.sub(x.pow(2)).pow(2).mul(100));
 * const optimizer = new LBFGS([x, y]);
 * for (let step = 0; step < 4; step++) optimizer.step(rosenbrock);
 * rosenbrock().item() < 1e-6; // true
 */
export class LBFGS {
  readonly #parameters: readonly Parameter[];
  readonly #size: number;
  #options: Required<LBFGSOptions>;
  #stopped: LBFGSStop | undefined;
  #evaluations = 0;
  #progress: Progress;

  constructor(parameters: readonly Parameter[], options: LBFGSOptions = {}) {
    checkParameters('LBFGS', parameters);
    this.#parameters = [...parameters];
    this.#size = parameters.reduce((sum, { size }) => sum + size, 0);
    checkKnown('LBFGS', options, Object.keys(defaults));
    const { maxIter = defaults.maxIter } = options;
    this.#options = { ...defaults, maxEval: Math.floor((maxIter * 5) / 4), ...given(options) };
    checkOptions('LBFGS', this.#options);
    const none = new Float64Array(this.#size);
    this.#progress = { iterations: 0, direction: none, t: 0, gradient: none, history: [], scale: 1, unit: 1 };
  }

  /** The step length along a direction; see `LBFGSOptions`. It may be changed between steps. */
  get learningRate(): number {
    return this.#options.learningRate;
  }

  set learningRate(learningRate: number) {
    checkNotNegative('LBFGS', 'learningRate', learningRate);
    this.#options = { ...this.#options, learningRate };
  }

  /** The reason why the last step ended; `undefined` before the first step. */
  get stopped(): LBFGSStop | undefined {
    return this.#stopped;
  }

  /**
   * Follows up to `maxIter` directions. It follows fewer if the gradient vanishes, or if the loss or the parameters no
   * longer change. If the closure throws, the parameters are restored.
   *
   * @param closure Computes the loss, a scalar, from the current parameters.
   * @returns The loss before the step.
   */
  step(closure: () => Tensor): number {
    if (typeof closure !== 'function') {
      throw new ArgumentError(
        `LBFGS.step: expected a function that computes the loss, got ${describeValue(closure)}; write step(() => loss)`,
      );
    }
    const before = this.#elements();
    try {
      return this.#descend(closure);
    } catch (error) {
      this.#assign(before);
      throw error;
    }
  }

  #descend(closure: () => Tensor): number {
    const { learningRate, maxIter, maxEval, toleranceGrad, toleranceChange, historySize, lineSearch } = this.#options;
    let progress = this.#progress;
    const first = this.#evaluate(closure, 1);
    const unit = progress.iterations === 0 ? unitOf(first.gradient) : progress.unit;
    let { loss, gradient } = inUnits(first, unit);
    let evaluations = 1;
    let stopped: LBFGSStop = 'iterations';

    for (let iteration = 1; iteration <= maxIter; iteration++) {
      if (!(largest(gradient) * unit > toleranceGrad)) {
        stopped = Number.isFinite(largest(gradient)) ? 'gradient' : 'nonFinite';
        break;
      }
      const isFirst = progress.iterations === 0;
      const { history, scale } = isFirst ? progress : learned(progress, gradient, historySize);
      const direction = descentDirection(gradient, history, scale);
      const slope = dot(gradient, direction);
      let t = isFirst ? Math.min(1, 1 / sumOfSizes(gradient)) * learningRate : learningRate;
      progress = { iterations: progress.iterations + 1, direction, t, gradient, history, scale, unit };
      if (slope > -toleranceChange) {
        stopped = 'slope';
        break;
      }

      const start = this.#elements();
      const lossAtStart = loss;
      if (lineSearch === 'strongWolfe') {
        const evaluate = (place: number): Point => {
          this.#assign(along(start, place, direction));
          const found = this.#evaluate(closure, unit);
          return { t: place, ...found, slope: dot(found.gradient, direction) };
        };
        const found = strongWolfe(
          evaluate,
          { t: 0, loss, gradient, slope },
          {
            t,
            maxEvaluations: maxEval - evaluations,
            narrowest: toleranceChange / largest(direction),
          },
        );
        ({ t, loss, gradient } = found.point);
        evaluations += found.evaluations;
        progress = { ...progress, t };
        this.#assign(along(start, t, direction));
      } else {
        this.#assign(along(start, t, direction));
        // The loss after the last direction isn't evaluated here, since the next step evaluates it anyway.
        if (iteration === maxIter) break;
        ({ loss, gradient } = this.#evaluate(closure, unit));
        evaluations++;
      }
      const isStill = t * largest(direction) <= toleranceChange || Math.abs(loss - lossAtStart) < toleranceChange;
      if (evaluations >= maxEval || isStill) {
        stopped = isStill ? 'change' : 'evaluations';
        break;
      }
    }
    this.#evaluations += evaluations;
    this.#progress = progress;
    this.#stopped = stopped;
    return first.loss;
  }

  #evaluate(closure: () => Tensor, unit: number): Evaluation {
    const loss = checkSynchronous('LBFGS.step', closure(), 'a closure');
    if (!(loss instanceof Tensor)) {
      throw new ArgumentError(
        `LBFGS.step: expected a closure that returns the loss, got ${describeValue(loss)}; write step(() => loss)`,
      );
    }
    const gradients = loss.backward({ wanted: this.#parameters });
    const gradient = new Float64Array(this.#size);
    let offset = 0;
    for (const parameter of this.#parameters) {
      const part = gradientFor('LBFGS', parameter, gradients);
      if (part !== undefined) {
        gradient.set(part.data, offset);
      } else if (!this.#options.allowUnused) {
        throw new TapeError(
          `LBFGS: '${parameter.name}' got no gradient: the loss does not depend on it; if that is intended, pass { allowUnused: true }`,
        );
      }
      offset += parameter.size;
    }
    return inUnits({ loss: loss.item(), gradient }, unit);
  }

  /** Returns all elements of the parameters as one vector. */
  #elements(): Float64Array {
    const elements = new Float64Array(this.#size);
    let offset = 0;
    for (const { data, size } of this.#parameters) {
      elements.set(data, offset);
      offset += size;
    }
    return elements;
  }

  #assign(vector: Float64Array): void {
    let offset = 0;
    for (const parameter of this.#parameters) {
      const part = vector.subarray(offset, offset + parameter.size);
      parameter.update((elements) => elements.set(part));
      offset += parameter.size;
    }
  }

  /**
   * Returns a copy of the optimizer's state as plain data. Together with the parameters, it contains everything needed
   * to resume training.
   */
  state(): LBFGSState {
    return { options: { ...this.#options }, evaluations: this.#evaluations, progress: copyOf(this.#progress) };
  }

  /** Resumes from a saved state of an optimizer with the same parameters. If the state can't be loaded, nothing changes. */
  load(state: LBFGSState): void {
    const call = 'LBFGS.load';
    checkState(call, state);
    const { options, evaluations, progress } = state;
    checkOptions(call, options);
    checkWhole(call, 'evaluations', evaluations);
    const loaded = checkedProgress(call, progress, this.#size);
    this.#options = { ...options };
    this.#evaluations = evaluations;
    this.#progress = loaded;
    this.#stopped = undefined;
  }
}

/** A loss and its gradient. */
interface Evaluation {
  readonly loss: number;
  readonly gradient: Float64Array;
}

/** Returns the number by which to divide the loss, given its first gradient. It is 1 unless the gradient is small. */
function unitOf(gradient: Float64Array): number {
  const size = largest(gradient);
  return size > 0 && size < leastSize ? size : 1;
}

const inUnits = ({ loss, gradient }: Evaluation, unit: number): Evaluation =>
  unit === 1 ? { loss, gradient } : { loss: loss / unit, gradient: gradient.map((g) => g / unit) };

/** Returns a copy of saved progress, after checking it. */
function checkedProgress(call: string, progress: Progress, size: number): Progress {
  checkState(`${call}: progress`, progress);
  const { iterations, t, scale, unit, history } = progress;
  checkWhole(call, 'iterations', iterations);
  for (const [name, value] of Object.entries({ t, scale, unit })) checkNotNegative(call, name, value);
  if (!Array.isArray(history))
    throw new ArgumentError(`${call}: history is ${describeValue(history)}, expected a list`);
  const like = new Float64Array(size);
  const copy = (name: string, vector: unknown): Float64Array => arrayLike(call, name, like, vector);
  return {
    ...{ iterations, t, scale, unit },
    direction: copy('direction', progress.direction),
    gradient: copy('gradient', progress.gradient),
    history: history.map((change: Change) => ({
      step: copy('a step of the history', change?.step),
      gradient: copy('a gradient of the history', change?.gradient),
    })),
  };
}

function checkOptions(call: string, options: Required<LBFGSOptions>): void {
  checkKnown(call, options, Object.keys(defaults));
  checkGiven(call, options, Object.keys(defaults));
  checkNotNegative(call, 'learningRate', options.learningRate);
  checkWhole(call, 'maxIter', options.maxIter);
  checkWhole(call, 'maxEval', options.maxEval);
  checkNotNegative(call, 'toleranceGrad', options.toleranceGrad);
  checkNotNegative(call, 'toleranceChange', options.toleranceChange);
  checkWhole(call, 'historySize', options.historySize, 1);
  checkFlag(call, 'allowUnused', options.allowUnused);
  checkWord(call, 'lineSearch', options.lineSearch, ['strongWolfe', 'none']);
}

/** Returns the history and the scale. If the last step had enough curvature, both include it. */
function learned(
  { direction, t, gradient: before, history, scale }: Progress,
  gradient: Float64Array,
  historySize: number,
): Pick<Progress, 'history' | 'scale'> {
  const change = { step: direction.map((d) => t * d), gradient: gradient.map((g, i) => g - before[i]!) };
  const product = dot(change.gradient, change.step);
  if (!(product > leastCurvature)) return { history, scale };
  return {
    history: [...history, change].slice(-historySize),
    scale: product / dot(change.gradient, change.gradient),
  };
}

/** Computes -H g by the two-loop recursion over the history (Nocedal and Wright 2006, algorithm 7.4). */
function descentDirection(gradient: Float64Array, history: readonly Change[], scale: number): Float64Array {
  const direction = gradient.map((g) => -g);
  const products = history.map((change) => dot(change.gradient, change.step));
  const shares = new Float64Array(history.length);
  for (let i = history.length - 1; i >= 0; i--) {
    shares[i] = dot(history[i]!.step, direction) / products[i]!;
    addTo(direction, -shares[i]!, history[i]!.gradient);
  }
  for (let j = 0; j < direction.length; j++) direction[j]! *= scale;
  history.forEach((change, i) => {
    const share = dot(change.gradient, direction) / products[i]!;
    addTo(direction, shares[i]! - share, change.step);
  });
  return direction;
}

const copyOf = (progress: Progress): Progress => ({
  ...progress,
  direction: progress.direction.slice(),
  gradient: progress.gradient.slice(),
  history: progress.history.map(({ step, gradient }) => ({ step: step.slice(), gradient: gradient.slice() })),
});

function dot(a: Float64Array, b: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
}

/** Returns a + t b. */
const along = (a: Float64Array, t: number, b: Float64Array): Float64Array => a.map((x, i) => x + t * b[i]!);

/** Adds c b to a. */
function addTo(a: Float64Array, c: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i]! += c * b[i]!;
}

const largest = (a: Float64Array): number => a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

const sumOfSizes = (a: Float64Array): number => a.reduce((sum, x) => sum + Math.abs(x), 0);
