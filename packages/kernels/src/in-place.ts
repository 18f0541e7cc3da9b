/** In-place array updates, for callers that own the memory, such as an optimizer updating its parameters. */

import { empty, filled, NdArray } from './arrays/array.ts';
import { assign } from './arrays/copy.ts';
import type { Data } from './arrays/dtype.ts';
import { broadcastView } from './arrays/views.ts';
import { checkSynchronous } from './callbacks/synchronous.ts';
import { ArgumentError } from './error-classes.ts';
import { type Kernels, mapEntries } from './primitives.ts';

/** The primitives that a formula may use. */
export type ElementKernels<A> = Pick<Kernels<A>, 'add' | 'sub' | 'mul' | 'div' | 'maximum' | 'sqrt' | 'abs' | 'sign'>;

/**
 * Computes new elements of some arrays, by name, from the old elements of all arrays and from numbers. A formula is
 * generic in the array type, like every composition. It may check whether an array is present, but must not read
 * elements.
 */
export type ElementFormula<Arrays extends object, Numbers extends object> = <A>(
  k: ElementKernels<A>,
  arrays: { readonly [Name in keyof Arrays]: A },
  numbers: { readonly [Name in keyof Numbers]: A },
) => { readonly [Name in keyof Arrays]?: A };

/** Arrays by name, all float32 or all float64, and all of the same length. */
export type NamedArrays<Arrays> = { readonly [Name in keyof Arrays]: Data };
/** Numbers by name. */
export type NamedNumbers<Numbers> = { readonly [Name in keyof Numbers]: number };

/**
 * Replaces the elements of arrays by the results of a formula, element by element. Numbers and all intermediate
 * results are rounded to the arrays' dtype, so that every interpreter gives the same bits.
 */
export type ChangeInPlace = <Arrays extends object, Numbers extends object>(
  formula: ElementFormula<Arrays, Numbers>,
  arrays: NamedArrays<Arrays>,
  numbers: NamedNumbers<Numbers>,
) => void;

/** Throws unless all arrays have the same float dtype and the same length. Returns the first array. */
export function checkAlike(arrays: Readonly<Record<string, Data>>): Float32Array | Float64Array {
  let first: Data | undefined;
  for (const name in arrays) {
    const data = arrays[name]!;
    first ??= data;
    if (data.constructor === first.constructor && data.length === first.length) continue;
    const got = `${described(arrays, first)} and ${described(arrays, data)}`;
    throw new ArgumentError(`changeInPlace: expected arrays that are alike, got ${got}`);
  }
  if (first instanceof Float32Array || first instanceof Float64Array) return first;
  const got = first === undefined ? 'none' : described(arrays, first);
  throw new ArgumentError(`changeInPlace: expected arrays of floats, got ${got}`);
}

function described(arrays: Readonly<Record<string, Data>>, data: Data): string {
  const name = Object.keys(arrays).find((key) => arrays[key] === data);
  return `${name} a ${data.constructor.name} of ${data.length} elements`;
}

/** Changes arrays in place with an interpreter's primitives, one after another. */
export function changeByPrimitives(k: Kernels<NdArray>): ChangeInPlace {
  return (formula, arrays, numbers) => {
    const first = checkAlike(arrays);
    const dtype = first instanceof Float32Array ? 'float32' : 'float64';
    const shape = [first.length];
    type Operands = { readonly [Name in keyof typeof arrays]: NdArray };
    type Factors = { readonly [Name in keyof typeof numbers]: NdArray };
    const operands = mapEntries(arrays, (_, data: Data) => new NdArray(data, dtype, shape)) as Operands;
    const factors = mapEntries(numbers, (_, value: number) => filled([], value, dtype)) as Factors;
    const made = checkSynchronous('changeInPlace', formula(k, operands, factors), 'a formula');
    const results = Object.entries(made) as [keyof typeof arrays, NdArray][];
    // Results are copied first: one may be an unchanged operand, which must not change before all results are stored.
    const changes = results.map(
      ([name, x]) => [name, assign(empty(shape, dtype), broadcastView(x, shape)).data] as const,
    );
    for (const [name, data] of changes) arrays[name].set(data);
  };
}
