/** Random programs of elementwise primitives, reductions, movements, products and updates. */

import { type Data, type DType, empty, type NdArray, type Shape, sizeOf } from '@tapegrad/kernels';
import { ProgramBuilder } from '../../src/program/build.ts';
import type { AnyFormula, Program, Slot, Value } from '../../src/program/program.ts';

/** A program, with arguments and elements for its slots. */
export interface RandomProgram {
  readonly program: Program;
  readonly args: readonly NdArray[];
  readonly slots: readonly Data[];
}

const shapes: readonly Shape[] = [
  ...[[], [7], [3, 5], [32, 16], [4, 1], [1, 8], [5, 33], [2, 3, 4], [3, 40, 6], [2, 3, 4, 5]],
  // Longer than the pieces in which reductions sum.
  ...[
    [130, 130],
    [2, 20_000],
  ],
];

const unary = [
  ...(['neg', 'abs', 'sqrt', 'relu', 'sign', 'exp', 'log', 'tanh', 'sigmoid', 'floor', 'round'] as const),
  ...(['expm1', 'log1p', 'softplus', 'erf', 'erfc', 'sin', 'cos'] as const),
];
const binary = ['add', 'sub', 'mul', 'div', 'maximum', 'minimum', 'pow'] as const;
const MAX_ELEMENTS = 100_000;

const descent: AnyFormula = (k, { w, gradient }, { rate }) => ({ w: k.sub(w!, k.mul(rate!, gradient!)) });

/** Numbers of 0 to 1 from a seed. */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Makes a program. It is the same for the same seed. */
export function randomProgram(seed: number): RandomProgram {
  return new Generator(seed).make();
}

class Generator {
  readonly #random: () => number;
  readonly #builder = new ProgramBuilder();
  readonly #values: Value[] = [];
  readonly #conditions: Value[] = [];
  readonly #dtype: DType;
  readonly #shape: Shape;

  constructor(seed: number) {
    this.#random = numbersFrom(seed);
    for (let i = 0; i < 5; i++) this.#random();
    this.#dtype = this.#pick(['float32', 'float32', 'float64']);
    this.#shape = this.#pick(shapes);
  }

  make(): RandomProgram {
    const small = this.#shape.map((length) => (this.#is(0.4) ? 1 : length));
    const args = [this.#shape, this.#shape, small, []].map((shape, i) => {
      this.#values.push(this.#builder.argument(`x${i}`, shape, this.#dtype));
      return this.#array(shape);
    });
    const slots = this.#is(0.7) ? ['v', 'w'].map((name) => this.#slot(name)) : [];
    const rate = this.#builder.number('rate', this.#dtype, 0.1);
    const steps = 3 + this.#below(25);
    for (let i = 0; i < steps; i++) this.#step();
    for (const slot of slots) this.#store(slot, rate);
    const results = [this.#values.at(-1)!, this.#pick(this.#values), ...this.#conditions.slice(-1)];
    return {
      program: this.#builder.finish(results),
      args,
      slots: slots.map(() => this.#array(this.#shape).data),
    };
  }

  #below = (count: number): number => Math.floor(this.#random() * count);
  #is = (chance: number): boolean => this.#random() < chance;
  #pick = <T>(list: readonly T[]): T => list[this.#below(list.length)]!;

  #array(shape: Shape): NdArray {
    const array = empty(shape, this.#dtype);
    for (let i = 0; i < array.size; i++) array.data[i] = this.#random() * 4 - 2;
    return array;
  }

  #slot(name: string): Slot {
    const slot = this.#builder.slot('variable', name, this.#shape, this.#dtype);
    this.#values.push(slot.value);
    return slot;
  }

  #step(): void {
    const [x, y] = [this.#pick(this.#values.slice(-8)), this.#pick(this.#values)];
    let made: Value | undefined;
    try {
      made = this.#made(x, y);
    } catch {
      // The shapes of the operands don't fit.
      return;
    }
    if (made !== undefined && sizeOf(made.shape) <= MAX_ELEMENTS) this.#values.push(made);
  }

  #made(x: Value, y: Value): Value | undefined {
    const b = this.#builder;
    const rank = x.shape.length;
    const kind = this.#below(16);
    if (kind < 4) return b.operation(this.#pick(binary), [x, y]);
    if (kind < 7) return b.operation(this.#pick(unary), [x]);
    if (kind === 7) return b.operation('activationGrad', [x, x], this.#pick(['relu', 'tanh', 'sigmoid']));
    if (kind === 8) return this.#chosen(x, y);
    if (kind === 9) {
      const size = sizeOf(x.shape);
      return b.operation('reshape', [x], this.#pick([[size], [...x.shape, 1], [1, ...x.shape]]));
    }
    if (rank === 0) return undefined;
    if (kind < 12) {
      const axes = x.shape.map((_, axis) => axis).filter(() => this.#is(0.5));
      return b.operation(this.#pick(['sum', 'mean', 'max', 'min']), [x], axes);
    }
    if (kind === 12) return this.#sliced(x);
    if (kind === 13)
      return b.operation(
        'concat',
        this.#pick([
          [x, x],
          [x, b.operation('tanh', [x])],
        ]),
        this.#below(rank),
      );
    if (rank < 2) return undefined;
    const last = [...x.shape.keys()].slice(0, -2).concat([rank - 1, rank - 2]);
    const turned = b.operation('permute', [x], last);
    return kind === 14 ? turned : this.#product(x, turned);
  }

  #product(x: Value, y: Value): Value | undefined {
    return x.shape.at(-2)! > 200 ? undefined : this.#builder.operation('matmul', [x, y]);
  }

  #chosen(x: Value, y: Value): Value {
    const b = this.#builder;
    const condition = b.operation(this.#pick(['less', 'equal', 'lessEqual']), [x, y]);
    this.#conditions.push(condition);
    if (this.#is(0.3)) {
      const other = this.#pick(this.#conditions);
      this.#conditions.push(b.operation(this.#pick(['maximum', 'minimum', 'equal']), [condition, other]));
    }
    return this.#is(0.5) ? b.operation('where', [condition, x, y]) : b.operation('cast', [condition], this.#dtype);
  }

  #sliced(x: Value): Value {
    const starts = x.shape.map((length) => this.#below(length));
    const sizes = x.shape.map((length, axis) => 1 + this.#below(length - starts[axis]!));
    const steps = x.shape.map(() => 1);
    const part = this.#builder.operation('slice', [x], { starts, sizes, steps });
    if (this.#is(0.6)) return part;
    return this.#builder.operation('scatterSlice', [part], { starts, sizes, steps, shape: x.shape });
  }

  #store(slot: Slot, rate: Value): void {
    const isAlike = ({ shape }: Value) => shape.join() === this.#shape.join();
    const value = this.#pick(this.#values.filter(isAlike));
    if (this.#is(0.5)) {
      const { w } = this.#builder.change(descent, { w: slot.value, gradient: value }, { rate });
      this.#builder.store(slot, w!);
    } else if (this.#is(0.6)) this.#builder.store(slot, value);
  }
}
