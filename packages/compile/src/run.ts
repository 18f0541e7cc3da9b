/** Runs a traced program at each call: numbers, draws and variables in, results out. */

import { interpreter, type Undo } from '@tapegrad/core/extend';
import { TapeError, Tensor } from '@tapegrad/core/lean';
import { type Definition, Entry, isShared, noteChange, noteLent, variableAccess } from '@tapegrad/core/tape';
import type { Data, NdArray } from '@tapegrad/kernels';
import { simplified } from './passes/passes.ts';
import { numbersOf, withNumbersAsInputs } from './passes/shared-numbers.ts';
import type { Outcome, PreparedProgram, ProgramEngine } from './program/engine.ts';
import type { Program } from './program/program.ts';
import { ChangedProgram, Repeater } from './trace/repeats.ts';
import type { Traced } from './trace/trace.ts';
import type { StateBinding, VariableBinding } from './trace/tracer.ts';

/** The entry of a result through which gradients would flow in the function itself. */
const compiledResult: Definition = {
  name: 'compiled',
  batched: true,
  run: () => refuse(),
  cotangents: () => refuse(),
  tangent: () => refuse(),
};

function refuse(): never {
  throw new TapeError(
    'backward: the tensor was returned by a compiled function, which keeps no tape; take the gradients inside the ' +
      'function, compile(() => f().backward()), or call the function that was compiled',
  );
}

/** Makes the tensor of a result. */
function resultOf(array: NdArray, requiresGrad: boolean): Tensor {
  if (!requiresGrad) return new Tensor(array);
  const entry: Entry = new Entry('custom', [], { definition: compiledResult, options: undefined });
  const result = new Tensor(array, entry);
  entry.bind(result);
  return result;
}

/** A program, its engine's form of it, and the memory of its variables. */
export class CompiledProgram {
  #traced: Traced;
  /** The ids of the numbers in which traces differ, which the program takes as inputs. */
  readonly shared: readonly number[];
  /** The program after all passes. */
  readonly program: Program;
  /** The interpreter for which the program was prepared. */
  readonly #kernels = interpreter();
  readonly #prepared: PreparedProgram;
  readonly #numbers: number[];
  readonly #repeater: Repeater;
  /** Where the elements of each slot were at the last call. */
  readonly #adopted: (Data | undefined)[];
  #stored: ReadonlySet<VariableBinding | StateBinding> = new Set();
  /** Whether the numbers and draws of the trace are still to be used. */
  #isFresh = true;

  /** @param shared the ids of the numbers in which traces differ. */
  constructor(traced: Traced, engine: ProgramEngine, shared: readonly number[] = []) {
    const { tracer } = traced;
    this.#traced = traced;
    this.shared = shared;
    this.program = simplified(withNumbersAsInputs(traced.program, shared), this.#kernels);
    this.#prepared = engine.prepare(this.program);
    this.#numbers = [...tracer.numbers];
    const arrays = new Map(
      tracer.variables.map(({ variable, slot }) => [variable as unknown, tracer.arrayFor(slot.value)]),
    );
    this.#repeater = new Repeater(this.#numbers, (variable) => {
      const array = arrays.get(variable);
      if (array === undefined) throw new ChangedProgram();
      return array;
    });
    this.#adopted = tracer.bindings.map(() => undefined);
    this.#begin();
  }

  /** The trace whose numbers and draws the next call uses, or the last one used. */
  get traced(): Traced {
    return this.#traced;
  }

  /**
   * Returns whether another trace of the function may take this one's place, apart from its program: it has the same
   * variables and states, and the interpreter is the same.
   */
  canTake({ tracer: { bindings } }: Traced): boolean {
    const own = this.#traced.tracer.bindings;
    if (this.#kernels !== interpreter() || own.length !== bindings.length) return false;
    return bindings.every((binding, i) => {
      const other = own[i]!;
      return 'variable' in binding
        ? 'variable' in other && other.variable === binding.variable
        : other.elements === binding.elements;
    });
  }

  /** Uses another trace, which differs in shared numbers only, from the next call on. */
  take(traced: Traced): void {
    this.#traced = traced;
    this.#isFresh = true;
    this.#begin();
  }

  /** Takes over the numbers and the bindings of the trace. */
  #begin(): void {
    const { program, tracer } = this.#traced;
    const numbers = numbersOf(program);
    const all = [...tracer.numbers, ...this.shared.map((id) => numbers.get(id)!)];
    this.#numbers.splice(0, this.#numbers.length, ...all);
    const stored = new Set(this.program.stores.map(({ slot }) => slot.value.id));
    this.#stored = new Set(tracer.bindings.filter(({ slot }) => stored.has(slot.value.id)));
  }

  /** The bytes of memory that a call needs besides its arguments and results. */
  get bytes(): number {
    return this.#prepared.bytes;
  }

  /** Returns whether everything that decided what was traced is as it was. */
  isValid(): boolean {
    if (interpreter() !== this.#kernels) return false;
    for (const { read, value } of this.traced.tracer.dependencies) if (!Object.is(read(), value)) return false;
    return true;
  }

  /**
   * Runs the program. If a check fails, everything is as before the call.
   *
   * @returns what the function returns, or the number of the check that failed.
   * @throws ChangedProgram if a repeated function doesn't do what it did when it was traced.
   */
  run(args: readonly NdArray[]): { readonly output: unknown } | { readonly failed: number } {
    const { tracer, output, requireGrad } = this.traced;
    const undos = this.#isFresh ? tracer.undos : [];
    try {
      const draws = this.#prepare(undos);
      this.#adopt();
      const outcome: Outcome = this.#prepared.run({ arguments: args, draws, numbers: this.#numbers });
      if (outcome.failed !== undefined) {
        undo(undos);
        return { failed: outcome.failed };
      }
      for (const binding of this.#stored) if ('variable' in binding) noteChange(binding.variable);
      return { output: output(outcome.results.map((array, i) => resultOf(array, requireGrad[i]!))) };
    } catch (error) {
      undo(undos);
      throw error;
    } finally {
      this.#isFresh = false;
    }
  }

  /** Computes the numbers and draws of a call. At the first, those of the trace are used. */
  #prepare(undos: Undo[]): readonly NdArray[] {
    const { tracer } = this.traced;
    if (this.#isFresh) return tracer.draws.map(({ first }) => first);
    for (const repeat of tracer.repeats) {
      undos.push(repeat.begin());
      this.#repeater.run(repeat);
    }
    for (const generator of tracer.generators) {
      const before = generator.state;
      undos.push(() => {
        generator.state = before;
      });
    }
    return tracer.draws.map(({ make }) => make());
  }

  /** Gives the program the memory of variables and states that is new since the last call. */
  #adopt(): void {
    const { bindings } = this.traced.tracer;
    if (bindings.some((binding, i) => this.#isStillRead(binding, i))) {
      this.#prepared.release();
      this.#adopted.fill(undefined);
    }
    bindings.forEach((binding, i) => {
      if ('variable' in binding) this.#adoptVariable(binding, i);
      else this.#adoptState(binding, i);
    });
  }

  /** Returns whether others still read the memory of a slot, to which this call would write. */
  #isStillRead(binding: VariableBinding | StateBinding, i: number): boolean {
    const adopted = this.#adopted[i];
    if (adopted === undefined || !isShared(adopted)) return false;
    return this.#stored.has(binding) || !('variable' in binding) || binding.variable.array.data !== adopted;
  }

  #adoptVariable(binding: VariableBinding, i: number): void {
    const { variable } = binding;
    // Views of a variable keep the elements from before a change.
    if (this.#stored.has(binding) && isShared(variable.array.data)) {
      variableAccess.moveTo(variable, variable.array.data.slice());
    }
    const { data } = variable.array;
    if (data === this.#adopted[i]) return;
    const adopted = this.#prepared.adopt(i, data);
    this.#adopted[i] = adopted;
    if (adopted === data) return;
    noteLent(adopted);
    variableAccess.moveTo(variable, adopted);
  }

  #adoptState(binding: StateBinding, i: number): void {
    if (binding.elements === this.#adopted[i]) return;
    const adopted = this.#prepared.adopt(i, binding.elements);
    this.#adopted[i] = adopted;
    if (adopted === binding.elements) return;
    binding.elements = adopted;
    if (binding.holder !== undefined) binding.holder.state[binding.holder.name] = adopted;
  }
}

function undo(undos: readonly Undo[]): void {
  for (const step of undos.toReversed()) step();
}
