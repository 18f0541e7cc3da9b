/** Formats numbers for pictures and tables. */

/** Formats a number with a few significant digits: 0.0312, 3.1e-7. */
export function short(value: number, digits = 3): string {
  if (value === 0 || !Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  return size >= 1e-3 && size < 1e5
    ? String(Number(value.toPrecision(digits)))
    : value.toExponential(digits - 1).replace(/\.?0*e\+?/, 'e');
}
