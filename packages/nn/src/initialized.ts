/** Parameters with their first elements. */

import {
  ArgumentError,
  DTypeError,
  type FloatDType,
  type Parameter,
  parameter,
  type Random,
  type Shape,
  ShapeError,
} from '@tapegrad/core';
import { checkSynchronous, checkTensor, formatShape, sameShape } from '@tapegrad/core/extend';
import type { Initializer } from './init.ts';

/** How the first elements of a parameter are made. */
interface Origin {
  /** The option that gave it, for messages. */
  readonly option?: string;
  readonly init: Initializer;
  readonly random: Random;
  readonly dtype: FloatDType;
}

/**
 * A parameter with the elements that an initialiser makes.
 *
 * @throws ArgumentError, ShapeError or DTypeError where that gives anything but a tensor of the shape and dtype.
 */
export function initialized<const S extends Shape>(
  call: string,
  name: string,
  shape: S,
  { option = 'init', init, random, dtype }: Origin,
): Parameter<S> {
  if (typeof init !== 'function') {
    throw new ArgumentError(`${call}: ${option} is ${typeof init}, expected an initialiser, as init.zeros()`);
  }
  const elements = checkSynchronous(call, init(shape, random, { dtype }), `an initialiser as ${option}`);
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
