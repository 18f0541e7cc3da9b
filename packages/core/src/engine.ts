import { ArgumentError, createDefault, type Kernels, type NdArray, primitives } from '@tapegrad/kernels';

let current: Kernels<NdArray> | undefined;

/** The interpreter that runs every primitive on arrays: the fastest that the engine can run, unless one was chosen. */
export function interpreter(): Kernels<NdArray> {
  current ??= createDefault();
  return current;
}

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
  if (typeof kernels !== 'object' || kernels === null) {
    throw new ArgumentError(`setInterpreter: expected an object with every primitive, got ${typeof kernels}`);
  }
  const missing = primitives.filter((op) => typeof kernels[op] !== 'function');
  if (missing.length > 0) throw new ArgumentError(`setInterpreter: the interpreter lacks ${missing.join(', ')}`);
  current = kernels;
}
