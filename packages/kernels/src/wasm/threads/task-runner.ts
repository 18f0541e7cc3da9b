/** Runs jobs of several kinds from one module, on a pool or on one thread. Callers use the same interface for both. */

import { i32 } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Local, type Locals, ModuleBuilder } from '../assembler/module-builder.ts';
import { Heap } from '../memory/heap.ts';
import { defineTasks, type TaskExports } from './job-protocol.ts';
import type { ParallelFor, WorkerPool } from './worker-pool.ts';

/** The argument names of a task, and its code, which also gets the indices of the task and the thread. */
export interface TaskDefinition<Name extends string = string> {
  readonly names: readonly Name[];
  readonly body: (f: FunctionBuilder, p: Locals<{ readonly [N in Name | 'task' | 'thread']: 'i32' }>) => void;
}

export const task = <const Name extends string>(
  names: readonly Name[],
  body: TaskDefinition<Name>['body'],
): TaskDefinition<Name> => ({
  names,
  body,
});

type TaskDefinitions = {
  readonly [name: string]: { readonly names: readonly string[]; readonly body: (f: FunctionBuilder, p: never) => void };
};
type Arguments<K extends TaskDefinitions[string]> = { readonly [Name in K['names'][number]]: number };

/** Runs jobs of given kinds, using the functions exported by their module. */
export interface TaskRunner<K extends TaskDefinitions, Exports> {
  readonly heap: Heap;
  readonly threads: number;
  readonly exports: Exports;
  /**
   * Runs a given number of tasks of one kind. A pool calls `overlap` once the job has begun; a single thread calls it
   * before the first task.
   */
  run<Name extends keyof K>(name: Name, tasks: number, values: Arguments<K[Name]>, overlap?: () => void): void;
}

/** Assembles the kinds of task that `define` adds to a module, for a pool or for this thread over a heap. */
export function compileTasks<K extends TaskDefinitions, Exports>(
  define: (module: ModuleBuilder) => K,
  by: WorkerPool | Heap,
): TaskRunner<K, Exports> {
  const isAlone = by instanceof Heap;
  const module = new ModuleBuilder({ shared: !isAlone });
  const kinds = Object.entries(define(module) as unknown as { readonly [name: string]: TaskDefinition });
  const functions = kinds.map(([name, { names, body }]) =>
    module.define(name, integers('task', 'thread', ...names), body),
  );
  const slots = Array.from({ length: 1 + Math.max(...kinds.map(([, { names }]) => names.length)) }, (_, i) => `${i}`);
  const dispatch = (
    f: FunctionBuilder,
    task: Local<'i32'>,
    thread: Local<'i32'>,
    slot: readonly Local<'i32'>[],
  ): void =>
    functions.forEach((kernel, i) => {
      const values = kinds[i]![1].names.map((name, j) => [name, slot[j + 1]!]);
      f.if(i32.eq(slot[0]!, i), () => f.run(kernel.call({ task, thread, ...Object.fromEntries(values) })));
    });
  const { exports, run } = isAlone
    ? compileForOneThread(module, slots, dispatch, by)
    : compileForPool(module, slots, dispatch, by);
  return {
    heap: isAlone ? by : by.heap,
    threads: isAlone ? 1 : by.threads,
    exports: exports as Exports,
    run(name, tasks, values, overlap) {
      const i = kinds.findIndex(([other]) => other === name);
      const given = kinds[i]![1].names.map((argument) => (values as Record<string, number>)[argument]!);
      run(tasks, [i, ...given], overlap);
    },
  };
}

/** Makes one value for each memory (that of a pool, or a single thread's heap) on first use. */
export function perMemory<T>(heap: Heap, make: (by: WorkerPool | Heap) => T): (pool: WorkerPool | undefined) => T {
  const made = new WeakMap<WorkerPool | Heap, T>();
  return (pool) => {
    const by = pool ?? heap;
    const value = made.get(by) ?? make(by);
    made.set(by, value);
    return value;
  };
}

type Dispatch = (f: FunctionBuilder, task: Local<'i32'>, thread: Local<'i32'>, slot: readonly Local<'i32'>[]) => void;

function compileForPool(module: ModuleBuilder, slots: readonly string[], dispatch: Dispatch, pool: WorkerPool) {
  defineTasks(module, slots, (f, task, thread, values) =>
    dispatch(
      f,
      task,
      thread,
      slots.map((slot) => values[slot]!),
    ),
  );
  const { jobs, exports } = pool.load<TaskExports>(module.compile(), slots.length);
  return { exports, run: jobs.run };
}

function compileForOneThread(module: ModuleBuilder, slots: readonly string[], dispatch: Dispatch, heap: Heap) {
  module.define('run', integers('tasks', 'values'), (f, { tasks, values }) => {
    const thread = f.let(i32.const(0));
    f.for(0, tasks, 1, (task) =>
      dispatch(
        f,
        task,
        thread,
        slots.map((_, i) => f.let(i32.load(values, 4 * i))),
      ),
    );
  });
  const exports = module.instantiate<{ run(tasks: number, values: number): void }>(heap.memory);
  const pointer = heap.allocate(4 * slots.length);
  const run: ParallelFor['run'] = (tasks, values, overlap) => {
    overlap?.();
    heap.i32.set(values, pointer / 4);
    exports.run(tasks, pointer);
  };
  return { exports, run };
}
