/**
 * Shares work among threads, in WebAssembly. A job is a number of tasks, and each thread takes the next task until none
 * is left.
 *
 * The owner of a job begins at once, and waits only for threads that have taken a task. Workers that sleep through the
 * job are not needed, and there may be no workers at all. Two words of shared memory suffice: `remaining`, which a
 * thread decrements to take a task, and `finished`, on which the owner waits. A thread reads the job only after it has
 * taken a task, and the job does not change while a task is unfinished.
 */

import { atomic } from '../assembler/atomics.ts';
import { i32, type Value } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Local, type ModuleBuilder } from '../assembler/module-builder.ts';

/** Byte offsets of the words that all jobs share. Words written often have a cache line each. */
export const POOL = {
  /** Counts the jobs; workers sleep on this word. */
  generation: 0,
  /** The number of workers asleep or about to sleep. */
  sleepers: 64,
  /** The most recently started job, which workers take tasks from. */
  current: 128,
  /** The number of workers that have started. */
  ready: 132,
  /** A word for each thread: whether it may have taken a task and not finished it. */
  busy: 192,
} as const;

/** Returns the size in bytes of the words of a pool with the given number of threads. */
export const poolBytes = (threads: number): number => POOL.busy + 4 * threads;

/** Byte offsets of the words of one job. */
export const JOB = { remaining: 0, finished: 64, tasks: 128, arguments: 132 } as const;

/**
 * The number of times a thread reads a word before it sleeps. This takes about 50 us, which is longer than most gaps
 * between jobs, and longer than waking a thread.
 */
const SPIN_READS = 100_000;

/** Number of tasks per thread. With several, a thread that starts late or is descheduled delays the job less. */
export const TASKS_PER_THREAD = 8;

/** The time that a job's owner sleeps before it checks that its workers are alive, in ns. */
const WAIT_NANOSECONDS = 100_000_000;

/** The functions of a module with tasks. */
export interface TaskExports {
  /** Starts the job, whose arguments are in place, so that workers can take tasks. */
  begin(pool: number, job: number, tasks: number): void;
  /**
   * Takes tasks of the job until none is left. Then, if `mayWait` is set, sleeps until the job ends. Returns early if a
   * wait times out (`WAIT_NANOSECONDS`), so that the caller can check that the workers are alive.
   */
  finish(job: number, tasks: number, mayWait: number): void;
  /** Takes tasks of the job each time the job starts, until another job is the current one. */
  work(pool: number, job: number, thread: number): void;
}

/**
 * Adds `begin`, `finish` and `work` to a module over shared memory. `body` emits the code of one task, given the
 * task's index, the thread's index (0 for the job's owner) and the job's arguments.
 */
export function defineTasks<const Names extends readonly string[]>(
  module: ModuleBuilder,
  names: Names,
  body: (
    f: FunctionBuilder,
    task: Local<'i32'>,
    thread: Local<'i32'>,
    values: { readonly [Name in Names[number]]: Local<'i32'> },
  ) => void,
): void {
  const share = module.define('share', integers('job', 'thread'), (f, { job, thread }) => {
    f.loop((again) => {
      const left = f.let(atomic.sub(job, 1, JOB.remaining));
      f.if(i32.gtS(left, 0), () => {
        const tasks = f.let(i32.load(job, JOB.tasks));
        const values = names.map((name, i) => [name, f.let(i32.load(job, JOB.arguments + 4 * i))]);
        body(f, f.let(i32.sub(tasks, left)), thread, Object.fromEntries(values));
        const finished = i32.add(atomic.add(job, 1, JOB.finished), 1);
        f.if(i32.eq(finished, tasks), () => f.drop(atomic.notify(job, 1, JOB.finished)));
        f.branch(again);
      });
    });
  });

  module.define('work', integers('pool', 'job', 'thread'), (f, { pool, job, thread }) => {
    const busy = f.let(i32.add(pool, i32.shl(thread, 2)));
    f.loop((again) => {
      const generation = f.let(atomic.load(pool, POOL.generation));
      f.if(i32.ne(atomic.load(pool, POOL.current), job), () => f.return());
      f.run(atomic.store(busy, 1, POOL.busy));
      f.run(share.call({ job, thread }));
      f.run(atomic.store(busy, 0, POOL.busy));
      f.block((woken) => {
        spin(f, () => f.branchIf(woken, i32.ne(atomic.load(pool, POOL.generation), generation)));
        f.drop(atomic.add(pool, 1, POOL.sleepers));
        f.drop(atomic.wait(pool, generation, -1));
        f.drop(atomic.sub(pool, 1, POOL.sleepers));
      });
      f.branch(again);
    });
  });

  module.define('begin', integers('pool', 'job', 'tasks'), (f, { pool, job, tasks }) => {
    f.run(
      atomic.store(job, 0, JOB.finished),
      i32.store(job, tasks, JOB.tasks),
      atomic.store(pool, job, POOL.current),
      atomic.store(job, tasks, JOB.remaining),
    );
    f.drop(atomic.add(pool, 1, POOL.generation));
    f.if(atomic.load(pool, POOL.sleepers), () => f.drop(atomic.notify(pool, i32.sub(tasks, 1))));
  });

  module.define('finish', integers('job', 'tasks', 'mayWait'), (f, { job, tasks, mayWait }) => {
    f.run(share.call({ job, thread: 0 }));
    const finished = f.local('i32');
    const load: Value<'i32'> = atomic.load(job, JOB.finished);
    f.block((done) =>
      f.loop((again) => {
        spin(f, () => f.branchIf(done, i32.eq(f.tee(finished, load), tasks)));
        f.if(mayWait, () => {
          const isLate = i32.eq(atomic.wait(i32.add(job, JOB.finished), finished, WAIT_NANOSECONDS), 2);
          f.if(isLate, () => f.return());
        });
        f.branch(again);
      }),
    );
  });
}

/** Repeats the body up to `SPIN_READS` times. The body checks a word, and leaves the loop if the word has changed. */
function spin(f: FunctionBuilder, body: () => void): void {
  const left = f.let(i32.const(SPIN_READS));
  f.loop((again) => {
    body();
    f.branchIf(again, f.tee(left, i32.sub(left, 1)));
  });
}
