/** Compiles functions of tensors: traces them once for each kind of arguments, and runs the programs. */

import { checkSynchronous, describeValue, isTracing } from '@tapegrad/core/extend';
import { isIntercepted, isRecording, isScoped } from '@tapegrad/core/tape';
import { ArgumentError } from '@tapegrad/kernels';
import { differingNumbers } from './passes/shared-numbers.ts';
import { print } from './program/print.ts';
import type { Program } from './program/program.ts';
import { CompiledProgram } from './run.ts';
import { type Signature, signatureOf } from './signatures.ts';
import { TraceError } from './trace/errors.ts';
import { ChangedProgram } from './trace/repeats.ts';
import { trace } from './trace/trace.ts';
import { generating } from './wasm/engine.ts';

/** A function of tensors and plain data. */
export type CompilableFunction = (...args: never[]) => unknown;

/** The properties of a compiled function. */
export interface CompiledInfo {
  /** The programs, one for each kind of arguments, and the last one used first. */
  readonly programs: readonly Program[];
  /** The same programs as they were traced, before they were simplified. */
  readonly traced: readonly Program[];
  /** The bytes of memory that a call of the last program needs besides its arguments, variables and results. */
  readonly memory: number;
  /** Returns the last program as text. */
  toString(): string;
}

/** A compiled function: it has the type of the function that was compiled. */
export type Compiled<F extends CompilableFunction> = F & CompiledInfo;

/** The number of programs of one function after which a warning says why there are so many. */
const MANY_PROGRAMS = 8;
/** The number of failures of one check after which a program is traced without the assumption. */
const PATIENCE = 2;

type Run = (...args: readonly unknown[]) => unknown;

/** A program for one kind of arguments, under some answers to questions about elements. */
interface Variant {
  readonly compiled: CompiledProgram | undefined;
  /** The numbers among the arguments when it was traced last. */
  readonly numbers: readonly number[];
  readonly answers: readonly boolean[];
  /** The number of times that each check has failed. */
  readonly failures: Map<number, number>;
}

class Compilation {
  readonly #f: Run;
  readonly #name: string;
  /** The programs by signature; the last one used comes first. */
  readonly #variants = new Map<string, Variant[]>();
  #last: CompiledProgram | undefined;
  #programs = 0;

  constructor(f: Run, name: string) {
    this.#f = f;
    this.#name = name === '' ? 'a function' : `'${name}'`;
  }

  /** The compiled programs, the last one used first. */
  get compiled(): CompiledProgram[] {
    const all = [...this.#variants.values()].flat().map(({ compiled }) => compiled);
    return [...new Set([this.#last, ...all])].filter((compiled) => compiled !== undefined);
  }

  get memory(): number {
    return this.#last?.bytes ?? 0;
  }

  call(args: readonly unknown[]): unknown {
    const signature = signatureOf(args);
    if (runsAsItIs(signature)) return this.#f(...args);
    const key = `${signature.text}${isRecording() ? '' : '; not recorded'}`;
    let variants = this.#variants.get(key);
    if (variants === undefined) {
      variants = [];
      this.#variants.set(key, variants);
    }
    const { numbers } = signature;
    const index = variants.findIndex(
      (known) => areEqual(known.numbers, numbers) && (known.compiled?.isValid() ?? false),
    );
    const variant = variants[index] ?? this.#trace(args, numbers, [], key, variants);
    if (index > 0) {
      variants.splice(index, 1);
      variants.unshift(variant);
    }
    return this.#run(variant, args, signature, key, variants);
  }

  #run(variant: Variant, args: readonly unknown[], signature: Signature, key: string, variants: Variant[]): unknown {
    const { compiled, answers, failures } = variant;
    if (compiled === undefined) return this.#f(...args);
    this.#last = compiled;
    let outcome: ReturnType<CompiledProgram['run']>;
    try {
      outcome = compiled.run(signature.arrays);
    } catch (error) {
      if (!(error instanceof ChangedProgram)) throw error;
      // A function that is repeated at each call does something else now, for example with other options.
      variants.splice(variants.indexOf(variant), 1);
      const anew = this.#trace(args, signature.numbers, answers, key, variants);
      return this.#run(anew, args, signature, key, variants);
    }
    if ('output' in outcome) return outcome.output;
    const { failed } = outcome;
    const times = (failures.get(failed) ?? 0) + 1;
    failures.set(failed, times);
    // A program for a rare case would cost more than it saves.
    if (times < PATIENCE) return this.#f(...args);
    const flipped = [...compiled.traced.tracer.answers.slice(0, failed), !compiled.traced.tracer.answers[failed]];
    const known = variants.find((other) => other !== variant && startsWith(other.answers, flipped));
    const other = known ?? this.#traceOrGiveUp(args, signature.numbers, flipped, key, variants);
    return this.#run(other, args, signature, key, variants);
  }

  #trace(
    args: readonly unknown[],
    numbers: readonly number[],
    assumed: readonly boolean[],
    key: string,
    variants: Variant[],
  ): Variant {
    const traced = trace(this.#f, args, assumed);
    const { answers } = traced.tracer;
    const failures = new Map<number, number>();
    for (const [i, { compiled, ...known }] of variants.entries()) {
      if (compiled === undefined || !compiled.canTake(traced)) continue;
      const differing = differingNumbers(compiled.traced.program, traced.program);
      if (differing === undefined) continue;
      // Only numbers differ, so one program serves both traces.
      const shared = [...new Set([...compiled.shared, ...differing])];
      const isServing = shared.length === compiled.shared.length;
      if (isServing) compiled.take(traced);
      const serving = isServing ? compiled : new CompiledProgram(traced, generating, shared);
      const variant = { ...known, compiled: serving, numbers };
      variants.splice(i, 1);
      variants.unshift(variant);
      return variant;
    }
    const variant = { compiled: new CompiledProgram(traced, generating), numbers, answers, failures };
    variants.unshift(variant);
    this.#programs++;
    if (this.#programs === MANY_PROGRAMS + 1) this.#warn(key);
    return variant;
  }

  /** Traces under unusual answers. If that is impossible, the function runs as it is whenever they are given. */
  #traceOrGiveUp(
    args: readonly unknown[],
    numbers: readonly number[],
    answers: readonly boolean[],
    key: string,
    variants: Variant[],
  ): Variant {
    try {
      return this.#trace(args, numbers, answers, key, variants);
    } catch (error) {
      if (!(error instanceof TraceError)) throw error;
      const variant = { compiled: undefined, numbers, answers, failures: new Map<number, number>() };
      variants.push(variant);
      return variant;
    }
  }

  /** Warns that a function is traced again and again. */
  #warn(key: string): void {
    const others = [...this.#variants.keys()].slice(-3).map((signature) => `(${signature})`);
    const why = this.#variants.size > 1 ? `the last calls were ${others.join(', ')}` : `the arguments were (${key})`;
    warn(
      `compile: ${this.#name} was traced ${this.#programs} times, which takes much longer than running a program; ${why}. ` +
        'Pass what changes as a tensor of one shape',
    );
  }
}

const areEqual = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((x, i) => Object.is(x, b[i]));

const startsWith = (list: readonly boolean[], start: readonly boolean[]): boolean =>
  start.every((answer, i) => list[i] === answer);

/** Returns whether a call belongs to something that needs the operations themselves, such as a transform or another trace. */
const runsAsItIs = ({ requiresGrad }: Signature): boolean =>
  isTracing() || isIntercepted() || isScoped() || (requiresGrad && isRecording());

function warn(message: string): void {
  const host = (globalThis as { process?: { emitWarning?(text: string, type: string): void } }).process;
  host?.emitWarning?.(message, 'tapegrad');
}

/**
 * Compiles a function, such as a training step. The result has the same type and computes the same, but runs as a program:
 * the function itself runs only once for each combination of the shapes and dtypes of its tensors, to be traced.
 *
 * The function may take and return tensors, and arrays and plain objects of tensors. It may compute gradients, update
 * parameters with an optimizer, change buffers, and draw from generators. These are read and may be changed from outside
 * as always. Results are constants: gradients are taken inside the function.
 *
 * While the function is traced, its tensors have no elements. So it can't read one, or decide by one; it can return it.
 * Its other JavaScript, such as counting calls or printing, happens only when it is traced. Numbers that change from call
 * to call are given as arguments, best as tensors: a number that differs from the last one is traced again, though without
 * a new program.
 *
 * Inside another compiled function, `grad` or `vmap`, a compiled function runs as the function that it was made of.
 *
 * @throws TraceError at a call, if the function does something that can't be traced; it names the line.
 * @example
 * import { Adam } from '@tapegrad/optim';
 *
 * const w = parameter(tensor([3, 4]));
 * const optimizer = new Adam([w], { learningRate: 0.1 });
 * const step = compile((x: Tensor<readonly [2]>) => optimizer.minimize(() => w.sub(x).pow(2).sum()));
 * const target = tensor([1, 2]);
 * step(target).item(); // 8
 * for (let i = 0; i < 200; i++) step(target);
 * w.sub(target).abs().max().item() < 0.01; // true
 */
export function compile<F extends CompilableFunction>(f: F, ...more: []): Compiled<F> {
  if (typeof f !== 'function') throw new ArgumentError(`compile: expected a function, got ${describeValue(f)}`);
  if (more.length > 0) {
    throw new ArgumentError('compile: expected only a function; compile(f) returns one: compile(f)(x)');
  }
  const compilation = new Compilation((...args) => checkSynchronous('compile', (f as unknown as Run)(...args)), f.name);
  const compiled = (...args: readonly unknown[]): unknown => compilation.call(args);
  Object.defineProperties(compiled, {
    programs: { get: () => compilation.compiled.map(({ program }) => program) },
    traced: { get: () => compilation.compiled.map(({ traced }) => traced.program) },
    memory: { get: () => compilation.memory },
    toString: {
      value: () => {
        const [last] = compilation.compiled;
        return last === undefined ? `${f.name || 'a function'}, not traced yet` : print(last.program);
      },
    },
  });
  return compiled as unknown as Compiled<F>;
}
