/** The elementwise primitives as code on vectors, by the kinds of their operands. */

import type { Activation } from '@tapegrad/kernels';
import {
  activationGrads,
  type BinaryFunction,
  comparisons,
  cos,
  erf,
  erfc,
  expm1,
  type FloatVector,
  type FunctionBuilder,
  type Local,
  log1p,
  pairFunctions,
  pow,
  roundingFunctions,
  sin,
  softplus,
  type UnaryFunction,
  unary,
  type Value,
  v128,
} from '@tapegrad/kernels/codegen';

/** The contents of a vector: numbers, or masks with all bits of a lane set or none. */
export type Kind = 'number' | 'mask';

type Vector = Local<'v128'>;

/** Applies a primitive to vectors. Each call emits code for one vector. */
export type Apply = (...inputs: readonly Vector[]) => Value<'v128'>;

const numberFunctions: Readonly<Record<string, UnaryFunction>> = {
  ...unary,
  ...roundingFunctions,
  expm1,
  log1p,
  softplus,
  sin,
  cos,
  erf,
  erfc,
};

const numberPairs: Readonly<Record<string, BinaryFunction>> = { ...pairFunctions, pow };

/** Primitives that take a few instructions, so that computing one again costs less than keeping its result. */
const light: ReadonlySet<string> = new Set([
  ...['neg', 'abs', 'relu', 'sign', 'floor', 'ceil', 'round', 'add', 'sub', 'mul', 'maximum', 'minimum'],
  ...['equal', 'less', 'lessEqual', 'where', 'cast', 'copy', 'activationGrad'],
]);

export const isLight = (op: string): boolean => light.has(op);

const isNumbers = (kinds: readonly Kind[]): boolean => kinds.every((kind) => kind === 'number');

/**
 * Returns the kind of a primitive's result, or `undefined` if there is no code for these operands. `copy` moves elements
 * without changing them.
 */
export function resultKind(op: string, kinds: readonly Kind[], attributes: unknown): Kind | undefined {
  if (op === 'copy' || op === 'stopGradient') return kinds[0];
  if (op === 'cast') return attributes === 'bool' ? 'mask' : 'number';
  if (op === 'where') return kinds[0] === 'mask' && kinds[1] === kinds[2] ? kinds[1] : undefined;
  if (op === 'activationGrad') return isNumbers(kinds) ? 'number' : undefined;
  if (op in comparisons) return isNumbers(kinds) || op === 'equal' ? 'mask' : undefined;
  if (op === 'maximum' || op === 'minimum') return kinds[0];
  return isNumbers(kinds) && (op in numberFunctions || op in numberPairs) ? 'number' : undefined;
}

/** Emits what a primitive needs before a loop, such as constants, and returns the function to apply inside it. */
export function elementCode(
  f: FunctionBuilder,
  v: FloatVector,
  op: string,
  kinds: readonly Kind[],
  attributes: unknown,
): Apply {
  if (op === 'copy' || op === 'stopGradient') return (x) => x!;
  if (op === 'cast') return castCode(f, v, kinds[0]!, attributes);
  if (op === 'where') return (condition, x, y) => v128.bitselect(x!, y!, condition!);
  if (op === 'activationGrad') return activationGrads[attributes as Activation](f, v) as Apply;
  if (kinds[0] === 'mask') return maskCode(op);
  if (op in comparisons) {
    const compare = v[comparisons[op as keyof typeof comparisons]];
    return (x, y) => compare(x!, y!);
  }
  return (numberFunctions[op] ?? numberPairs[op])!(f, v) as unknown as Apply;
}

function castCode(f: FunctionBuilder, v: FloatVector, from: Kind, to: unknown): Apply {
  if ((to === 'bool') === (from === 'mask')) return (x) => x!;
  if (to === 'bool') {
    const zero = f.let(v.const(0));
    return (x) => v.ne(x!, zero);
  }
  const one = f.let(v.const(1));
  return (x) => v128.and(x!, one);
}

function maskCode(op: string): Apply {
  if (op === 'maximum') return (x, y) => v128.or(x!, y!);
  if (op === 'minimum') return (x, y) => v128.and(x!, y!);
  return (x, y) => v128.not(v128.xor(x!, y!));
}
