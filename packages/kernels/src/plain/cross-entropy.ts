import { resultOf } from '../abstract/shape-inference.ts';
import type { NdArray } from '../arrays/array.ts';
import { contiguous } from '../arrays/copy.ts';
import { emptyOf, readIndices } from '../arrays/movement.ts';
import type { Kernels } from '../primitives.ts';

/** Calls `visit` for each row with its start in the data, its maximum m and the sum of exp(x - m). */
function forEachRow(x: NdArray, visit: (row: number, from: number, most: number, sum: number) => void): void {
  const [rows, classes] = x.shape as [number, number];
  for (let row = 0; row < rows; row++) {
    const from = x.offset + row * classes;
    let most = -Infinity;
    for (let j = 0; j < classes; j++) most = Math.max(most, x.data[from + j]!);
    let sum = 0;
    for (let j = 0; j < classes; j++) sum += Math.exp(x.data[from + j]! - most);
    visit(row, from, most, sum);
  }
}

export const crossEntropies: Pick<Kernels<NdArray>, 'crossEntropy' | 'crossEntropyGrad'> = {
  crossEntropy(logits, labels) {
    const out = emptyOf(resultOf.crossEntropy(logits, labels));
    const list = readIndices('crossEntropy', labels, logits.shape[1]!);
    const x = contiguous(logits);
    forEachRow(x, (row, from, most, sum) => {
      out.data[row] = Math.log(sum) + (most - x.data[from + list[row]!]!);
    });
    return out;
  },

  crossEntropyGrad(g, logits, labels) {
    const out = emptyOf(resultOf.crossEntropyGrad(g, logits, labels));
    const list = readIndices('crossEntropyGrad', labels, logits.shape[1]!);
    const x = contiguous(logits);
    const classes = x.shape[1]!;
    forEachRow(x, (row, from, most, sum) => {
      const scale = g.data[g.offset + row * g.stride[0]!]!;
      for (let j = 0; j < classes; j++) {
        const share = Math.exp(x.data[from + j]! - most) / sum;
        out.data[row * classes + j] = scale * (share - Number(j === list[row]));
      }
    });
    return out;
  },
};
