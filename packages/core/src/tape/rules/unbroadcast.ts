import { type ArrayLike, type Kernels, type Shape, sameShape } from '@tapegrad/kernels';

/** Sums a cotangent to the shape of an input that was broadcast. This is the adjoint of every broadcast. */
export function unbroadcast<A extends ArrayLike>(k: Kernels<A>, g: A, shape: Shape): A {
  if (sameShape(g.shape, shape)) return g;
  const lead = g.shape.length - shape.length;
  const axes: number[] = [];
  for (let i = 0; i < g.shape.length; i++) {
    if (i < lead || (shape[i - lead] === 1 && g.shape[i] !== 1)) axes.push(i);
  }
  const summed = k.sum(g, axes);
  return lead > 0 ? k.reshape(summed, summed.shape.slice(lead)) : summed;
}
