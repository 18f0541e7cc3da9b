/** Checks derived formulas: evaluates each in float64 and compares it with the rule table and the tape. */

import type { Tensor } from '@tapegrad/core';
import { callPrimitive, filled, NdArray, type Primitive, plain } from '@tapegrad/kernels';
import { elementsOf } from '../running/floats.ts';
import type { Node } from '../running/graph.ts';
import type { RecordedProgram } from './recording/record.ts';
import { slopeOf, Values } from './recording/values.ts';
import type { DerivationStep } from './steps.ts';
import { Evaluator } from './terms/evaluate.ts';

/** The error of a formula. */
export interface Deviation {
  readonly step: DerivationStep;
  /** The largest difference, relative to the largest element. */
  readonly difference: number;
}

/** Returns a tensor's elements in float64. */
function inFloat64(x: Tensor): NdArray {
  const array = x.array;
  if (array.dtype !== 'float32') return array;
  return new NdArray(elementsOf(array), 'float64', x.shape);
}

/** Derivatives smaller than this share of the program's largest derivative may consist of rounding error. */
const rounding = 1e-3;

/** Returns the largest difference, relative to the largest element or to `least`, whichever is larger. */
const differenceOf = (found: Float64Array, expected: Float64Array, least: number): number => {
  if (found.length !== expected.length) return Infinity;
  let [most, largest] = [0, least];
  for (let i = 0; i < found.length; i++) {
    const [a, b] = [found[i]!, expected[i]!];
    if (Object.is(a, b) || a === b) continue;
    const difference = Math.abs(a - b);
    // One value is NaN and the other isn't.
    if (Number.isNaN(difference)) return Infinity;
    most = Math.max(most, difference);
    largest = Math.max(largest, Math.abs(b));
  }
  return most === 0 ? 0 : most / Math.max(largest, 1e-300);
};

const scalar = (x: number): NdArray => filled([], x, 'float64');

/** The values of a program's steps. */
export class StepValues {
  #largest = 0;
  readonly #values: Values;
  readonly #evaluator: Evaluator;

  constructor(program: RecordedProgram) {
    const leaf = (node: Node): NdArray => inFloat64(program.leaves.get(node)!);
    this.#values = new Values(program, leaf);
    const apply = (fn: string, order: number, x: number): number => {
      const definition = program.transitions.get(fn);
      if (definition === undefined)
        return Number(elementsOf(callPrimitive(plain, fn as Primitive, [scalar(x)], undefined))[0]);
      const inner = this.#values.at(definition.argument, filled(definition.argument.shape, x, 'float64'));
      return elementsOf(inner.of(slopeOf(program.graph, definition, order)))[0]!;
    };
    this.#evaluator = new Evaluator({ valueOf: (node) => this.#values.of(node), apply });
  }

  /** Returns the value that the rule table gave for a step. */
  expected({ quantity, term }: DerivationStep): Float64Array {
    const value = elementsOf(this.#values.of(quantity.node));
    return term?.kind === 'number' && quantity.node.op === 'leaf' ? value.map(() => 0) : value;
  }

  /** Evaluates a step; returns undefined if it can't be expressed by indices. */
  found({ term, at }: DerivationStep): Float64Array | undefined {
    return term === undefined ? undefined : this.#evaluator.elements(term, at);
  }

  deviation(step: DerivationStep): Deviation {
    const found = this.found(step);
    return { step, difference: found === undefined ? 0 : differenceOf(found, this.expected(step), this.#least(step)) };
  }

  /** Returns the difference between a step's value and the tape's gradient. */
  fromTape(step: DerivationStep, gradient: Tensor): number {
    const found = this.found(step) ?? this.expected(step);
    return differenceOf(found, elementsOf(inFloat64(gradient)), this.#least(step));
  }

  /**
   * Returns the size up to which elements of a derivative may be rounding errors of terms that cancel, as for a bias
   * before a normalization. It is a share of the program's largest derivative; 0 for quantities that aren't
   * derivatives.
   */
  #least({ quantity }: DerivationStep): number {
    if (quantity.kind !== 'cotangent') return 0;
    return rounding * this.#largest;
  }

  /** Records the largest element of the derivatives in some steps. */
  measure(steps: readonly DerivationStep[]): void {
    for (const step of steps) {
      if (step.quantity.kind !== 'cotangent' || step.quantity.node.op === 'leaf') continue;
      for (const element of this.expected(step)) {
        if (Math.abs(element) < Infinity) this.#largest = Math.max(this.#largest, Math.abs(element));
      }
    }
  }
}
