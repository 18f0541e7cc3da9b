/** The interface of an engine, which prepares a program, and then runs it at each call. */

import type { Data, NdArray } from '@tapegrad/kernels';
import type { Program } from './program.ts';

/** The inputs of one call besides the slots, each in the order of the program. */
export interface CallInputs {
  readonly arguments: readonly NdArray[];
  readonly draws: readonly NdArray[];
  readonly numbers: readonly number[];
}

/** The outcome of one call: its results, or the check that failed. Then nothing was stored. */
export type Outcome =
  | { readonly results: readonly NdArray[]; readonly failed?: undefined }
  | { readonly failed: number; readonly results?: undefined };

/** A program that is ready to run. */
export interface PreparedProgram {
  /** The bytes of memory that a call needs besides its arguments and results. */
  readonly bytes: number;
  /**
   * Takes a slot over: from now on its elements are in the returned array, which the program changes in place. It is the
   * given array, or one in the engine's own memory with the same elements.
   *
   * @param slot the index of the slot in the program.
   */
  adopt(slot: number, elements: Data): Data;
  /**
   * Leaves the memory of all slots to those who still read it, such as views of variables. All slots must be adopted again.
   */
  release(): void;
  /**
   * Runs the program. Results have their own memory. All slots must have been adopted.
   *
   * `failed` is the index, among the checks of the program, of the first one that doesn't hold.
   */
  run(inputs: CallInputs): Outcome;
}

/** Makes programs ready to run. */
export interface ProgramEngine {
  readonly name: string;
  prepare(program: Program): PreparedProgram;
}
