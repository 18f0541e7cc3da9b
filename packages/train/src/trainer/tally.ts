/** The loss and the metrics over a sequence of batches. */

import { ArgumentError, Tensor } from '@tapegrad/core';
import { describeValue } from '@tapegrad/core/extend';
import type { Metric, MetricState } from '../metrics/metric.ts';
import { countOf, type Outcome } from '../outcome.ts';

/** For each name, a function that creates a metric. */
export type MetricMakers<Result, Value = number> = Readonly<Record<string, () => Metric<Result, Value>>>;

/** The sums over a sequence of batches, as plain data. */
export interface TallyState {
  readonly sum: number;
  readonly count: number;
  readonly steps: number;
  readonly metrics: Readonly<Record<string, MetricState>>;
}

const isMetric = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && typeof (value as Partial<Metric>).update === 'function';

/** Calls the functions that create metrics. Throws if one of them does not return a metric. */
function metricsOf<Result, Value>(
  call: string,
  makers: MetricMakers<Result, Value>,
): Record<string, Metric<Result, Value>> {
  if (typeof makers !== 'object' || makers === null) {
    throw new ArgumentError(`${call}: metrics is ${describeValue(makers)}, expected { name: () => metric }`);
  }
  return Object.fromEntries(
    Object.entries(makers).map(([name, make]) => {
      if (name === 'loss') throw new ArgumentError(`${call}: a metric can't be named 'loss', which is always there`);
      const metric: unknown = typeof make === 'function' ? make() : make;
      if (typeof make === 'function' && isMetric(metric)) return [name, metric as Metric<Result, Value>];
      const mend = isMetric(make) ? `pass a function that makes it, { ${name}: () => … }` : `expected () => metric`;
      throw new ArgumentError(`${call}: the metric '${name}' is ${describeValue(make)}; ${mend}`);
    }),
  );
}

/** Returns the number of examples in a batch, read from its first tensor; undefined if it has none. */
function countIn(batch: unknown): number | undefined {
  if (typeof batch !== 'object' || batch === null) return undefined;
  const first = batch instanceof Tensor ? batch : Object.values(batch).find((value) => value instanceof Tensor);
  return (first as Tensor | undefined)?.shape[0];
}

/** Checks what a loss function returned, and returns it as an outcome with its number of examples. */
export function outcomeOf<O extends Outcome>(call: string, result: O | Tensor, batch: unknown): O & { count: number } {
  const outcome = (result instanceof Tensor ? { loss: result } : result) as O;
  if (!(outcome?.loss instanceof Tensor) || outcome.loss.size !== 1) {
    const got = outcome?.loss instanceof Tensor ? `a loss of ${outcome.loss.size} elements` : describeValue(result);
    throw new ArgumentError(
      `${call}: expected a loss function that returns a loss, a scalar, or { loss, … }, got ${got}`,
    );
  }
  const known = outcome.count ?? outcome.targets?.shape[0] ?? outcome.predictions?.shape[0] ?? countIn(batch);
  return { ...outcome, count: countOf(call, known === undefined ? {} : { count: known }) };
}

/** Sums of the loss and the metrics. */
export class Tally<O extends Outcome, Value = number> {
  readonly #metrics: Record<string, Metric<O, Value>>;
  #sum = 0;
  #count = 0;
  #steps = 0;

  constructor(call: string, makers: MetricMakers<O, Value>) {
    this.#metrics = metricsOf(call, makers);
  }

  /** The number of examples. */
  get count(): number {
    return this.#count;
  }

  /** The number of steps, as `endStep` counts them. */
  get steps(): number {
    return this.#steps;
  }

  add(outcome: O & { readonly count: number }): void {
    for (const metric of Object.values(this.#metrics)) metric.update(outcome);
    if (outcome.count > 0) this.#sum += outcome.count * outcome.loss.item();
    this.#count += outcome.count;
  }

  endStep(): void {
    this.#steps++;
  }

  /** Adds the sums of a state. */
  merge({ sum, count, steps, metrics }: TallyState): void {
    this.#sum += sum;
    this.#count += count;
    this.#steps += steps;
    for (const [name, metric] of Object.entries(this.#metrics)) metric.merge(metrics[name]!);
  }

  /** Adds the sums of another tally, and empties that tally. */
  take(other: Tally<O, Value>): void {
    this.merge(other.state());
    other.reset();
  }

  /** Returns the mean loss and the metrics by name. */
  values(): { readonly loss: number } & Readonly<Record<string, Value>> {
    const metrics = Object.entries(this.#metrics).map(([name, metric]) => [name, metric.value()]);
    return { loss: this.#sum / this.#count, ...Object.fromEntries(metrics) };
  }

  reset(): void {
    this.#sum = 0;
    this.#count = 0;
    this.#steps = 0;
    for (const metric of Object.values(this.#metrics)) metric.reset();
  }

  state(): TallyState {
    const metrics = Object.entries(this.#metrics).map(([name, metric]) => [name, metric.state()]);
    return { sum: this.#sum, count: this.#count, steps: this.#steps, metrics: Object.fromEntries(metrics) };
  }

  load({ sum, count, steps, metrics }: TallyState): void {
    const [own, other] = [Object.keys(this.#metrics), Object.keys(metrics)].map((names) => names.toSorted().join(', '));
    if (own !== other) throw new ArgumentError(`Trainer.load: expected a state with metrics [${own}], got [${other}]`);
    for (const [name, metric] of Object.entries(this.#metrics)) metric.load(metrics[name]!);
    this.#sum = sum;
    this.#count = count;
    this.#steps = steps;
  }
}
