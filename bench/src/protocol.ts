/**
 * What a framework offers to the driver, and what the harness and a worker process say to each other: one JSON job on the
 * command line, one JSON object a line back on standard output. `peers/pytorch/worker.py` speaks the same.
 */

import type { Inputs } from './inputs.ts';
import type { Family, Spec, SpecOf } from './spec.ts';

/** One case made ready: everything that a user would do before the loop is done. */
export interface Program {
  /**
   * Does the work once, to its end: when it returns (or resolves), the results are computed, not merely asked for. A
   * training step reads its loss, as a loop that prints it does.
   */
  step(): void | Promise<void>;
  /** The results of the last step by name: the loss of a training step; else the outputs and the gradients. */
  read(): Results | Promise<Results>;
}

export type Results = Readonly<Record<string, ArrayLike<number>>>;

export type Build<F extends Family> = (spec: SpecOf<F>, inputs: Inputs[F]) => Program | Promise<Program>;

/** A framework's programs, a module a family, loaded only when asked for. */
export interface Framework {
  /** Chooses the backend and the number of threads; gives name, version and backend as one line. */
  start(threads: number): string | Promise<string>;
  readonly programs: { readonly [F in Family]?: () => Promise<Build<F>> };
}

export interface JobCase {
  readonly id: string;
  readonly spec: Spec;
}

/**
 * What a worker is to do with its cases.
 * - `time`: repeat, and say how often a second.
 * - `check`: take a few steps, and give a digest of the results of each.
 * - `start`: take one step and end; the harness holds the watch.
 * - `memory`: take `steps` steps, and say now and then how much memory the process holds.
 */
export type Mode = 'time' | 'check' | 'start' | 'memory';

export interface Job {
  readonly mode: Mode;
  /** The framework's module, as a file URL. */
  readonly module: string;
  readonly threads: number;
  /** What the numbers are computed in; float64 is for making the expected values. */
  readonly dtype: 'float32' | 'float64';
  readonly cases: readonly JobCase[];
  /** Steps to take when checking or watching memory. */
  readonly steps: number;
  /** The least duration of a timed sample, in seconds, and how many to take. */
  readonly sampleSeconds: number;
  readonly samples: number;
}

/** Some of a result's entries, evenly spaced, and the mean of all squares. */
export interface Digest {
  readonly meanSquare: number;
  readonly entries: readonly number[];
}

/** A line from a worker. */
export type Message =
  | { readonly kind: 'about'; readonly text: string }
  | { readonly kind: 'time'; readonly id: string; readonly perSecond: readonly number[] }
  | { readonly kind: 'check'; readonly id: string; readonly steps: readonly Readonly<Record<string, Digest>>[] }
  | { readonly kind: 'memory'; readonly id: string; readonly step: number; readonly bytes: number }
  | { readonly kind: 'error'; readonly id: string; readonly text: string }
  | { readonly kind: 'peak'; readonly bytes: number };
