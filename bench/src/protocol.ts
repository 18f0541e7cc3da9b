/**
 * The interface of a framework, and the messages between the harness and a worker process: a JSON job on the command
 * line, and JSON objects, one per line, on standard output. `peers/pytorch/worker.py` uses the same protocol.
 */

import type { Inputs } from './inputs.ts';
import type { Family, Spec, SpecOf } from './spec.ts';

/** A case that is ready to run: everything that a user would do before the loop is done. */
export interface ReadyCase {
  /**
   * Does the work once, completely: when it returns (or resolves), the results are computed, not just queued. A
   * training step reads its loss, like a loop that prints it.
   */
  step(): void | Promise<void>;
  /** Returns the results of the last step by name: the loss of a training step, otherwise the outputs and gradients. */
  read(): Results | Promise<Results>;
}

export type Results = Readonly<Record<string, ArrayLike<number>>>;

export type Build<F extends Family> = (spec: SpecOf<F>, inputs: Inputs[F]) => ReadyCase | Promise<ReadyCase>;

/** The programs of a framework: a module for each family of workloads, loaded only on demand. */
export interface Framework {
  /** Selects the backend and the number of threads. Returns name, version and backend as one line. */
  start(threads: number): string | Promise<string>;
  readonly programs: { readonly [F in Family]?: () => Promise<Build<F>> };
}

export interface JobCase {
  readonly id: string;
  readonly spec: Spec;
}

/**
 * The mode in which a worker runs its cases.
 * - `time`: repeat, and report the steps per second.
 * - `check`: take a few steps, and report a digest of the results of each.
 * - `start`: take one step and end; the harness measures the time.
 * - `memory`: take `steps` steps, and report the memory of the process at intervals.
 */
export type Mode = 'time' | 'check' | 'start' | 'memory';

export interface Job {
  readonly mode: Mode;
  /** The URL of the framework's module. */
  readonly module: string;
  readonly threads: number;
  /** The dtype of the computation; float64 is for computing the expected values. */
  readonly dtype: 'float32' | 'float64';
  readonly cases: readonly JobCase[];
  /** The number of steps when checking or measuring memory. */
  readonly steps: number;
  /** The minimum duration of a timed sample, in seconds, and the number of samples. */
  readonly sampleSeconds: number;
  readonly samples: number;
}

/** Some elements of a result, evenly spaced, and the mean of all squares. */
export interface Digest {
  readonly meanSquare: number;
  readonly entries: readonly number[];
}

/** A message from a worker: one line. */
export type Message =
  | { readonly kind: 'about'; readonly text: string }
  | { readonly kind: 'time'; readonly id: string; readonly perSecond: readonly number[] }
  | { readonly kind: 'check'; readonly id: string; readonly steps: readonly Readonly<Record<string, Digest>>[] }
  | { readonly kind: 'memory'; readonly id: string; readonly step: number; readonly bytes: number }
  | { readonly kind: 'error'; readonly id: string; readonly text: string }
  | { readonly kind: 'peak'; readonly bytes: number };
