/** Derivatives of one function on trial: what the tape says of them, backwards and forwards, beside differences. */

import { ArgumentError, type Data, NdArray, type Shape } from '@tapegrad/kernels';
import { TapeError } from '../errors.ts';
import { Random } from '../random.ts';
import { Tensor } from '../tensor.ts';
import { type Linearization, linearize } from '../transforms/linearize.ts';
import type { Parameter } from '../variable.ts';
import { formatElement, type GradcheckEntry, isWrong } from './gradcheck-report.ts';
import { longStep, places, type Samples, type Slope, shortening, slopeOf } from './slopes.ts';

/** A function of some tensors to some tensors. */
export type Program = (tensors: readonly Tensor[]) => readonly Tensor[];

/** One of the tensors that a function is differentiated by. */
export interface Variable {
  readonly name: string;
  readonly shape: Shape;
  readonly elements: Float64Array;
  /** What it is, if it is none of the function's inputs. */
  readonly parameter?: Parameter;
}

export interface TrialSettings {
  readonly parameters: readonly Parameter[];
  readonly seed: number;
  readonly step: number | undefined;
  readonly tolerance: number | undefined;
}

/** A way to go from where a function is differentiated: along one of its variables. */
interface Direction {
  readonly variable: number;
  readonly along: Float64Array;
  /** How long a step is beside the one that is set. */
  readonly reach: number;
}

/** What is said of a derivative: where it is, and by the tape. */
interface Claim extends Pick<GradcheckEntry, 'index' | 'output' | 'reverse' | 'forward'> {
  /** The size of the numbers that the tape's are summed from. */
  readonly scale: number;
}

/** Jacobians with at most so many elements are checked one by one. */
const smallJacobian = 400;

/** How many random directions of each variable are tried. */
const projections = 2;

/** What rounding may make of the tape's derivatives, as a share of what they are summed from. */
const rounding = 2 ** 12 * Number.EPSILON;

const tensorOf = (elements: Data, shape: Shape): Tensor => new Tensor(new NdArray(elements, 'float64', shape));

/** All elements of some tensors, one after the other. */
const joined = (tensors: readonly Tensor[]): Float64Array => Float64Array.from(tensors.flatMap((x) => [...x.data]));

/** Tensors of these shapes, whose elements lie one after the other. */
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

/** The sum of products, without the terms whose weight is 0. */
const weigh = (weights: Float64Array, values: Float64Array): number =>
  weights.reduce((sum, weight, i) => (weight === 0 ? sum : sum + weight * values[i]!), 0);

const absolute = (x: Float64Array): Float64Array => x.map(Math.abs);

const uniform = (random: Random, size: number): Float64Array =>
  Float64Array.from(random.uniform([size], { low: -1, high: 1, dtype: 'float64' }).data);

/** The trial of a function: of all derivatives of its results by its variables. */
export class Trial {
  readonly #order: number;
  readonly #program: Program;
  readonly #variables: readonly Variable[];
  readonly #settings: TrialSettings;
  readonly #values: Float64Array;
  /** What the elements of the result are called. */
  readonly #outputs: readonly string[];
  /** The function near its inputs; none once a parameter has been shifted. */
  #linearized: Linearization | undefined;
  #withoutForward: string | undefined;

  /** @param names of the results, once the program has run. */
  constructor(
    order: number,
    program: Program,
    variables: readonly Variable[],
    names: () => readonly string[],
    settings: TrialSettings,
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

  /** Why nothing could be run forwards. */
  get withoutForward(): string | undefined {
    return this.#withoutForward;
  }

  run(): GradcheckEntry[] {
    if (!this.#repeats()) {
      throw new ArgumentError('gradcheck: the function gives other values the next time; let nothing in it be random');
    }
    const size = this.#variables.reduce((sum, { elements }) => sum + elements.length, 0);
    const isSmall = size * this.#values.length <= smallJacobian;
    const combinations = this.#combinations(isSmall);
    if (!isSmall) return combinations;
    // Where it is rough, the elements tell.
    return [...combinations.filter((entry) => entry.roughness === undefined || isWrong(entry)), ...this.#elements()];
  }

  /** Whether the function gives the same again. */
  #repeats(): boolean {
    const again = this.#evaluate();
    return again.length === this.#values.length && again.every((value, i) => Object.is(value, this.#values[i]));
  }

  /** Every derivative by itself. */
  #elements(): GradcheckEntry[] {
    const size = this.#values.length;
    const rows = Array.from({ length: size }, (_, i) => this.#pullBack(unit(size, i)));
    return this.#variables.flatMap(({ elements, shape }, variable) =>
      Array.from(elements, (element, place) => {
        const reach = Math.max(1, Math.abs(element));
        const direction: Direction = { variable, along: unit(elements.length, place), reach };
        const column = this.#pushForward(direction);
        const reversed = rows.map((row) => row[variable]![place]!);
        const scale = Math.max(0, ...absolute(Float64Array.from(reversed)));
        return this.#slopes(direction).map((slope, i) => {
          const [output, reverse, forward] = [this.#outputs[i]!, reversed[i]!, column?.[i]];
          return this.#judge(direction, { index: indexOf(place, shape), output, reverse, forward, scale }, slope);
        });
      }).flat(),
    );
  }

  /** Random combinations of derivatives, each along a random direction. */
  #combinations(isSmall: boolean): GradcheckEntry[] {
    const random = new Random(this.#settings.seed);
    return Array.from({ length: projections }, () => {
      // What is infinite stays so.
      const weights = uniform(random, this.#values.length).map((weight, i) =>
        Math.abs(this.#values[i]!) === Number.POSITIVE_INFINITY ? 0 : weight,
      );
      const gradients = this.#pullBack(weights);
      return this.#variables.flatMap(({ elements }, variable) => {
        const size = elements.length;
        if (size === 0) return [];
        const along = uniform(random, size).map((u, i) => u * Math.max(1, Math.abs(elements[i]!)));
        const judge = (start: number, end: number): GradcheckEntry => {
          const part = along.map((u, i) => (i >= start && i < end ? u : 0));
          const index = end - start === 1 ? start : undefined;
          return this.#judgeCombination(weights, gradients[variable]!, { variable, along: part, reach: 1 }, index);
        };
        const entry = judge(0, size);
        return [isSmall ? entry : narrowed(entry, judge, size)];
      });
    }).flat();
  }

  #judgeCombination(
    weights: Float64Array,
    gradient: Float64Array,
    direction: Direction,
    place: number | undefined,
  ): GradcheckEntry {
    const { variable, along } = direction;
    const tangent = this.#pushForward(direction);
    const claim: Claim = {
      index: place === undefined ? undefined : indexOf(place, this.#variables[variable]!.shape),
      output: undefined,
      reverse: weigh(along, gradient),
      forward: tangent && weigh(weights, tangent),
      scale: Math.max(
        weigh(absolute(along), absolute(gradient)),
        tangent ? weigh(absolute(weights), absolute(tangent)) : 0,
      ),
    };
    return this.#judge(direction, claim, this.#slopes(direction, weights)[0]!);
  }

  #judge({ variable }: Direction, { scale, ...claim }: Claim, slope: Slope): GradcheckEntry {
    const { reverse, forward = reverse } = claim;
    const { value: numeric, roughness } = slope;
    const { tolerance } = this.#settings;
    const isRough = roughness !== undefined;
    const explained = rounding * Math.max(1, scale) + slope.error;
    return {
      order: this.#order,
      input: this.#variables[variable]!.name,
      ...claim,
      numeric,
      error: isRough ? Math.abs(reverse - forward) : Math.max(Math.abs(reverse - numeric), Math.abs(forward - numeric)),
      allowed: tolerance === undefined ? explained : tolerance * Math.max(1, Math.abs(reverse)),
      roughness,
    };
  }

  /** The elements of the results, at the inputs or a step from there; a parameter is put back afterwards. */
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

  /** The slopes along a direction: of each element of the results, or of a combination of them. */
  #slopes(direction: Direction, weights?: Float64Array): Slope[] {
    const combine = (values: Float64Array): Float64Array =>
      weights === undefined ? values : Float64Array.of(weigh(weights, values));
    const sizes = weights === undefined ? absolute(this.#values) : [weigh(absolute(weights), absolute(this.#values))];
    const { elements } = this.#variables[direction.variable]!;
    const reach = elements.reduce((size, x, i) => (direction.along[i] === 0 ? size : Math.max(size, Math.abs(x))), 1);
    const slopesAt = (h: number): Slope[] => {
      const samples = places.map((place) => combine(place === 0 ? this.#values : this.#evaluate(direction, place * h)));
      return Array.from(sizes, (size, i) =>
        slopeOf(samples.map((values) => values[i]!) as unknown as Samples, h, Math.max(reach, size)),
      );
    };
    const step = (this.#settings.step ?? longStep) * direction.reach;
    const slopes = slopesAt(step);
    if (slopes.every(({ roughness }) => roughness === undefined)) return slopes;
    const closer = slopesAt(step * shortening);
    return slopes.map((slope, i) => (slope.roughness === undefined ? slope : closer[i]!));
  }

  #linearization(): Linearization {
    const inputs = this.#variables.flatMap(({ parameter, elements, shape }) =>
      parameter === undefined ? [tensorOf(elements.slice(), shape)] : [],
    );
    this.#linearized ??= linearize(inputs, (...x) => ({ outputs: this.#program(x) }), this.#settings.parameters);
    return this.#linearized;
  }

  /** The cotangents of all variables, given that of the results. */
  #pullBack(cotangent: Float64Array): Float64Array[] {
    const { outputs, pullBack } = this.#linearization();
    return pullBack(separated(cotangent, outputs)).map((x) => joined([x]));
  }

  /** The tangent of the results along a direction; none where an operation can't be run forwards. */
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
 * Where a direction goes wrong, or the function is rough along it, the part of it where that is so: half and half again,
 * down to an element. Of what is rough, a part along which the function is smooth will do.
 */
function narrowed(whole: GradcheckEntry, judge: (start: number, end: number) => GradcheckEntry, size: number) {
  let [start, end, entry] = [0, size, whole];
  while (end - start > 1 && (isWrong(entry) || entry.roughness !== undefined)) {
    const middle = (start + end) >> 1;
    const halves = [judge(start, middle), judge(middle, end)] as const;
    const isSmooth = ({ roughness }: GradcheckEntry): boolean => roughness === undefined;
    const next = halves.find(isWrong) ?? (isWrong(entry) ? undefined : (halves.find(isSmooth) ?? halves[0]));
    if (next === undefined) break;
    if (next === halves[0]) end = middle;
    else start = middle;
    entry = next;
  }
  return entry;
}
