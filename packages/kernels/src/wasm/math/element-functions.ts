/** The elementwise primitives that every program includes, as functions of vectors. */

import type { Activation, Binary, Unary } from '../../primitives.ts';
import { v128 } from '../assembler/instructions.ts';
import { mathFunctions } from './functions.ts';
import type { BinaryFunction, UnaryFunction } from './vector-function.ts';

/** The primitives on one operand that every program includes. */
export const unary = {
  neg: (_f, v) => v.neg,
  abs: (_f, v) => v.abs,
  sqrt: (_f, v) => v.sqrt,
  relu: (f, v) => {
    const zero = f.let(v.const(0));
    return (x) => v.max(x, zero);
  },
  ...mathFunctions,
} as const satisfies { readonly [P in Unary]?: UnaryFunction };

/** The primitives on two operands that every program includes. */
export const binary = {
  add: (_f, v) => v.add,
  sub: (_f, v) => v.sub,
  mul: (_f, v) => v.mul,
  div: (_f, v) => v.div,
  maximum: (_f, v) => v.max,
  minimum: (_f, v) => v.min,
} as const satisfies { readonly [P in Binary]?: BinaryFunction };

/** The comparisons, by the name of their instruction. */
export const comparisons = { equal: 'eq', less: 'lt', lessEqual: 'le' } as const;
/** The gradient g s'(x) of each activation s, computed from y = s(x). */
export const activationGrads: { readonly [A in Activation]: BinaryFunction } = {
  relu: (f, v) => {
    const zero = f.let(v.const(0));
    return (g, y) => v128.andnot(g, v.eq(y, zero));
  },
  tanh: (f, v) => {
    const one = f.let(v.const(1));
    return (g, y) => v.mul(g, v.sub(one, v.mul(y, y)));
  },
  sigmoid: (f, v) => {
    const one = f.let(v.const(1));
    return (g, y) => v.mul(g, v.mul(y, v.sub(one, y)));
  },
};
