import { formatShape, type NdArray } from '@tapegrad/kernels';

const edge = 3;
const largestWhole = 1000;

/** Formats a number with at most six significant digits. */
const formatNumber = (value: number): string => String(Number(value.toPrecision(6)));

/**
 * Formats a tensor for the console: dtype, shape and entries. A large tensor shows only the first and last entries of each
 * axis.
 */
export function formatArray(x: NdArray): string {
  const summarize = x.size > largestWhole;
  const formatAxis = (axis: number, offset: number): string => {
    if (axis === x.shape.length) {
      const value = x.data[offset]!;
      return x.dtype === 'bool' ? String(value !== 0) : formatNumber(value);
    }
    const length = x.shape[axis]!;
    const entry = (i: number) => formatAxis(axis + 1, offset + i * x.stride[axis]!);
    const all = Array.from({ length }, (_, i) => i);
    const parts =
      summarize && length > 2 * edge
        ? [...all.slice(0, edge).map(entry), '…', ...all.slice(-edge).map(entry)]
        : all.map(entry);
    const separator = axis === x.shape.length - 1 ? ', ' : `,\n${' '.repeat(axis + 1)}`;
    return `[${parts.join(separator)}]`;
  };
  return `${x.dtype} ${formatShape(x.shape)}\n${formatAxis(0, x.offset)}`;
}
