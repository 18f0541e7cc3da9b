/** The interface of metrics, and a way to define them. */

import { ArgumentError } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import type { Predicted } from '../outcome.ts';

/** The sums that a metric keeps, as plain data for `structuredClone` and checkpoints. */
export type MetricState = Readonly<Record<string, number | readonly number[] | Float64Array>>;

/**
 * Computes a number, or other plain data, from a stream of batches. The value does not depend on how the examples are
 * divided into batches.
 */
export interface Metric<in Result = Predicted, out Value = unknown> {
  /** Whether larger or smaller values are better; undefined if neither applies. */
  readonly better: 'higher' | 'lower' | undefined;
  /** Adds a batch. */
  update(result: Result): void;
  /** Returns the value over all batches since the last `reset`. */
  value(): Value;
  /** Forgets all batches. */
  reset(): void;
  /** Returns a copy of the sums so far. */
  state(): MetricState;
  /** Replaces the sums with those of a state. If the state does not fit the metric, nothing changes. */
  load(state: MetricState): void;
  /** Adds the sums of a state, as if its batches had been added here. */
  merge(state: MetricState): void;
}

/** The functions that define a metric. */
export interface MetricRules<Result, Value, State extends MetricState> {
  /** The metric's name in error messages. */
  readonly name: string;
  /** Whether larger or smaller values are better. Defaults to neither. */
  readonly better?: 'higher' | 'lower';
  /** Returns the sums over no examples. */
  empty(): State;
  /** Returns the sums with a batch added. It may modify the given sums and return them. */
  add(sums: State, result: Result): State;
  /** Returns the combined sums of two streams. */
  join(a: State, b: State): State;
  /** Computes the value from the sums. */
  value(sums: State): Value;
}

const kindOf = (value: unknown): string =>
  ArrayBuffer.isView(value) ? 'a Float64Array' : Array.isArray(value) ? 'an array of numbers' : 'a number';

const isLike = (value: unknown, model: unknown): boolean => {
  if (typeof model === 'number') return typeof value === 'number';
  const isList = Array.isArray(value) || value instanceof Float64Array;
  return isList && (value as readonly unknown[]).every((entry) => typeof entry === 'number');
};

/** Throws unless a state has the fields that the state of an empty metric has. */
function checkMetricState(call: string, empty: MetricState, state: unknown): void {
  if (typeof state !== 'object' || state === null) {
    throw new ArgumentError(`${call}: expected a state, as state() gives one, got ${describeValue(state)}`);
  }
  for (const [name, model] of Object.entries(empty)) {
    const value = (state as MetricState)[name];
    if (isLike(value, model)) continue;
    throw new ArgumentError(`${call}: ${name} is ${describeValue(value)}, expected ${kindOf(model)}`);
  }
}

/** Copies a state, lists included, but only the fields that the state of an empty metric has. */
const copied = <State extends MetricState>(empty: State, state: State): State =>
  Object.fromEntries(
    Object.keys(empty).map((name) => {
      const value = state[name]!;
      if (typeof value === 'number') return [name, value];
      return [name, ArrayBuffer.isView(empty[name]) ? Float64Array.from(value) : Array.from(value)];
    }),
  ) as unknown as State;

/**
 * Makes a metric from its rules: sums over examples, and a value computed from them.
 *
 * @example
 * import { defineMetric, type Predicted } from '@tapegrad/train';
 *
 * const largestError = () =>
 *   defineMetric({
 *     name: 'largestError',
 *     better: 'lower',
 *     empty: () => ({ most: 0 }),
 *     add: ({ most }, { predictions, targets }: Predicted) => ({
 *       most: Math.max(most, predictions.sub(targets).abs().max().item()),
 *     }),
 *     join: (a, b) => ({ most: Math.max(a.most, b.most) }),
 *     value: ({ most }) => most,
 *   });
 * const metric = largestError();
 * metric.update({ predictions: tensor([1, 4]), targets: tensor([1, 2]) });
 * metric.value(); // 2
 */
export function defineMetric<Result, Value, State extends MetricState>(
  rules: MetricRules<Result, Value, State>,
): Metric<Result, Value> {
  let sums = rules.empty();
  const checked = (call: string, state: MetricState): State => {
    const empty = rules.empty();
    checkMetricState(`${rules.name}.${call}`, empty, state);
    return copied(empty, state as State);
  };
  return {
    better: rules.better,
    update: (result) => {
      if (typeof result !== 'object' || result === null) {
        const wanted = 'an object, such as { predictions, targets }';
        throw new ArgumentError(`${rules.name}.update: expected ${wanted}, got ${describeValue(result)}`);
      }
      sums = rules.add(sums, result);
    },
    value: () => rules.value(sums),
    reset: () => {
      sums = rules.empty();
    },
    state: () => copied(rules.empty(), sums),
    load: (state) => {
      sums = checked('load', state);
    },
    merge: (state) => {
      sums = rules.join(sums, checked('merge', state));
    },
  };
}
