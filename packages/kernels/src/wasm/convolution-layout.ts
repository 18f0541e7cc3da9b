/** How the planes of a convolution are laid out, so that what an entry of the windows reads has no gaps. */

import type { Axis } from './windows.ts';

/** Elements `from + i step` of an axis, i < count, which go to `to + i` of a part of it. */
export interface Stretch {
  readonly part: number;
  readonly from: number;
  readonly step: number;
  readonly to: number;
  readonly count: number;
}

/** An axis as it is laid out: in parts of one length, zero where no stretch goes. */
export interface LaidAxis {
  readonly parts: number;
  readonly length: number;
  readonly stretches: readonly Stretch[];
}

/** Where an entry of the windows begins to read: the part, and the place in it. */
export interface Entry {
  readonly part: number;
  readonly start: number;
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const unique = (list: readonly number[]): number[] => [...new Set(list)];

/** The axis that the windows read, padded, in a part for each remainder modulo the stride; and where each entry reads. */
export function laidInput(a: Axis): { readonly axis: LaidAxis; readonly entries: readonly Entry[] } {
  const places = range(a.size).map((entry) => entry * a.dilation);
  const remainders = unique(places.map((place) => place % a.stride));
  const entries = places.map((place) => ({
    part: remainders.indexOf(place % a.stride),
    start: Math.floor(place / a.stride),
  }));
  const length = a.positions + entries.at(-1)!.start;
  const stretches = remainders.flatMap((remainder, part) => {
    // Place `i` of the part is element `i stride + remainder - before`.
    const to = Math.max(0, Math.ceil((a.before - remainder) / a.stride));
    const end = Math.min(length, Math.floor((a.length - 1 + a.before - remainder) / a.stride) + 1);
    const from = to * a.stride + remainder - a.before;
    return end > to ? [{ part, from, step: a.stride, to, count: end - to }] : [];
  });
  return { axis: { parts: remainders.length, length, stretches }, entries };
}

/** The elements of the input whose distance to the first is a multiple of the stride, and what reaches them. */
export interface Residue {
  /** Of the first element. */
  readonly from: number;
  readonly count: number;
  /** The entries of the windows that reach them, and where in the laid-out positions each begins. */
  readonly entries: readonly (Entry & { readonly entry: number })[];
}

/** The axis of positions, with zeros about it, and what a convolution's adjoint reads of it. */
export function laidPositions(a: Axis): { readonly axis: LaidAxis; readonly residues: readonly Residue[] } {
  const found = range(a.stride).map((remainder) => {
    const first = Math.ceil((a.before - remainder) / a.stride);
    const last = Math.floor((a.before + a.length - 1 - remainder) / a.stride);
    const from = first * a.stride + remainder - a.before;
    // Position `first + i - shift` is what such an entry takes to element i of these.
    const entries = range(a.size).flatMap((entry) => {
      const place = entry * a.dilation;
      const start = first - Math.floor(place / a.stride);
      return place % a.stride === remainder ? [{ entry, part: 0, start }] : [];
    });
    return { from, count: last - first + 1, entries };
  });
  const residues = found.filter(({ count }) => count > 0);
  const starts = residues.flatMap(({ entries }) => entries.map(({ start }) => start));
  const lead = Math.max(0, ...starts.map((start) => -start));
  const ends = residues.flatMap(({ count, entries }) => entries.map(({ start }) => start + count));
  const length = lead + Math.max(a.positions, ...ends);
  return {
    axis: { parts: 1, length, stretches: [{ part: 0, from: 0, step: 1, to: lead, count: a.positions }] },
    residues: residues.map(({ entries, ...rest }) => ({
      ...rest,
      entries: entries.map(({ start, ...entry }) => ({ ...entry, start: start + lead })),
    })),
  };
}
