/**
 * Checks the derivatives of a function: compares those that the tape computes, in reverse and forward mode, with
 * central differences.
 */

import { type Parameter, Random, TapeError, Tensor } from '@tapegrad/core';
import { entriesOf, expanded, type Linearization, linearize, withRecording } from '@tapegrad/core/tape';
import { ArgumentError, type Data, NdArray, type Shape } from '@tapegrad/kernels';
import {
  type DifferenceStep,
  type Estimate,
  estimatesOf,
  places,
  type Samples,
  stepsFor,
} from '../differences/finite-differences.ts';
import { largestOf } from '../differences/precision.ts';
import { termsOf } from '../differences/rounding.ts';
import { type Claim, isClear, judge, termRounding } from './gradcheck-judgement.ts';
import { type Findings, formatElement, type GradcheckEntry, isWrong } from './gradcheck-report.ts';

/** A function from tensors to tensors. */
export type TensorsFunction = (tensors: readonly Tensor[]) => readonly Tensor[];

/** A tensor with respect to which a function is differentiated. */
export interface DifferentiatedTensor {
  readonly name: string;
  readonly shape: Shape;
  readonly elements: Float64Array;
  /** The parameter, if it isn't one of the function's inputs. */
  readonly parameter?: Parameter;
}

export interface RunnerSettings {
  readonly parameters: readonly Parameter[];
  readonly seed: number;
  readonly step: number | undefined;
  readonly tolerance: number | undefined;
}

/** A direction in the space of one variable, along which the function is differentiated. */
interface Direction {
  readonly variable: number;
  readonly along: Float64Array;
  /** The steps to try, in order. */
  readonly steps: readonly DifferenceStep[];
  /** The size of the variable's elements, as a multiple of the elements of `along`; at least 1. */
  readonly reach: number;
}

/** The size of the largest Jacobian that is checked element by element. */
const smallJacobian = 400;

/** The number of random combinations of the results to try, each along a random direction of every variable. */
const projections = 2;

/** The number of random draws for estimating rounding error. */
const draws = 4;

const tensorOf = (elements: Data, shape: Shape): Tensor => new Tensor(new NdArray(elements, 'float64', shape));

/** Concatenates all elements of several tensors. */
const joined = (tensors: readonly Tensor[]): Float64Array => Float64Array.from(tensors.flatMap((x) => [...x.data]));

/** Splits concatenated elements into tensors with the shapes of `like`. */
function separated(elements: Float64Array, like: readonly Tensor[]): Tensor[] {
  let start = 0;
  return like.map(({ shape, size }) => {
    start += size;
    return tensorOf(elements.slice(start - size, start), shape);
  });
}

function indexOf(place: number, shape: Shape): number[] {
  let rest = place;
  return shape
    .toReversed()
    .map((length) => {
      const i = rest % length;
      rest = (rest - i) / length;
      return i;
    })
    .reverse();
}

const unit = (size: number, place: number): Float64Array => new Float64Array(size).fill(1, place, place + 1);

/** Returns the weighted sum of values, skipping those with weight 0. */
const weightedSum = (weights: Float64Array, values: Float64Array): number =>
  weights.reduce((sum, weight, i) => (weight === 0 ? sum : sum + weight * values[i]!), 0);

const absolute = (x: Float64Array): Float64Array => x.map(Math.abs);

const uniform = (random: Random, size: number): Float64Array =>
  Float64Array.from(random.uniform([size], { low: -1, high: 1, dtype: 'float64' }).data);

/** Returns a function that computes a value on its first call and then caches it. */
function lazily<T>(find: () => T): () => T {
  let found: { readonly value: T } | undefined;
  return () => {
    found ??= { value: find() };
    return found.value;
  };
}

/** Checks the derivatives of all results of a function with respect to all its variables. */
export class GradcheckRunner {
  readonly #order: number;
  readonly #program: TensorsFunction;
  readonly #variables: readonly DifferentiatedTensor[];
  readonly #settings: RunnerSettings;
  readonly #values: Float64Array;
  /** The names of the elements of the result. */
  readonly #outputs: readonly string[];
  /**
   * The linearization of the function at its inputs. Shifting a parameter makes it undefined, so that it is computed
   * again.
   */
  #linearized: Linearization | undefined;
  #withoutForward: string | undefined;
  /** The variables with respect to which a derivative was checked. */
  readonly #checked = new Set<number>();

  /** @param names Returns the names of the results. It is called after the program has run. */
  constructor(
    order: number,
    program: TensorsFunction,
    variables: readonly DifferentiatedTensor[],
    names: () => readonly string[],
    settings: RunnerSettings,
  ) {
    this.#order = order;
    this.#program = program;
    this.#variables = variables;
    this.#settings = settings;
    const { outputs } = this.#linearization();
    this.#values = joined(outputs);
    this.#outputs = names().flatMap((name, i) => {
      const { shape, size } = outputs[i]!;
      return Array.from({ length: size }, (_, place) => formatElement(name, indexOf(place, shape)));
    });
  }

  run(): Findings {
    if (!this.#repeats()) {
      throw new ArgumentError(
        'gradcheck: the function returns different values when called again; remove randomness from it',
      );
    }
    const entries = this.#values.length === 0 ? [] : this.#entries();
    const unchecked = this.#variables.flatMap(({ name, elements }, variable) => {
      const hasDerivatives = elements.length > 0 && this.#values.length > 0;
      return hasDerivatives && !this.#checked.has(variable) ? [name] : [];
    });
    return { entries, unchecked, withoutForward: this.#withoutForward };
  }

  /** Returns whether the function returns the same values when called again. */
  #repeats(): boolean {
    const again = this.#evaluate();
    return again.length === this.#values.length && again.every((value, i) => Object.is(value, this.#values[i]));
  }

  #entries(): GradcheckEntry[] {
    const size = this.#variables.reduce((sum, { elements }) => sum + elements.length, 0);
    const isSmall = size * this.#values.length <= smallJacobian;
    const combinations = this.#combinations(isSmall);
    if (!isSmall) return combinations;
    // Drops directions along which nothing can be determined, since the single elements are checked as well.
    return [...combinations.filter((entry) => isClear(entry) || isWrong(entry)), ...this.#elements()];
  }

  /** Checks each element of the Jacobian. */
  #elements(): GradcheckEntry[] {
    const size = this.#values.length;
    const rows = Array.from({ length: size }, (_, i) => this.#pullBack(unit(size, i)));
    const terms = rows.map((_, i) => lazily(() => this.#terms(unit(size, i))));
    return this.#variables.flatMap(({ elements, shape }, variable) => {
      const typical = largestOf(elements);
      return Array.from(elements, (element, place) => {
        const steps = stepsFor(Math.abs(element), typical, this.#settings.step);
        const reach = Math.max(1, Math.abs(element));
        const direction: Direction = { variable, along: unit(elements.length, place), steps, reach };
        const column = this.#pushForward(direction);
        const reversed = Float64Array.from(rows, (row) => row[variable]![place]!);
        const [index, scale] = [indexOf(place, shape), largestOf(reversed)];
        const claims = Array.from(reversed, (reverse, i): Claim => {
          const level = Math.abs(this.#values[i]!);
          return { index, output: this.#outputs[i]!, reverse, forward: column?.[i], scale, level, terms: terms[i]! };
        });
        return this.#judge(direction, claims);
      }).flat();
    });
  }

  /**
   * Estimates the size of the terms whose sum is a given combination of the results. Each input is perturbed by a few
   * rounding errors, so that terms that would cancel exactly become visible. The estimate is repeated several times,
   * since it depends on random numbers.
   */
  #terms(weights: Float64Array): number {
    const random = new Random(this.#settings.seed);
    const found = Array.from({ length: draws }, () => {
      const inputs = this.#variables.flatMap(({ parameter, elements, shape }) => {
        if (parameter !== undefined) return [];
        const shares = uniform(random, elements.length);
        const shifted = elements.map((x, i) => x * (1 + 16 * Number.EPSILON * shares[i]!));
        return [new Tensor(tensorOf(shifted, shape).array, undefined, true)];
      });
      const outputs = withRecording(true, () => this.#program(inputs));
      const seeds = separated(weights, outputs).map((seed, i): [Tensor, NdArray] => [outputs[i]!, seed.array]);
      return termsOf(new Map(seeds), expanded(entriesOf(outputs)));
    });
    return Math.max(...found);
  }

  /** Checks random combinations of the results, each along random directions of the variables. */
  #combinations(isSmall: boolean): GradcheckEntry[] {
    const random = new Random(this.#settings.seed);
    return Array.from({ length: projections }, () => {
      // The weight of an infinite value is 0, since shifting the inputs would not change that value.
      const weights = uniform(random, this.#values.length).map((weight, i) =>
        Math.abs(this.#values[i]!) === Number.POSITIVE_INFINITY ? 0 : weight,
      );
      const gradients = this.#pullBack(weights);
      const terms = lazily(() => this.#terms(weights));
      return this.#variables.flatMap(({ elements }, variable) => {
        const size = elements.length;
        if (size === 0) return [];
        const shares = uniform(random, size);
        const entryAlong = (along: Float64Array, start: number, end: number): GradcheckEntry => {
          const part = along.map((u, i) => (i >= start && i < end ? u : 0));
          const place = end - start === 1 ? start : undefined;
          return this.#judgeCombination(weights, terms, gradients[variable]!, variable, part, place);
        };
        const [first, ...others] = directionsOf(elements, shares);
        let along = first;
        let entry = entryAlong(along, 0, size);
        for (const other of others) {
          if (isClear(entry) || isWrong(entry)) break;
          [along, entry] = [other, entryAlong(other, 0, size)];
        }
        return [isSmall ? entry : narrowed(entry, (start, end) => entryAlong(along, start, end), size)];
      });
    }).flat();
  }

  #judgeCombination(
    weights: Float64Array,
    terms: () => number,
    gradient: Float64Array,
    variable: number,
    along: Float64Array,
    place: number | undefined,
  ): GradcheckEntry {
    const direction: Direction = { variable, along, steps: stepsFor(1, 1, this.#settings.step), reach: 1 };
    const tangent = this.#pushForward(direction);
    const claim: Claim = {
      index: place === undefined ? undefined : indexOf(place, this.#variables[variable]!.shape),
      output: undefined,
      reverse: weightedSum(along, gradient),
      forward: tangent && weightedSum(weights, tangent),
      scale: Math.max(
        weightedSum(absolute(along), absolute(gradient)),
        tangent ? weightedSum(absolute(weights), absolute(tangent)) : 0,
      ),
      level: weightedSum(absolute(weights), absolute(this.#values)),
      terms,
    };
    return this.#judge(direction, [claim], weights)[0]!;
  }

  /**
   * Judges the tape's derivatives along a direction: those of each element of the results or, if there are `weights`,
   * that of their weighted sum.
   */
  #judge(direction: Direction, claims: readonly Claim[], weights?: Float64Array): GradcheckEntry[] {
    const { variable, steps, reach } = direction;
    const combine = (values: Float64Array): Float64Array =>
      weights === undefined ? values : Float64Array.of(weightedSum(weights, values));
    const samplesAt = (h: number): Samples[] => {
      const samples = places.map((place) => combine(place === 0 ? this.#values : this.#evaluate(direction, place * h)));
      return claims.map((_, i) => samples.map((values) => values[i]!) as unknown as Samples);
    };
    const entriesFor = (own: readonly Claim[]): GradcheckEntry[] => {
      const judged = (estimates: readonly Estimate[], i: number, isFinal: boolean): GradcheckEntry => {
        const terms = { reach, tolerance: this.#settings.tolerance, isFinal };
        return { order: this.#order, input: this.#variables[variable]!.name, ...judge(own[i]!, estimates, terms) };
      };
      const isEnough = (estimates: readonly Estimate[], i: number): boolean => {
        const entry = judged(estimates, i, false);
        return isClear(entry) && !isWrong(entry);
      };
      const noises = own.map(({ level }) => termRounding * level);
      return estimatesOf(steps, samplesAt, noises, isEnough).map((estimates, i) => judged(estimates, i, true));
    };
    let entries = entriesFor(claims);
    // Rounding may be the cause, since the terms may be larger than the values that remain after cancellation.
    if (!entries.every((entry) => isClear(entry) && !isWrong(entry))) {
      entries = entriesFor(claims.map((claim) => ({ ...claim, level: Math.max(claim.level, claim.terms()) })));
    }
    // If there is a kink, a zero derivative isn't enough to count the variable as checked. It may belong to a result
    // that doesn't depend on the shifted elements.
    const isTelling = (entry: GradcheckEntry): boolean =>
      isClear(entry) && (entry.reverse !== 0 || entry.numeric !== 0);
    if (entries.some(isTelling) || entries.every(isClear)) this.#checked.add(variable);
    return entries;
  }

  /**
   * Computes the elements of the results at the inputs, or one step away from the inputs along a direction. A shifted
   * parameter is restored afterwards.
   */
  #evaluate(direction?: Direction, step = 0): Float64Array {
    const elementsOf = (variable: number): Float64Array => {
      const { elements } = this.#variables[variable]!;
      if (direction?.variable !== variable) return elements.slice();
      return elements.map((element, i) => element + step * direction.along[i]!);
    };
    const inputs = this.#variables.flatMap(({ shape, parameter }, i) =>
      parameter === undefined ? [tensorOf(elementsOf(i), shape)] : [],
    );
    const shifted = direction && this.#variables[direction.variable]!;
    if (shifted?.parameter === undefined) return joined(this.#program(inputs));
    this.#linearized = undefined;
    shifted.parameter.update((own) => own.set(elementsOf(direction!.variable)));
    try {
      return joined(this.#program(inputs));
    } finally {
      shifted.parameter.update((own) => own.set(shifted.elements));
    }
  }

  #linearization(): Linearization {
    const inputs = this.#variables.flatMap(({ parameter, elements, shape }) =>
      parameter === undefined ? [tensorOf(elements.slice(), shape)] : [],
    );
    this.#linearized ??= linearize(inputs, (x) => ({ outputs: this.#program(x) }), this.#settings.parameters);
    return this.#linearized;
  }

  /** Computes the cotangents of all variables from the cotangent of the results. */
  #pullBack(cotangent: Float64Array): Float64Array[] {
    const { outputs, pullBack } = this.#linearization();
    return pullBack(separated(cotangent, outputs)).map((x) => joined([x]));
  }

  /**
   * Computes the tangent of the results along a direction; returns undefined if an operation doesn't support forward mode.
   */
  #pushForward({ variable, along }: Direction): Float64Array | undefined {
    if (this.#withoutForward !== undefined) return undefined;
    const tangents = this.#variables.map(({ shape }, i) =>
      i === variable ? tensorOf(along.slice(), shape) : undefined,
    );
    try {
      return joined(this.#linearization().pushForward(tangents));
    } catch (error) {
      if (!(error instanceof TapeError)) throw error;
      this.#withoutForward = error.message;
      return undefined;
    }
  }
}

/**
 * Returns one or two directions. In the first, each element moves by its entry in `shares` times its magnitude, but a
 * magnitude below 1 counts as 1. This direction gives the most conclusive steps. If some elements are smaller than 1,
 * there is a second direction that uses their actual magnitudes. It keeps such elements within the domain of functions
 * such as the logarithm.
 */
function directionsOf(elements: Float64Array, shares: Float64Array): [Float64Array, ...Float64Array[]] {
  const sizes = absolute(elements);
  const typical = largestOf(elements) || 1;
  const along = (sizeOf: (size: number) => number) => shares.map((share, i) => share * sizeOf(sizes[i]!));
  const steps = along((size) => Math.max(1, size));
  return sizes.every((size) => size >= 1) ? [steps] : [steps, along((size) => size || typical)];
}

/**
 * Narrows a direction down to a part of it by repeated halving, if its derivative is wrong or inconclusive. The
 * smallest part is a single element. For an inconclusive direction, the search stops at a part that is conclusive.
 */
function narrowed(whole: GradcheckEntry, judge: (start: number, end: number) => GradcheckEntry, size: number) {
  let [start, end, entry] = [0, size, whole];
  while (end - start > 1 && (isWrong(entry) || !isClear(entry))) {
    const middle = Math.floor((start + end) / 2);
    const halves = [judge(start, middle), judge(middle, end)] as const;
    const next = halves.find(isWrong) ?? (isWrong(entry) ? undefined : (halves.find(isClear) ?? halves[0]));
    if (next === undefined) break;
    if (next === halves[0]) end = middle;
    else start = middle;
    entry = next;
  }
  return entry;
}
