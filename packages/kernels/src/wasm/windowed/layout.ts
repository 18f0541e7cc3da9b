/** Lays out a convolution's planes so that each window entry reads contiguous memory. */

import type { Axis } from './unfold.ts';

/**
 * Elements of an axis that are copied together: for i < `count`, element `from + i step` is copied to index `to + i` of
 * part `phase`.
 */
export interface Segment {
  readonly phase: number;
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly count: number;
}

/** A laid-out axis: `phases` parts of equal length, zero outside the segments. */
export interface AxisLayout {
  readonly phases: number;
  readonly length: number;
  readonly segments: readonly Segment[];
}

/** The location at which a window entry begins to read: the part, and the index in it. */
export interface Tap {
  readonly phase: number;
  readonly start: number;
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const unique = (list: readonly number[]): number[] => [...new Set(list)];

/**
 * Lays out the padded axis that windows read, with a part for each remainder modulo the stride. Remainders that no
 * window entry reads have no part. Also returns where each entry begins to read.
 */
export function inputLayout(a: Axis): { readonly axis: AxisLayout; readonly taps: readonly Tap[] } {
  const places = range(a.size).map((entry) => entry * a.dilation);
  const remainders = unique(places.map((place) => place % a.stride));
  const taps = places.map((place) => ({
    phase: remainders.indexOf(place % a.stride),
    start: Math.floor(place / a.stride),
  }));
  const length = a.positions + taps.at(-1)!.start;
  const segments = remainders.flatMap((remainder, phase) => {
    // Index `i` of the phase is element `i stride + remainder - before`.
    const to = Math.max(0, Math.ceil((a.before - remainder) / a.stride));
    const end = Math.min(length, Math.floor((a.length - 1 + a.before - remainder) / a.stride) + 1);
    const from = to * a.stride + remainder - a.before;
    return end > to ? [{ phase, from, step: a.stride, to, count: end - to }] : [];
  });
  return { axis: { phases: remainders.length, length, segments: segments }, taps };
}

/** The input elements whose offsets from the first are multiples of the stride, and the taps that reach them. */
export interface AdjointPhase {
  /** Index of the first element. */
  readonly from: number;
  readonly count: number;
  /** The window entries that reach the elements, and where in the laid-out positions each starts. */
  readonly taps: readonly (Tap & { readonly entry: number })[];
}

/**
 * Lays out the axis of positions, with zeros around it, for a convolution's adjoint. Also returns which taps the
 * adjoint reads for each phase.
 */
export function positionsLayout(a: Axis): { readonly axis: AxisLayout; readonly phases: readonly AdjointPhase[] } {
  const found = range(a.stride).map((remainder) => {
    const first = Math.ceil((a.before - remainder) / a.stride);
    const last = Math.floor((a.before + a.length - 1 - remainder) / a.stride);
    const from = first * a.stride + remainder - a.before;
    // Such an entry maps position `first + i - shift` to element i of the phase.
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
