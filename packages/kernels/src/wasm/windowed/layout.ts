/** How the planes of a convolution are laid out, so that what an entry of the windows reads has no gaps. */

import type { Axis } from './unfold.ts';

/** Elements `from + i step` of an axis, i < count, which go to `to + i` of a part of it. */
export interface Segment {
  readonly phase: number;
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly count: number;
}

/** An axis as it is laid out: in parts of one length, zero where no stretch goes. */
export interface AxisLayout {
  readonly phases: number;
  readonly length: number;
  readonly segments: readonly Segment[];
}

/** Where an entry of the windows begins to read: the part, and the place in it. */
export interface Tap {
  readonly phase: number;
  readonly start: number;
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const unique = (list: readonly number[]): number[] => [...new Set(list)];

/** The axis that the windows read, padded, in a part for each remainder modulo the stride; and where each entry reads. */
export function inputLayout(a: Axis): { readonly axis: AxisLayout; readonly taps: readonly Tap[] } {
  const places = range(a.size).map((entry) => entry * a.dilation);
  const remainders = unique(places.map((place) => place % a.stride));
  const taps = places.map((place) => ({
    phase: remainders.indexOf(place % a.stride),
    start: Math.floor(place / a.stride),
  }));
  const length = a.positions + taps.at(-1)!.start;
  const segments = remainders.flatMap((remainder, phase) => {
    // Place `i` of the phase is element `i stride + remainder - before`.
    const to = Math.max(0, Math.ceil((a.before - remainder) / a.stride));
    const end = Math.min(length, Math.floor((a.length - 1 + a.before - remainder) / a.stride) + 1);
    const from = to * a.stride + remainder - a.before;
    return end > to ? [{ phase, from, step: a.stride, to, count: end - to }] : [];
  });
  return { axis: { phases: remainders.length, length, segments: segments }, taps };
}

/** The elements of the input whose distance to the first is a multiple of the stride, and what reaches them. */
export interface AdjointPhase {
  /** Of the first element. */
  readonly from: number;
  readonly count: number;
  /** The taps of the windows that reach them, and where in the laid-out positions each begins. */
  readonly taps: readonly (Tap & { readonly entry: number })[];
}

/** The axis of positions, with zeros about it, and what a convolution's adjoint reads of it. */
export function positionsLayout(a: Axis): { readonly axis: AxisLayout; readonly phases: readonly AdjointPhase[] } {
  const found = range(a.stride).map((remainder) => {
    const first = Math.ceil((a.before - remainder) / a.stride);
    const last = Math.floor((a.before + a.length - 1 - remainder) / a.stride);
    const from = first * a.stride + remainder - a.before;
    // Position `first + i - shift` is what such an entry takes to element i of these.
    const taps = range(a.size).flatMap((entry) => {
      const place = entry * a.dilation;
      const start = first - Math.floor(place / a.stride);
      return place % a.stride === remainder ? [{ entry, phase: 0, start }] : [];
    });
    return { from, count: last - first + 1, taps };
  });
  const phases = found.filter(({ count }) => count > 0);
  let [first, last] = [0, a.positions];
  for (const { count, taps } of phases) {
    for (const { start } of taps) {
      first = Math.min(first, start);
      last = Math.max(last, start + count);
    }
  }
  const lead = -first;
  const length = lead + last;
  return {
    axis: { phases: 1, length, segments: [{ phase: 0, from: 0, step: 1, to: lead, count: a.positions }] },
    phases: phases.map(({ taps, ...rest }) => ({
      ...rest,
      taps: taps.map(({ start, ...entry }) => ({ ...entry, start: start + lead })),
    })),
  };
}
