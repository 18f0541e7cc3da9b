/** Creates parameters with initial elements. */

import { checkSynchronous, checkTensor, formatShape, sameShape } from '@tapegrad/core/extend';
import {
  ArgumentError,
  DTypeError,
  type FloatDType,
  type Parameter,
  parameter,
  type Random,
  type Shape,
  ShapeError,
} from '@tapegrad/core/lean';
import type { Initializer } from './init.ts';

/** Where the initial elements of a parameter come from. */
interface Origin {
  /** The name of the option that holds the initialiser, for messages. */
  readonly option?: string;
  readonly init: Initializer;
  readonly random: Random;
  readonly dtype: FloatDType;
}

/**
 * Creates a parameter with elements from an initialiser.
 *
 * @throws ArgumentError, ShapeError or DTypeError unless the initialiser returns a tensor of the given shape and dtype.
 */
export function initialized<const S extends Shape>(
  call: string,
  name: string,
  shape: S,
  { option = 'init', init, random, dtype }: Origin,
): Parameter<S> {
  if (typeof init !== 'function') {
    throw new ArgumentError(`${call}: ${option} is ${typeof init}, expected an initializer, such as init.zeros()`);
  }
  const elements = checkSynchronous(call, init(shape, random, { dtype }), `an initializer as ${option}`);
  checkTensor(`${call}: the result of ${option}`, elements);
  if (!sameShape(elements.shape, shape)) {
    const [wanted, got] = [formatShape(shape), formatShape(elements.shape)];
    throw new ShapeError(`${call}: expected ${option} to give elements of shape ${wanted}, got ${got}`);
  }
  if (elements.dtype !== dtype) {
    throw new DTypeError(`${call}: expected ${option} to give ${dtype}, got ${elements.dtype}`);
  }
  return parameter(elements, { name });
}
