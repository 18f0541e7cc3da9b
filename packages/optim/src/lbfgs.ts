import { ArgumentError, checkSynchronous, type Parameter, TapeError, type Tensor } from '@tapegrad/core';
import { gradientFor } from './gradient.ts';
import { checkParameters } from './group.ts';
import { type Point, strongWolfe } from './line-search.ts';
import { checkKnown, checkNotNegative, checkWhole, checkWord } from './options.ts';

export interface LBFGSOptions {
  /** How far to go along the direction, or to try first; 1 unless given. */
  readonly learningRate?: number;
  /** Directions in a step, at most; 20 unless given. */
  readonly maxIter?: number;
  /** After how many evaluations of the loss a step ends; 5/4 of `maxIter` unless given. */
  readonly maxEval?: number;
  /** A gradient with no larger entry is none; 1e-7 unless given. */
  readonly toleranceGrad?: number;
  /** A change of the loss or of all parameters below this is none; 1e-9 unless given. */
  readonly toleranceChange?: number;
  /** How many changes of the gradient to remember; 100 unless given. */
  readonly historySize?: number;
  /** Strong Wolfe conditions, unless given; without a search each step is as long as the learning rate says. */
  readonly lineSearch?: 'strongWolfe' | 'none';
  /** Whether a parameter may get no gradient, which then counts as 0; false unless given. */
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

/** A step from one point to the next, and the change of the gradient on it. */
interface Change {
  readonly step: Float64Array;
  readonly gradient: Float64Array;
}

/** What is remembered between directions. */
interface Progress {
  /** Directions so far. */
  readonly iterations: number;
  /** The last direction, how far it was followed, and the gradient before. */
  readonly direction: Float64Array;
  readonly t: number;
  readonly gradient: Float64Array;
  /** The oldest first. */
  readonly history: readonly Change[];
  /** Of the inverse Hessian that is assumed before the history. */
  readonly scale: number;
}

/** As plain data for `structuredClone`. */
export interface LBFGSState {
  readonly options: Required<LBFGSOptions>;
  /** How often the loss was evaluated. */
  readonly evaluations: number;
  readonly progress: Progress;
}

/** Changes with less curvature than this teach nothing. */
const leastCurvature = 1e-10;

/**
 * Limited-memory BFGS: follows -H g, where the inverse Hessian H is made of the last changes of the gradient g, to a point that
 * a line search finds (Liu and Nocedal 1989, "On the limited memory BFGS method for large scale optimization"; as PyTorch computes it,
 * but that the line search is on unless told otherwise). For losses without noise, such as of all data at once.
 *
 * All parameters are taken as one vector, and the loss may be evaluated several times in a step.
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
  #evaluations = 0;
  #progress: Progress;

  constructor(parameters: readonly Parameter[], options: LBFGSOptions = {}) {
    checkParameters('LBFGS', parameters);
    this.#parameters = [...parameters];
    this.#size = parameters.reduce((sum, { size }) => sum + size, 0);
    const { maxIter = defaults.maxIter } = options;
    this.#options = { ...defaults, maxEval: Math.floor((maxIter * 5) / 4), ...options };
    checkOptions('LBFGS', this.#options);
    const none = new Float64Array(this.#size);
    this.#progress = { iterations: 0, direction: none, t: 0, gradient: none, history: [], scale: 1 };
  }

  /** May be changed between steps. */
  get learningRate(): number {
    return this.#options.learningRate;
  }

  set learningRate(learningRate: number) {
    checkNotNegative('LBFGS', 'learningRate', learningRate);
    this.#options = { ...this.#options, learningRate };
  }

  /**
   * Follows up to `maxIter` directions, and ends before where the gradient vanishes or nothing changes any more. Where the
   * closure throws, the parameters are as before.
   *
   * @param closure computes the loss, a scalar, with the parameters as they are then.
   * @returns the loss before the step.
   */
  step(closure: () => Tensor): number {
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
    let { loss, gradient } = this.#evaluate(closure);
    const lossBefore = loss;
    let evaluations = 1;
    let progress = this.#progress;

    for (let iteration = 1; iteration <= maxIter && largest(gradient) > toleranceGrad; iteration++) {
      const isFirst = progress.iterations === 0;
      const { history, scale } = isFirst ? progress : learned(progress, gradient, historySize);
      const direction = descentDirection(gradient, history, scale);
      const slope = dot(gradient, direction);
      let t = isFirst ? Math.min(1, 1 / sumOfSizes(gradient)) * learningRate : learningRate;
      progress = { iterations: progress.iterations + 1, direction, t, gradient, history, scale };
      if (slope > -toleranceChange) break;

      const start = this.#elements();
      const lossAtStart = loss;
      if (lineSearch === 'strongWolfe') {
        const evaluate = (place: number): Point => {
          this.#assign(along(start, place, direction));
          const found = this.#evaluate(closure);
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
        // After the last direction the loss is left to the next step, which evaluates it anyway.
        if (iteration === maxIter) break;
        ({ loss, gradient } = this.#evaluate(closure));
        evaluations++;
      }
      const isStill = t * largest(direction) <= toleranceChange || Math.abs(loss - lossAtStart) < toleranceChange;
      if (evaluations >= maxEval || isStill) break;
    }
    this.#evaluations += evaluations;
    this.#progress = progress;
    return lossBefore;
  }

  #evaluate(closure: () => Tensor): { readonly loss: number; readonly gradient: Float64Array } {
    const loss = checkSynchronous('LBFGS', closure(), 'a closure');
    const gradients = loss.backward();
    const gradient = new Float64Array(this.#size);
    let offset = 0;
    for (const parameter of this.#parameters) {
      const part = gradientFor('LBFGS', parameter, gradients);
      if (part !== undefined) {
        gradient.set(part.data, offset);
      } else if (!this.#options.allowUnused) {
        throw new TapeError(
          `LBFGS: '${parameter.name}' got no gradient: the loss does not reach it; if that is meant, pass { allowUnused: true }`,
        );
      }
      offset += parameter.size;
    }
    return { loss: loss.item(), gradient };
  }

  /** All elements of the parameters as one vector. */
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

  /** A copy of what the optimizer knows as plain data: with the parameters, all that is needed to go on from here. */
  state(): LBFGSState {
    return { options: { ...this.#options }, evaluations: this.#evaluations, progress: copyOf(this.#progress) };
  }

  /** Goes on from a state of an optimizer of the same parameters. Where it does not fit, nothing is changed. */
  load({ options, evaluations, progress }: LBFGSState): void {
    const call = 'LBFGS.load';
    checkOptions(call, options);
    checkWhole(call, 'evaluations', evaluations);
    checkWhole(call, 'iterations', progress.iterations);
    const { direction, gradient, history } = progress;
    for (const vector of [direction, gradient, ...history.flatMap((change) => [change.step, change.gradient])]) {
      if (!(vector instanceof Float64Array && vector.length === this.#size)) {
        throw new ArgumentError(`${call}: expected vectors of ${this.#size} elements in a Float64Array`);
      }
    }
    this.#options = { ...options };
    this.#evaluations = evaluations;
    this.#progress = copyOf(progress);
  }
}

function checkOptions(call: string, options: Required<LBFGSOptions>): void {
  checkKnown(call, options, Object.keys(defaults));
  checkNotNegative(call, 'learningRate', options.learningRate);
  checkWhole(call, 'maxIter', options.maxIter);
  checkWhole(call, 'maxEval', options.maxEval);
  checkNotNegative(call, 'toleranceGrad', options.toleranceGrad);
  checkNotNegative(call, 'toleranceChange', options.toleranceChange);
  checkWhole(call, 'historySize', options.historySize);
  if (options.historySize === 0) throw new ArgumentError(`${call}: historySize is 0, expected a whole number >= 1`);
  checkWord(call, 'lineSearch', options.lineSearch, ['strongWolfe', 'none']);
}

/** The history and the scale with the last step in them, if it taught anything. */
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

/** -H g by the two loops over the history (Nocedal and Wright 2006, algorithm 7.4). */
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

/** a + t b */
const along = (a: Float64Array, t: number, b: Float64Array): Float64Array => a.map((x, i) => x + t * b[i]!);

/** a += c b */
function addTo(a: Float64Array, c: number, b: Float64Array): void {
  for (let i = 0; i < a.length; i++) a[i]! += c * b[i]!;
}

const largest = (a: Float64Array): number => a.reduce((most, x) => Math.max(most, Math.abs(x)), 0);

const sumOfSizes = (a: Float64Array): number => a.reduce((sum, x) => sum + Math.abs(x), 0);
