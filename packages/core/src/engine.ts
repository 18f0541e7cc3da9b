import { type Kernels, type NdArray, plain } from '@tapegrad/kernels';

let current: Kernels<NdArray> = plain;

/** The interpreter that runs every primitive on arrays. */
export const interpreter = (): Kernels<NdArray> => current;

/**
 * Chooses the interpreter that runs every primitive from now on.
 *
 * It is given as a value, so that a program loads only those it names, and anyone can write one.
 *
 * @example
 * import { reference } from '@tapegrad/kernels/reference';
 * setInterpreter(reference);
 */
export function setInterpreter(kernels: Kernels<NdArray>): void {
  current = kernels;
}
