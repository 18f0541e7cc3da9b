/** Evaluates integrals and limits. */

import { smallLeaf } from '../running/graph.ts';
import { type BigNode, type Expression, keyOf } from '../syntax/ast.ts';
import { NoMeaning, type Scope } from './scope.ts';
import type { Evaluating } from './setting.ts';
import { isNumber, type Value } from './values.ts';

/** The number of points at which an integrand is evaluated. */
const count = 24;

interface Point {
  readonly place: number;
  readonly weight: number;
}

/** Returns the Legendre polynomial of degree `count` and its slope at x. */
function legendre(x: number): readonly [number, number] {
  let [before, now] = [1, x];
  for (let n = 2; n <= count; n++) [before, now] = [now, ((2 * n - 1) * x * now - (n - 1) * before) / n];
  return [now, (count * (x * now - before)) / (x * x - 1)];
}

/** Returns the points of Gauss-Legendre quadrature on [-1, 1]. */
function gaussPoints(): readonly Point[] {
  return Array.from({ length: count }, (_, i) => {
    let x = Math.cos((Math.PI * (i + 0.75)) / (count + 0.5));
    for (let round = 0; round < 20; round++) {
      const [value, slope] = legendre(x);
      x -= value / slope;
    }
    const [, slope] = legendre(x);
    return { place: x, weight: 2 / ((1 - x * x) * slope * slope) };
  });
}

let points: readonly Point[] | undefined;

const numberAt = (host: Evaluating, e: Expression, scope: Scope): Value => {
  const value = host.matrix(e, scope);
  if (!isNumber(value)) throw new NoMeaning('a bound must be a number', e);
  return value;
};

/** Evaluates the body of an integral or a limit where its variable has a value. */
function bodyAt(host: Evaluating, { indices, body }: BigNode, value: Value, scope: Scope): Value {
  const [variable] = indices;
  return host.matrix(body, { ...scope, parameters: new Map([...scope.parameters, [keyOf(variable!), value]]) });
}

/** Evaluates an integral by quadrature, which is exact to rounding for smooth functions. */
export function integral(host: Evaluating, e: BigNode, scope: Scope): Value {
  const { arithmetic } = host;
  points ??= gaussPoints();
  const [a, b] = [numberAt(host, e.from!, scope), numberAt(host, e.to!, scope)];
  const half = arithmetic.paired(b, a, (k, x, y) => k.div(k.sub(x, y), arithmetic.number(2).node), e);
  const middle = arithmetic.paired(a, b, (k, x, y) => k.div(k.add(x, y), arithmetic.number(2).node), e);
  const terms = points.map(({ place, weight }) => {
    const at = arithmetic.paired(
      middle,
      arithmetic.product(arithmetic.number(place), half, e),
      (k, x, y) => k.add(x, y),
      e,
    );
    return arithmetic.product(arithmetic.number(weight), bodyAt(host, e, at, scope), e);
  });
  const total = terms.reduce((x, y) => arithmetic.paired(x, y, (k, p, q) => k.add(p, q), e));
  return arithmetic.product(half, total, e);
}

/** Evaluates the body of a limit near it; whether both sides of a formula agree in the limit is judged later. */
export function limit(host: Evaluating, e: BigNode, scope: Scope): Value {
  const { arithmetic } = host;
  const small: Value = { node: arithmetic.graph.leaf(smallLeaf, [1, 1]), one: [true, true] };
  const near = arithmetic.paired(numberAt(host, e.to!, scope), small, (k, x, y) => k.add(x, y), e);
  return bodyAt(host, e, near, scope);
}
