/** Convolutions as products of unfolded windows. */

import { windowedResultOf } from '../../abstract/windowed.ts';
import { type Shape, sizeOf } from '../../arrays/shape.ts';
import type { ArrayLike, Convolution, Kernels } from '../../primitives.ts';

type Convolutions<A> = Pick<Kernels<A>, 'conv' | 'convInput' | 'convWeight'>;

/** The order that swaps the last two axes of a four-dimensional array. */
const transpose = [0, 1, 3, 2];

/** Composes the forms of a convolution from other primitives. */
export function convolutionsOf<A extends ArrayLike>(
  k: Pick<Kernels<A>, 'unfold' | 'fold' | 'matmul' | 'sum' | 'reshape' | 'permute'>,
): Convolutions<A> {
  /** Returns the windows as [n, groups, entries, positions]. */
  const windowsOf = (x: A, { windows, groups }: Convolution, w: Shape, y: Shape): A =>
    k.reshape(k.unfold(x, windows), [x.shape[0]!, groups, sizeOf(w.slice(1)), sizeOf(y.slice(2))]);
  /** Returns the weight as [1, groups, outputs, entries]. */
  const rowsOf = (w: A, { groups }: Convolution): A =>
    k.reshape(w, [1, groups, w.shape[0]! / groups, sizeOf(w.shape.slice(1))]);
  /** Returns the result as [n, groups, outputs, positions]. */
  const mapsOf = (y: A, { groups }: Convolution): A =>
    k.reshape(y, [y.shape[0]!, groups, y.shape[1]! / groups, sizeOf(y.shape.slice(2))]);

  return {
    conv(x, w, of) {
      const { shape } = windowedResultOf.conv(x, w, of);
      return k.reshape(k.matmul(rowsOf(w, of), windowsOf(x, of, w.shape, shape)), shape);
    },
    convInput(y, w, of) {
      const [batch, channels] = windowedResultOf.convInput(y, w, of).shape as [number, number];
      const { windows, shape } = of;
      const entries = k.matmul(k.permute(rowsOf(w, of), transpose), mapsOf(y, of));
      const sizes = windows.map(({ size }) => size);
      return k.fold(k.reshape(entries, [batch, channels, ...sizes, ...y.shape.slice(2)]), { windows, shape });
    },
    convWeight(x, y, of) {
      const { shape } = windowedResultOf.convWeight(x, y, of);
      const products = k.matmul(mapsOf(y, of), k.permute(windowsOf(x, of, shape, y.shape), transpose));
      return k.reshape(k.sum(products, [0]), shape);
    },
  };
}
