/** Line search: finds the step length along a direction. */

/** A point along the search direction. */
export interface Point {
  /** The distance of the point from the start, as a multiple of the direction. */
  readonly t: number;
  readonly loss: number;
  /** The gradient at the point, with respect to the parameters. */
  readonly gradient: Float64Array;
  /** The derivative of the loss with respect to t at the point. */
  readonly slope: number;
}

export interface LineSearchOptions {
  /** The distance of the first point to try. */
  readonly t: number;
  readonly maxEvaluations: number;
  /** The width below which a bracket is not searched further. */
  readonly narrowest: number;
}

const sufficientDecrease = 1e-4;
const curvature = 0.9;

/**
 * Returns the position of the minimum of the cubic through two points with given slopes, clamped to the bounds. If the
 * cubic has no minimum, returns the midpoint.
 */
function cubicMinimum(a: Point, b: Point, low = Math.min(a.t, b.t), high = Math.max(a.t, b.t)): number {
  const [left, right] = a.t <= b.t ? [a, b] : [b, a];
  const d1 = a.slope + b.slope - (3 * (a.loss - b.loss)) / (a.t - b.t);
  const d2 = Math.sqrt(d1 * d1 - a.slope * b.slope);
  const share = (right.slope + d2 - d1) / (right.slope - left.slope + 2 * d2);
  const place = right.t - (right.t - left.t) * share;
  return Number.isNaN(place) ? (low + high) / 2 : Math.min(Math.max(place, low), high);
}

/**
 * Finds a point where the strong Wolfe conditions hold. First, the decrease of the loss must be at least 1e-4 of the
 * decrease that the initial slope predicts. Second, the absolute slope must be at most 0.9 of the initial one (Nocedal
 * and Wright 2006, "Numerical optimization", algorithms 3.5 and 3.6). Interpolation and safeguards follow minFunc, as
 * in PyTorch. If no evaluations are left, returns the best point found.
 *
 * @param start The point t = 0, where the slope must be negative.
 */
export function strongWolfe(
  evaluate: (t: number) => Point,
  start: Point,
  { t, maxEvaluations, narrowest }: LineSearchOptions,
): { readonly point: Point; readonly evaluations: number } {
  // Written so that a NaN loss doesn't count as a decrease.
  const decreases = ({ t: place, loss }: Point): boolean =>
    loss <= start.loss + sufficientDecrease * place * start.slope;
  const isFlat = ({ slope }: Point): boolean => Math.abs(slope) <= -curvature * start.slope;

  let previous = start;
  let point = evaluate(t);
  let evaluations = 1;
  // Counts the evaluations after the first. Like PyTorch, leaves the first out of the limit.
  let steps = 0;
  for (; steps < maxEvaluations; steps++) {
    if (!decreases(point) || (steps > 1 && point.loss >= previous.loss)) break;
    if (isFlat(point)) return { point, evaluations };
    if (point.slope >= 0) break;
    const next = cubicMinimum(previous, point, point.t + 0.01 * (point.t - previous.t), 10 * point.t);
    previous = point;
    point = evaluate(next);
    evaluations++;
  }
  const bracket: [Point, Point] = [steps === maxEvaluations ? start : previous, point];

  let low: 0 | 1 = bracket[1].loss < bracket[0].loss ? 1 : 0;
  let isStuck = false;
  for (; steps < maxEvaluations; steps++) {
    const [first, last] = bracket.map((end) => end.t).sort((a, b) => a - b) as [number, number];
    if (last - first < narrowest) break;
    let place = cubicMinimum(bracket[0], bracket[1]);
    // Moves a point away from an end of the bracket if it lies at that end, or if two points in a row are close to an
    // end.
    const margin = 0.1 * (last - first);
    const isClose = Math.min(last - place, place - first) < margin;
    if (isClose && (isStuck || place >= last || place <= first)) {
      place = Math.abs(place - last) < Math.abs(place - first) ? last - margin : first + margin;
      isStuck = false;
    } else {
      isStuck = isClose;
    }
    const tried = evaluate(place);
    evaluations++;
    const high = (1 - low) as 0 | 1;
    if (!decreases(tried) || tried.loss >= bracket[low].loss) {
      bracket[high] = tried;
      low = bracket[1].loss < bracket[0].loss ? 1 : 0;
      continue;
    }
    if (isFlat(tried)) return { point: tried, evaluations };
    if (tried.slope * (bracket[high].t - bracket[low].t) >= 0) bracket[high] = bracket[low];
    bracket[low] = tried;
  }
  return { point: bracket[low], evaluations };
}
