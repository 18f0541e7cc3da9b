/** Finds the first element that is NaN or infinite. */

import { checkSynchronous, formatShape, isFloat, type Shape } from '@tapegrad/kernels';
import { checkFunction, checkNoMore, checkOptions } from '../checks/untyped-callers.ts';
import type { CustomAttributes, Entry, Recorded } from '../tape/entry.ts';
import { intercept, type OperationCall } from '../tape/interception.ts';
import { appliedEntry, type Observer, withObserver } from '../tape/observers.ts';
import type { Tensor } from '../tensor.ts';
import { callSiteOf, noteStack } from './call-sites.ts';

/** The options of `detectAnomaly`. */
export interface DetectAnomalyOptions {
  /** Whether an operation may produce infinities from finite numbers, as log(0) does. Defaults to false. */
  readonly allowInfinity?: boolean;
}

/** The element that was found, and where it came from. */
export interface Anomaly {
  /** The name of the operation. */
  readonly op: string;
  /** Where the element was found: in the operation's value, in a cotangent from its rule, or in its tangent. */
  readonly phase: 'forward' | 'backward' | 'tangent';
  /** The first element that is not finite. */
  readonly value: number;
  /** The index of that element in row-major order. */
  readonly place: number;
  /**
   * The shape of the tensor that contains the element: the operation's result, its tangent, or a cotangent of its
   * input.
   */
  readonly shape: Shape;
  /** In the backward pass, the index of the input that the cotangent belongs to. */
  readonly input: number | undefined;
  /** The shapes of the inputs of the operation. */
  readonly inputShapes: readonly Shape[];
  /**
   * The name of the nearest named parameter, going back along the tape. The name identifies the layer:
   * `layers.7.weight`.
   */
  readonly parameter: string | undefined;
  /** The line of the program that called the operation, as `file:line:column`. */
  readonly calledAt: string | undefined;
}

/** An error for a NaN or infinity found by `detectAnomaly`. */
export class AnomalyError extends Error implements Anomaly {
  override readonly name = 'AnomalyError';
  readonly op: string;
  readonly phase: Anomaly['phase'];
  readonly value: number;
  readonly place: number;
  readonly shape: Shape;
  readonly input: number | undefined;
  readonly inputShapes: readonly Shape[];
  readonly parameter: string | undefined;
  readonly calledAt: string | undefined;

  constructor(anomaly: Anomaly, message: string) {
    super(message);
    this.op = anomaly.op;
    this.phase = anomaly.phase;
    this.value = anomaly.value;
    this.place = anomaly.place;
    this.shape = anomaly.shape;
    this.input = anomaly.input;
    this.inputShapes = anomaly.inputShapes;
    this.parameter = anomaly.parameter;
    this.calledAt = anomaly.calledAt;
  }
}

/**
 * Returns the index of the first NaN element or, if `infinities` is set, of the first NaN or infinite one. Returns -1
 * if there is none.
 */
function firstBad({ array, elements }: Tensor, infinities: boolean): number {
  if (!isFloat(array.dtype)) return -1;
  for (let i = 0; i < elements.length; i++) {
    const element = elements[i]!;
    if (!Number.isFinite(element) && (infinities || Number.isNaN(element))) return i;
  }
  return -1;
}

/**
 * Returns the name of the first named parameter or buffer, going back along the tape from the given tensors. Default
 * names don't count.
 */
function nearestName(tensors: readonly Recorded[]): string | undefined {
  const met = new Set(tensors);
  // Iterating over a set includes elements added during the iteration.
  for (const { name, entry } of met) {
    if (name !== undefined && name !== 'parameter' && name !== 'buffer') return name;
    for (const input of entry?.inputs ?? []) met.add(input);
  }
  return undefined;
}

/** The details of an anomaly. */
interface Finding extends Pick<Anomaly, 'op' | 'phase' | 'place'> {
  readonly input?: number;
  /** The tensor that contains the NaN or infinity. */
  readonly bad: Tensor;
  readonly inputs: readonly Tensor[];
  readonly stack: Error | undefined;
  /** A description of an input that already contains a NaN or infinity. */
  readonly before: string | undefined;
}

const whatHas = (x: Tensor, i: number): string => (x.name === undefined ? `input ${i}` : `input ${i}, '${x.name}',`);

function errorOf({ op, phase, place, input, bad, inputs, stack, before }: Finding): AnomalyError {
  const anomaly: Anomaly = {
    op,
    phase,
    value: bad.elements[place]!,
    place,
    shape: bad.shape,
    input,
    inputShapes: inputs.map(({ shape }) => shape),
    parameter: nearestName(inputs),
    calledAt: stack && callSiteOf(stack),
  };
  const { value, parameter, calledAt } = anomaly;
  const what = {
    forward: `'${op}' gave`,
    backward: `the rule of '${op}' gave input ${input} a cotangent with`,
    tangent: `the rule of '${op}' gave a tangent with`,
  }[phase];
  const where = `${value} at index ${place} of ${bad.dtype} ${formatShape(bad.shape)}`;
  const shapes = `inputs ${inputs.map(({ shape }) => formatShape(shape)).join(', ')}`;
  const parts = [
    `detectAnomaly: ${what} ${where}, for ${shapes}`,
    before === undefined ? undefined : `${before} has one already`,
    parameter === undefined ? undefined : `the nearest parameter is '${parameter}'`,
    calledAt === undefined ? undefined : `called at ${calledAt}`,
  ];
  return new AnomalyError(anomaly, parts.filter((part) => part !== undefined).join('; '));
}

/** Checks every value, cotangent and tangent that the observed function computes. */
class Detector implements Observer<Tensor> {
  readonly #allowInfinity: boolean;
  /** For each recorded entry, where the program called the operation. */
  readonly #stacks = new WeakMap<Entry<Tensor>, Error>();

  constructor({ allowInfinity = false }: DetectAnomalyOptions) {
    this.#allowInfinity = allowInfinity;
  }

  /**
   * Returns the index of the first bad element in a tensor computed from the tensors in `of`. An infinity doesn't count as
   * bad if an input already contains one.
   */
  #badPlace(made: Tensor, of: readonly Tensor[]): number {
    const place = firstBad(made, !this.#allowInfinity);
    if (place === -1 || Number.isNaN(made.elements[place]!)) return place;
    const isInherited = of.some(
      (x) => isFloat(x.dtype) && x.elements.some((element) => Math.abs(element) === Infinity),
    );
    return isInherited ? firstBad(made, false) : place;
  }

  readonly seeValue = (call: OperationCall<Tensor>): Tensor => {
    const result = call.run();
    // Operations inside a rule aren't checked separately; only the rule's result is. Constants may be infinite or NaN
    // on purpose.
    if (appliedEntry() !== undefined || call.op === 'full') return result;
    const { op, inputs, attributes } = call;
    if (result.entry !== undefined) this.#stacks.set(result.entry, noteStack());
    const place = this.#badPlace(result, inputs);
    if (place === -1) return result;
    const name = op === 'custom' ? (attributes as CustomAttributes).definition.name : op;
    const before = inputs.findIndex((x) => firstBad(x, !this.#allowInfinity) !== -1);
    throw errorOf({
      op: name,
      phase: 'forward',
      place,
      bad: result,
      inputs,
      stack: noteStack(),
      before: before === -1 ? undefined : whatHas(inputs[before]!, before),
    });
  };

  cotangent(entry: Entry<Tensor>, i: number, g: Tensor, d: Tensor): void {
    const place = this.#badPlace(d, [g]);
    if (place === -1) return;
    const isInherited = firstBad(g, !this.#allowInfinity) !== -1;
    throw errorOf({
      op: entry.name,
      phase: 'backward',
      place,
      input: i,
      bad: d,
      inputs: entry.inputs,
      stack: this.#stacks.get(entry),
      before: isInherited ? 'the cotangent of its result' : undefined,
    });
  }

  tangent(entry: Entry<Tensor>, of: readonly (Tensor | undefined)[], t: Tensor): void {
    const place = this.#badPlace(
      t,
      of.filter((x) => x !== undefined),
    );
    if (place === -1) return;
    const before = of.findIndex((x) => x !== undefined && firstBad(x, !this.#allowInfinity) !== -1);
    throw errorOf({
      op: entry.name,
      phase: 'tangent',
      place,
      bad: t,
      inputs: entry.inputs,
      stack: this.#stacks.get(entry),
      before: before === -1 ? undefined : `the tangent of ${whatHas(entry.inputs[before]!, before)}`,
    });
  }
}

/**
 * Runs a function and checks every value, cotangent and tangent that it computes; throws at the first NaN or infinity.
 * The error names the operation, the shapes and the nearest parameter, whose path identifies the layer. It also gives
 * the program line that called the operation; for a derivative, this is a line of the forward pass. The check costs one
 * pass over every result; programs that don't use it pay nothing.
 *
 * A NaN is always bad. An infinity is bad if an operation produces it from finite numbers. Infinities in the data, such
 * as those of a mask, may propagate. The option `allowInfinity` permits all infinities. The function must not be
 * asynchronous. The forward and backward pass may run in one call or in separate ones. For a derivative, the line is
 * known only if the forward pass also ran inside `detectAnomaly`.
 *
 * @throws AnomalyError
 * @example
 * const w = parameter(tensor([4, -1]), { name: 'layers.7.weight' });
 * let found;
 * try {
 *   detectAnomaly(() => w.sqrt().sum().backward());
 * } catch (error) {
 *   found = error as AnomalyError;
 * }
 * [found?.op, found?.phase, found?.parameter, found?.place]; // ['sqrt', 'forward', 'layers.7.weight', 1]
 */
export function detectAnomaly<R>(body: () => R, options: DetectAnomalyOptions = {}, ...more: []): R {
  checkNoMore('detectAnomaly', more);
  checkFunction('detectAnomaly', body);
  checkOptions('detectAnomaly', options, ['allowInfinity']);
  const detector = new Detector(options);
  const run = (): R => checkSynchronous('detectAnomaly', body());
  return withObserver(detector, () => intercept(detector.seeValue, run));
}
