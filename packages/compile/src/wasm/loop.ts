/**
 * The loops of a fused group, as data: what is computed for each element, and how the elements of arrays are reached.
 */

import type { FloatType } from '@tapegrad/kernels/codegen';
import type { Access } from './access.ts';

/** The reductions that a loop can end in. A mean is a sum with a divisor. */
export type Reducing = 'sum' | 'max' | 'min';

/**
 * A primitive applied to values of a loop. Values are numbered: first the loop's inputs, then the results of its
 * instructions.
 */
export interface Instruction {
  readonly op: string;
  readonly inputs: readonly number[];
  readonly attributes?: unknown;
  /** Set if the instruction reduces its input along the loop's reduced axis. */
  readonly reduction?: { readonly kind: Reducing; readonly divisor: number };
}

/** An array that a loop writes. */
export interface Output {
  readonly value: number;
  readonly access: Access;
}

/**
 * Nested loops over the axes, outermost first.
 *
 * Without reductions, each instruction computes a value for each element. Reductions combine the elements along one axis:
 * the last (`rows`) or the one before it (`columns`). The values of reductions along the last axis, and what is computed
 * from them alone, belong to a whole row. Other instructions may use them.
 */
export interface Loop {
  readonly type: FloatType;
  readonly axes: readonly number[];
  readonly along: 'none' | 'rows' | 'columns';
  readonly inputs: readonly Access[];
  readonly instructions: readonly Instruction[];
  readonly outputs: readonly Output[];
}

/** Returns whether a step of 0 along the last axis makes an input's value belong to a whole row. */
const isConstantAlongRows = ({ strides }: Access): boolean => strides.at(-1) === 0;

/** Returns, for each value of a loop, whether it belongs to a whole row rather than to an element. */
export function rowValues({ inputs, instructions, along }: Loop): readonly boolean[] {
  const areRows = inputs.map(isConstantAlongRows);
  for (const { inputs: operands, reduction } of instructions) {
    areRows.push((reduction !== undefined && along === 'rows') || operands.every((i) => areRows[i]));
  }
  return areRows;
}

/** Axes, and the step of each array along each of them. */
export interface MergedAxes {
  readonly axes: readonly number[];
  readonly strides: readonly (readonly number[])[];
}

/** Merges neighbouring axes that every array passes through with one step, and drops axes of length 1. */
export function mergedAxes(axes: readonly number[], strides: readonly (readonly number[])[]): MergedAxes {
  const lengths: number[] = [];
  const steps = strides.map((): number[] => []);
  axes.forEach((length, axis) => {
    if (length === 1) return;
    const last = lengths.length - 1;
    if (last >= 0 && strides.every((own, i) => steps[i]![last] === own[axis]! * length)) {
      lengths[last]! *= length;
      for (const [i, own] of strides.entries()) steps[i]![last] = own[axis]!;
    } else {
      lengths.push(length);
      for (const [i, own] of strides.entries()) steps[i]!.push(own[axis]!);
    }
  });
  return { axes: lengths, strides: steps };
}
