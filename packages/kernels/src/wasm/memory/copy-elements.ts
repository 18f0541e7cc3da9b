import type { Data } from '../../arrays/dtype.ts';

/** Up to this many elements are copied by a loop, since a call of `set` would take longer. */
export const SHORT_ELEMENTS = 24;

/** Copies `count` elements from one array to another. */
export function copyElements(to: Data, at: number, data: Data, from: number, count: number): void {
  if (count <= SHORT_ELEMENTS) for (let i = 0; i < count; i++) to[at + i] = data[from + i]!;
  else to.set(from === 0 && data.length === count ? data : data.subarray(from, from + count), at);
}
