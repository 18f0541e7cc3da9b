/** Operators with one awkward entry among their operands: finds which results depend on it, and which must not change. */

import { type BackwardOptions, type FloatDType, type Shape, type Tensor, tensor, zeros } from '@tapegrad/core';
import { sameShape, setInterpreter } from '@tapegrad/core/extend';
import { plain, primitives } from '@tapegrad/kernels';
import { restoreInterpreter } from '../../../../../test/interpreters.ts';
import {
  cotangent,
  direction,
  type OperatorCase,
  type OperatorFile,
  operatorCases,
  operatorFiles,
  operatorsIn,
} from '../operators.ts';

/** The elements of all operands: those of the inputs, then those of the cotangent of the result. */
export type Operands = readonly Float64Array[];

/** An entry of one of the operands. */
export interface Place {
  readonly operand: number;
  readonly entry: number;
}

/** The outcome of a case: its value and the gradient of each input or, of second order, Hessian-vector products. */
export type Outcome = readonly Tensor[];

/** The values to which an entry is moved: nearby, across 0, and far below and above all others. */
const moves: readonly ((x: number) => number)[] = [
  (x) => x + 0.04,
  (x) => x - 0.03,
  (x) => -x,
  () => 0,
  () => 0.05,
  (x) => x + 1000,
  (x) => x - 1000,
];

/** Operators that tell numbers from NaN or infinities. */
const ofNone: ReadonlySet<string> = new Set(['isNaN', 'isFinite']);

/** Operators whose result depends on the whole matrix: elimination and rotations mix its rows. */
const ofMatrices: ReadonlySet<string> = new Set([
  'solve',
  'triangularSolve',
  'inverse',
  'det',
  'slogdet',
  'logdet',
  'cholesky',
  'eigh',
  'qr',
  'svd',
  'svdvals',
]);

/** The operands that are multiplied by zeros of padding, which gives NaN for an infinity or a NaN. */
const besidePadding: { readonly [call: string]: readonly number[] } = {
  conv: [1, 2],
  convInput: [0, 1],
  convWeight: [1, 2],
};

/** More than the effect of rounding. */
const isChange = (from: number, to: number): boolean => !(Math.abs(to - from) <= 1e-9 * Math.max(1, Math.abs(from)));

const allFinite = (outcome: Outcome): boolean => outcome.every(({ data }) => data.every(Number.isFinite));

const haveSameShapes = (a: Outcome, b: Outcome): boolean => a.every((x, i) => sameShape(x.shape, b[i]!.shape));

/** Returns operands with one entry replaced. */
export const withEntry = (operands: Operands, { operand, entry }: Place, value: number): Operands =>
  operands.map((elements, i) => (i === operand ? elements.with(entry, value) : elements));

/** A case of the operator table as a function of elements. */
export class Trial {
  readonly call: string;
  readonly name: string;
  /** Ordinary operands. */
  readonly operands: Operands;
  readonly #case: OperatorCase;
  readonly #order: 1 | 2;
  readonly #shapes: readonly Shape[];

  constructor(c: OperatorCase, order: 1 | 2) {
    this.#order = order;
    this.call = c.call;
    this.name = c.name;
    this.#case = c;
    const inputs = c.inputs();
    const seed = c.constant ? [] : [cotangent(c.stored.shape)];
    this.#shapes = [...inputs, ...seed].map(({ shape }) => shape);
    this.operands = [...inputs, ...seed].map(({ data }) => Float64Array.from(data));
  }

  /** Returns the outcome for operands in a dtype. */
  run(operands: Operands, dtype: FloatDType): Outcome {
    const { constant = false, run } = this.#case;
    const tensors = operands.map((elements, i) =>
      tensor(elements, { shape: this.#shapes[i]!, dtype, requiresGrad: !constant && i < operands.length - 1 }),
    );
    if (constant) return [run(...tensors)];
    const inputs = tensors.slice(0, -1);
    const y = run(...inputs);
    const seed = tensors.at(-1)!.detach().cast(y.dtype) as Tensor;
    const gradientsOf = (of: Tensor, options: BackwardOptions): Tensor[] => {
      const gradients = of.requiresGrad ? of.backward({ ...options, wanted: inputs }) : undefined;
      return inputs.map((x) => (gradients?.has(x) ? gradients.of(x) : zeros(x.shape, { dtype })));
    };
    if (this.#order === 1) return [y, ...gradientsOf(y, { seed })];
    const slope = gradientsOf(y, { seed, createGraph: true })
      .map((gradient, i): Tensor => gradient.mul(direction(gradient.shape, i).cast(dtype)).sum())
      .reduce((sum, term) => sum.add(term));
    return gradientsOf(slope, {});
  }

  /**
   * Returns which elements of the outcome depend on an entry: those that change if it, or an entry that acts together
   * with it, is moved to other finite numbers. Returns undefined if the shapes depend on it.
   */
  dependents(place: Place): boolean[][] | undefined {
    setInterpreter(plain);
    try {
      const operands = this.#generic();
      const before = this.run(operands, 'float64');
      const changed = before.map(({ size }) => new Array<boolean>(size).fill(false));
      const isAlike = (to: Operands): boolean => {
        const after = this.#attempt(to);
        if (after === undefined || (allFinite(before) && !allFinite(after))) return true;
        if (!haveSameShapes(after, before)) return false;
        after.forEach(({ data }, i) => {
          data.forEach((x, j) => {
            changed[i]![j] ||= isChange(before[i]!.data[j]!, x);
          });
        });
        return true;
      };
      const x = operands[place.operand]![place.entry]!;
      const numbers = ofNone.has(this.call) ? [Number.NaN] : moves.map((move) => move(x));
      const own = numbers.every((to) => isAlike(withEntry(operands, place, to)));
      const others = this.#besides(place).every((other) =>
        isAlike(withEntry(operands, other, operands[other.operand]![other.entry]! + 0.04)),
      );
      return own && others ? changed : undefined;
    } finally {
      restoreInterpreter();
    }
  }

  /**
   * Returns operands near these without zeros or equal entries; for operators that test equality or zeros, these
   * themselves.
   */
  #generic(): Operands {
    if (this.#case.constant) return this.operands;
    return this.operands.map((elements, i) => elements.map((x, j) => x + 1e-3 * (1 + ((7 * j + 3 * i) % 11) / 11)));
  }

  #attempt(operands: Operands): Outcome | undefined {
    try {
      return this.run(operands, 'float64');
    } catch {
      return undefined;
    }
  }

  /** Returns the entries that act together with one: those of its matrix, or of its plane. */
  #besides({ operand, entry }: Place): Place[] {
    const isMatrix = ofMatrices.has(this.call);
    if (!isMatrix && !besidePadding[this.call]?.includes(operand)) return [];
    const lead = isMatrix ? this.#shapes[0]!.length - 2 : 2;
    const size = this.#shapes[operand]!.slice(lead).reduce((product, length) => product * length, 1);
    const first = entry - (entry % size);
    return Array.from({ length: size }, (_, i) => ({ operand, entry: first + i }));
  }
}

/**
 * Primitives that only differentiation rules use. Each is named with an operator whose third derivatives are its second
 * ones.
 */
const ofThirdOrder: { readonly [primitive: string]: string } = { prodOfOthers: 'prod' };

const sizeOf = (c: OperatorCase): number => c.inputs().reduce((size, x) => size + x.size, 0);

const operators: ReadonlySet<string> = new Set([
  ...(Object.keys(operatorFiles) as OperatorFile[]).flatMap(operatorsIn),
  ...['index', 'slice'],
  ...primitives,
]);

/** One case for each argument list of each operator, on several elements. */
export function trials(order: 1 | 2): Trial[] {
  const chosen = new Map<number, OperatorCase>();
  for (const c of operatorCases) {
    if (c.kinked || !operators.has(c.call) || sizeOf(c) < 2 || c.inputs().some((x) => x.size === 0)) continue;
    const known = chosen.get(c.row);
    if (known === undefined || (sizeOf(c) > sizeOf(known) && sizeOf(c) <= 60)) chosen.set(c.row, c);
  }
  const isCurved = ({ call, constant }: OperatorCase): boolean => constant !== true && !(call in ofThirdOrder);
  return [...chosen.values()].filter((c) => order === 1 || isCurved(c)).map((c) => new Trial(c, order));
}
