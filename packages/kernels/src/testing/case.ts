/** The types of cases. Cases are plain data, so that any interpreter can be checked against the table. */

import type { NdArray } from '../arrays/array.ts';
import type { DType } from '../arrays/dtype.ts';
import { formatShape, type Shape } from '../arrays/shape.ts';
import type { AttributesOf, InputsOf, Primitive, VariadicPrimitive } from '../primitives.ts';
import { type Layout, layOut } from './layouts.ts';
import type { Values } from './values.ts';

/** An array input of a case. */
export interface ArrayInput {
  readonly shape: Shape;
  readonly dtype: DType;
  readonly layout: Layout;
  readonly values: Values;
}

/** An array input, or the same array as an earlier input. */
export type CaseInput = ArrayInput | { readonly sameAs: number };

type AsInputs<Arrays extends readonly unknown[]> = { readonly [I in keyof Arrays]: CaseInput };

type CaseInputs<P extends Primitive> = P extends VariadicPrimitive
  ? readonly CaseInput[]
  : AsInputs<InputsOf<Exclude<P, VariadicPrimitive>>>;

/** One call of a primitive. */
export interface CaseOf<P extends Primitive> {
  /** The primitive and its arguments; no two cases have the same name. */
  readonly name: string;
  readonly primitive: P;
  readonly inputs: CaseInputs<P>;
  readonly attributes: AttributesOf<P>;
}

/** One call of any primitive. */
export type Case = { [P in Primitive]: CaseOf<P> }[Primitive];

/** Formats a value readably, as in `[1, 2]`, `{ axis: 1, size: 4 }` or `-0`: like JSON, but with every number. */
function format(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(format).join(', ')}]`;
  if (typeof value === 'object' && value !== null) {
    return `{ ${Object.entries(value)
      .map(([key, entry]) => `${key}: ${format(entry)}`)
      .join(', ')} }`;
  }
  return Object.is(value, -0) ? '-0' : String(value);
}

function formatValues(values: Values): string {
  if ('list' in values) {
    const { list } = values;
    return `of ${format(list.slice(0, 8))}${list.length > 8 ? ` and ${list.length - 8} more` : ''}`;
  }
  if ('between' in values) return `in ${format(values.between)}`;
  return `of magnitude ${values.magnitudes.map((bound) => bound.toExponential(0)).join(' to ')}`;
}

function formatInput(input: CaseInput): string {
  if ('sameAs' in input) return `the same as input ${input.sameAs}`;
  const { shape, dtype, layout, values } = input;
  return `${layout} ${dtype} ${formatShape(shape)} ${formatValues(values)}`;
}

/** Names a call after its primitive and arguments. */
export function nameOf(primitive: Primitive, inputs: readonly CaseInput[], attributes: unknown): string {
  const parts = inputs.map(formatInput);
  if (attributes !== undefined) parts.push(format(attributes));
  return `${primitive}: ${parts.join('; ')}`;
}

export const newCase = <P extends Primitive>(
  primitive: P,
  inputs: CaseInputs<P>,
  attributes: AttributesOf<P>,
): CaseOf<P> => ({ name: nameOf(primitive, inputs, attributes), primitive, inputs, attributes });

/** Creates the array inputs of a case. */
export function inputsOf(c: Pick<Case, 'inputs'>): NdArray[] {
  const arrays: NdArray[] = [];
  for (const input of c.inputs) {
    arrays.push(
      'sameAs' in input ? arrays[input.sameAs]! : layOut(input.shape, input.dtype, input.layout, input.values),
    );
  }
  return arrays;
}
