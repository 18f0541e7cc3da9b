/**
 * A small WebAssembly assembler: modules are written in TypeScript, then assembled and compiled at run time.
 *
 * A kernel is a function that emits statements over typed expressions. This one computes y <- a x + y on n floats of
 * either width, with n a multiple of the number of lanes:
 *
 * ```ts
 * const v = floatVector('f32', features().relaxedSimd);
 * const module = new ModuleBuilder();
 * module.define('axpy', { n: 'i32', a: v.scalar, x: 'i32', y: 'i32' }, (f, { n, a, x, y }) => {
 *   const factor = f.let(v.splat(a));
 *   f.for(0, i32.mul(n, v.laneBytes), 16, (i) => {
 *     const to = f.let(i32.add(y, i));
 *     f.run(v.store(to, v.madd(factor, v.load(i32.add(x, i)), v.load(to))));
 *   });
 * });
 * const { axpy } = module.instantiate<{ axpy(n: number, a: number, x: number, y: number): void }>(memory);
 * ```
 *
 * - An expression (`Value<T>`) is code: it is evaluated each time a statement uses it. `f.let` keeps its value in a
 *   local, which is itself an expression.
 * - Types keep integers, floats and vectors apart; a plain number is accepted as a constant of the expected type.
 * - Parameters are named; the exported function takes them in the order written, and returns what the body returns.
 * - Control flow is structured: `f.if`, `f.for`, `f.while`, and `f.block` and `f.loop` with labels to branch to.
 */

import { append, ascii, type Code, flat, sized, sizedBytes, unsigned } from './encoding.ts';
import { codeOf, type Operand, type ResultType, type Statement, type Value, type ValueType } from './instructions.ts';
import { vectorBits } from './vector-width.ts';
import { compileModule, instantiate, type WasmMemory, type WasmModule } from './web-assembly.ts';

/** T, excluded from inference here. `NoInfer` exists only from TypeScript 5.4 on, and the declarations support 5.0. */
type Fixed<T> = [T][T extends unknown ? 0 : never];

/** A local variable of a function: an expression that can also be set. */
export interface Local<T extends ValueType> extends Value<T> {
  readonly index: number;
}

/** A branch target: the end of a block, or the start of a loop. */
export interface Label {
  readonly depth: number;
}

export type Parameters = Readonly<Record<string, ValueType>>;
export type Locals<P extends Parameters> = { readonly [K in keyof P]: Local<P[K]> };
export type Arguments<P extends Parameters> = { readonly [K in keyof P]: Operand<P[K]> };

/** Makes parameters that are all sizes and pointers: `integers('n', 'x')` is `{ n: 'i32', x: 'i32' }`. */
export function integers<const Names extends readonly string[]>(
  ...names: Names
): { readonly [Name in Names[number]]: 'i32' };
export function integers(...names: readonly string[]): Record<string, 'i32'> {
  return Object.fromEntries(names.map((parameter) => [parameter, 'i32']));
}

/** A function of the module, which functions defined after it can call. */
export interface Func<P extends Parameters, R extends ResultType> {
  readonly name: string;
  call(args: Arguments<P>): Value<R>;
}

const TYPE_CODES: Readonly<Record<ValueType, number>> = { i32: 0x7f, i64: 0x7e, f32: 0x7d, f64: 0x7c, v128: 0x7b };
const BLOCK = [0x02, 0x40];
const LOOP = [0x03, 0x40];
const IF = [0x04, 0x40];
const ELSE = 0x05;
const END = 0x0b;

/** Collects the code of one function. */
export class FunctionBuilder {
  readonly #code: number[] = [];
  readonly #types: ValueType[] = [];
  readonly #parameters: number;
  #depth = 0;

  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** Adds a local, initially zero. */
  local<T extends ValueType>(type: T): Local<T> {
    this.#types.push(type);
    return makeLocal(type, this.#parameters + this.#types.length - 1);
  }

  /** Adds a local that holds the expression's value. */
  let<T extends ValueType>(value: Value<T>): Local<T> {
    const local = this.local(value.type);
    this.set(local, value);
    return local;
  }

  set<T extends ValueType>(local: Local<T>, value: Operand<Fixed<T>>): void {
    this.#emit(codeOf(local.type, value), [0x21], unsigned(local.index));
  }

  /** Sets the local when the expression is evaluated, and yields its new value. */
  tee<T extends ValueType>(local: Local<T>, value: Operand<Fixed<T>>): Value<T> {
    return { type: local.type, code: [codeOf(local.type, value), 0x22, unsigned(local.index)] };
  }

  /** Adds to an integer local, such as a pointer. */
  advance(local: Local<'i32'>, by: Operand<'i32'>): void {
    this.#emit(local.code, codeOf('i32', by), [0x6a, 0x21], unsigned(local.index));
  }

  /** Runs stores, calls and other code that leaves no value. */
  run(...statements: readonly Statement[]): void {
    for (const statement of statements) this.#emit(statement.code);
  }

  /** Evaluates an expression for its effect and discards the value. */
  drop(value: Value<ValueType>): void {
    this.#emit(value.code, [0x1a]);
  }

  /** Returns from the function, with its result if it has one. */
  return(value?: Value<ValueType>): void {
    this.#emit(value?.code ?? [], [0x0f]);
  }

  if(condition: Operand<'i32'>, then: () => void, otherwise?: () => void): void {
    this.#emit(codeOf('i32', condition));
    this.#nest(IF, () => {
      then();
      if (otherwise === undefined) return;
      this.#emit(ELSE);
      otherwise();
    });
  }

  /** Emits a block; a branch to its label leaves it. */
  block(body: (leave: Label) => void): void {
    this.#nest(BLOCK, body);
  }

  /** Emits a loop; a branch to its label repeats the body, and reaching its end leaves the loop. */
  loop(body: (again: Label) => void): void {
    this.#nest(LOOP, body);
  }

  branch(to: Label): void {
    this.#emit([0x0c], unsigned(this.#depth - to.depth));
  }

  branchIf(to: Label, condition: Operand<'i32'>): void {
    this.#emit(codeOf('i32', condition), [0x0d], unsigned(this.#depth - to.depth));
  }

  /** Repeats the body while the condition holds, testing it before each pass. */
  while(condition: Value<'i32'>, body: () => void): void {
    this.if(condition, () =>
      this.loop((again) => {
        body();
        this.branchIf(again, condition);
      }),
    );
  }

  /**
   * Counts a new local up from `from` by a positive `step` while it is less than `below`, as signed integers. `below`
   * is evaluated before every pass: pass a constant or a local that the body does not change.
   */
  for(from: Operand<'i32'>, below: Operand<'i32'>, step: Operand<'i32'>, body: (index: Local<'i32'>) => void): void {
    const index = this.local('i32');
    this.set(index, from);
    this.while({ type: 'i32', code: [index.code, codeOf('i32', below), 0x48] }, () => {
      body(index);
      this.advance(index, step);
    });
  }

  /** Returns the function's entry in the code section; `result` is the expression it returns. */
  finish(result: Value<ResultType> | undefined): number[] {
    this.#emit(result?.code ?? [], END);
    const runs: [count: number, type: ValueType][] = [];
    for (const type of this.#types) {
      const last = runs.at(-1);
      if (last?.[1] === type) last[0] += 1;
      else runs.push([1, type]);
    }
    const locals = runs.map(([count, type]) => flat(unsigned(count), TYPE_CODES[type]));
    return sizedBytes(sized(locals).concat(this.#code));
  }

  #nest(opening: Code, body: (label: Label) => void): void {
    this.#emit(opening);
    this.#depth += 1;
    body({ depth: this.#depth });
    this.#depth -= 1;
    this.#emit(END);
  }

  #emit(...code: Code): void {
    append(this.#code, code);
  }
}

function makeLocal<T extends ValueType>(type: T, index: number): Local<T> {
  return { type, index, code: [0x20, unsigned(index)] };
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00];
const MAXIMUM_PAGES = 65_536;

/** A module of exported functions over one imported memory, which threads share if `shared` is set. */
export class ModuleBuilder {
  readonly #shared: boolean;
  readonly #types: number[][] = [];
  readonly #bodies: number[][] = [];
  readonly #exports: number[][] = [];

  constructor(options: { readonly shared?: boolean } = {}) {
    this.#shared = options.shared ?? false;
  }

  /** Adds a function, exported under its name. The expression that `body` returns is its result. */
  define<const P extends Parameters, R extends ResultType = 'void'>(
    name: string,
    parameters: P,
    // biome-ignore lint/suspicious/noConfusingVoidType: a body without a result has no return statement
    body: (f: FunctionBuilder, parameters: Locals<P>) => Value<R> | void,
  ): Func<P, R> {
    const names = Object.keys(parameters);
    const types = Object.values(parameters);
    const f = new FunctionBuilder(names.length);
    const locals = names.map((parameter, i) => [parameter, makeLocal(types[i] as ValueType, i)]);
    const result = body(f, Object.fromEntries(locals)) ?? undefined;
    const type: ResultType = result?.type ?? 'void';
    const index = this.#bodies.length;
    const takes = sized(types.map((parameter) => [TYPE_CODES[parameter]]));
    this.#types.push([0x60].concat(takes, sized(type === 'void' ? [] : [[TYPE_CODES[type]]])));
    this.#bodies.push(f.finish(result));
    this.#exports.push(flat(ascii(name), 0x00, unsigned(index)));
    return {
      name,
      call: (args) => ({
        type: type as R,
        code: [
          ...names.map((parameter, i) => codeOf(types[i] as ValueType, args[parameter] as never)),
          0x10,
          unsigned(index),
        ],
      }),
    };
  }

  /** Encodes the module in the binary format. */
  toBytes(): Uint8Array {
    const limits = this.#shared ? [0x03, 0x00, unsigned(MAXIMUM_PAGES)] : [0x00, 0x00];
    const section = (id: number, items: readonly number[][]): number[] => [id].concat(sizedBytes(sized(items)));
    const functions = this.#types.map((_, i) => flat(unsigned(i)));
    const imports = [flat(ascii('env'), ascii('memory'), 0x02, limits)];
    return new Uint8Array(
      MAGIC.concat(
        section(1, this.#types),
        section(2, imports),
        section(3, functions),
        section(7, this.#exports),
        section(10, this.#bodies),
        // V8 reuses the code of a module with the same bytes, even if it compiled that code for another vector width.
        vectorBits() === 256 ? [0].concat(sizedBytes(ascii('256'))) : [],
      ),
    );
  }

  /** Compiles synchronously; this package's modules take a few milliseconds. */
  compile(): WasmModule {
    return compileModule(this.toBytes(), this.#shared);
  }

  /** Instantiates the module over the memory. The caller supplies the type of its exports. */
  instantiate<Exports>(memory: WasmMemory): Exports {
    return instantiate<Exports>(this.compile(), memory, this.#shared);
  }
}
