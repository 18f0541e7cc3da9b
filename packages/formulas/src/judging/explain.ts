/** Describes how two arrays that should be equal differ. */

const close = (a: number, b: number): boolean => Math.abs(a - b) <= 1e-8 * Math.max(1e-9, Math.abs(a), Math.abs(b));

/** Formats a number as a simple fraction: 2, 1/3, -1/2. Returns undefined if the number isn't a simple fraction. */
function fractionText(value: number): string | undefined {
  for (let below = 1; below <= 6; below++) {
    const above = value * below;
    if (close(above, Math.round(above)) && Math.abs(above) < 40)
      return below === 1 ? String(Math.round(above)) : `${Math.round(above)}/${below}`;
  }
  return undefined;
}

/** Returns the factor c for which b = c a, if there is one. */
export function commonFactor(a: Float64Array, b: Float64Array): number | undefined {
  let factor: number | undefined;
  const size = Math.max(...a.map(Math.abs), ...b.map(Math.abs));
  for (let i = 0; i < a.length; i++) {
    const [x, y] = [a[i]!, b[i]!];
    if (Math.abs(x) < 1e-9 * size && Math.abs(y) < 1e-9 * size) continue;
    if (Math.abs(x) < 1e-9 * size) return undefined;
    const ratio = y / x;
    if (factor !== undefined && !close(ratio, factor)) return undefined;
    factor = ratio;
  }
  return factor;
}

const isTransposed = (a: Float64Array, b: Float64Array, rows: number): boolean =>
  a.length === rows * rows &&
  rows > 1 &&
  a.every((x, place) => close(x, b[(place % rows) * rows + Math.floor(place / rows)]!));

/** Returns whether the arrays have the same elements in another order. */
function isShuffled(a: Float64Array, b: Float64Array): boolean {
  const [x, y] = [a.toSorted(), b.toSorted()];
  return a.length > 1 && x.every((value, i) => close(value, y[i]!));
}

/** Named sizes, for recognizing a factor. */
export type NamedSizes = ReadonlyMap<string, number>;

/**
 * Describes how the right side differs from the left one, if there is a recognizable pattern. `elsewhere` is the common
 * factor at other data.
 */
export function explain(
  left: Float64Array,
  right: Float64Array,
  rows: number,
  sizes: NamedSizes,
  elsewhere?: number,
): string {
  if (left.length !== right.length) return 'the two sides differ';
  const zero = (x: Float64Array): boolean => x.every((value) => value === 0);
  if (zero(right)) return 'the right side is 0, but the left side is not';
  if (zero(left)) return 'the left side is 0, but the right side is not';
  const factor = commonFactor(left, right);
  // A ratio of two single numbers always exists, so it counts only if it is simple or named.
  const isTelling =
    left.length > 1 || (factor !== undefined && (fractionText(factor) !== undefined || isNamed(factor, sizes)));
  if (factor !== undefined && isTelling) {
    const isSame = elsewhere === undefined || close(factor, elsewhere) || left.length === 1;
    return isSame ? factorText(factor, sizes) : 'off by a factor that depends on the data';
  }
  if (isTransposed(left, right, rows)) return 'the right side is the transpose of the left side';
  const opposite = right.map((value) => -value);
  if (left.every((x, i) => close(Math.abs(x), Math.abs(right[i]!)))) {
    const wrong = left.filter((x, i) => !close(x, right[i]!)).length;
    return `the signs of ${wrong} of ${left.length} elements are wrong`;
  }
  if (isTransposed(left, opposite, rows)) return 'the right side is the transpose of the left side with the wrong sign';
  if (isShuffled(left, right)) return 'the elements are the same, but in other positions';
  const equal = left.filter((x, i) => close(x, right[i]!)).length;
  if (equal > 0) return `${left.length - equal} of ${left.length} elements differ`;
  const shift = left[0]! - right[0]!;
  if (left.length > 1 && left.every((x, i) => close(x - right[i]!, shift)))
    return 'all elements are off by the same number';
  return 'the two sides differ';
}

const isNamed = (factor: number, sizes: NamedSizes): boolean =>
  [...sizes.values()].some(
    (size) =>
      size > 1 &&
      [size, 2 * size, size / 2].some((value) => close(Math.abs(factor), value) || close(Math.abs(factor), 1 / value)),
  );

/** Describes the factor by which the right side is off. */
export function factorText(factor: number, sizes: NamedSizes): string {
  if (close(factor, -1)) return 'the sign is wrong';
  const size = Math.abs(factor);
  const sign = factor < 0 ? '-' : '';
  for (const [name, value] of sizes) {
    if (value === 1) continue;
    if (close(size, value)) return `off by the factor ${sign}${name}`;
    if (close(size, 1 / value)) return `off by the factor ${sign}1/${name}`;
    for (const times of [2, 0.5]) {
      if (close(size, value * times)) return `off by the factor ${sign}${times === 2 ? `2 ${name}` : `${name}/2`}`;
      if (close(size, times / value)) return `off by the factor ${sign}${times === 2 ? `2/${name}` : `1/(2 ${name})`}`;
    }
  }
  const text = fractionText(factor);
  return `off by the factor ${text ?? Number(factor.toPrecision(6))}`;
}
