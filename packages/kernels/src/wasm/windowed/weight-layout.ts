/** Rearranges the weights of convolutions for the products that use them. */

import type { Data } from '../../arrays/dtype.ts';

/** Rearranges some entries of a weight [groups, outputs, inputs, size] as [groups, inputs, outputs, entries]. */
export function gathered(
  w: Data,
  groups: number,
  outputs: number,
  inputs: number,
  size: number,
  entries: readonly number[],
): Data {
  const out = w.slice(0, groups * inputs * outputs * entries.length);
  let at = 0;
  for (let group = 0; group < groups; group++) {
    for (let input = 0; input < inputs; input++) {
      for (let output = 0; output < outputs; output++) {
        const from = ((group * outputs + output) * inputs + input) * size;
        for (const entry of entries) out[at++] = w[from + entry]!;
      }
    }
  }
  return out;
}

/** Transposes [groups, rows, columns] to [groups, columns, rows]. */
export function transposed(x: Data, groups: number, rows: number, columns: number): Data {
  const out = x.slice();
  for (let group = 0, at = 0; group < groups; group++) {
    for (let column = 0; column < columns; column++) {
      for (let row = 0; row < rows; row++) out[at++] = x[(group * rows + row) * columns + column]!;
    }
  }
  return out;
}
