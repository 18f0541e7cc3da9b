/**
 * Work shared among threads, in WebAssembly: a job is a number of tasks, and each thread takes the next one until none
 * is left.
 *
 * Nobody is waited for but who has taken a task. The thread that has a job begins it at once; workers who sleep longer
 * than it lasts are not missed, and there may be none. Two words are all that it takes: `remaining`, from which a
 * thread takes a task by counting it down, and `finished`, which the owner waits for. A thread reads the job only after
 * it has taken a task, and while a task is not finished, the job stays as it is.
 */

import { atomic } from '../assembler/atomics.ts';
import { i32, type Value } from '../assembler/instructions.ts';
import { type FunctionBuilder, integers, type Local, type ModuleBuilder } from '../assembler/module-builder.ts';

/** Where the words lie that all jobs share, in bytes; words that are written often have a cache line each. */
export const POOL = {
  /** Counts the jobs, and is what workers sleep on. */
  generation: 0,
  /** Workers asleep, or about to be. */
  sleepers: 64,
  /** The job begun last: what workers attend to. */
  current: 128,
  /** Workers that have come. */
  ready: 132,
  /** A word for each thread: whether it may have taken a task that it has not finished. */
  busy: 192,
} as const;

/** Bytes of those words, for so many threads. */
export const poolBytes = (threads: number): number => POOL.busy + 4 * threads;

/** Where the words of a job lie, in bytes. */
export const JOB = { remaining: 0, finished: 64, tasks: 128, arguments: 132 } as const;

/**
 * Looks at a word before sleeping: some 50 us, longer than what mostly lies between two jobs, and than waking takes.
 */
const SPIN_READS = 100_000;

/** Tasks for each thread: one that starts late or is descheduled then has less left to wait for. */
export const TASKS_PER_THREAD = 8;

/** How long a job's owner sleeps before it looks whether its workers live, in ns. */
const WAIT_NANOSECONDS = 100_000_000;

/** The functions of a module with tasks. */
export interface TaskExports {
  /** Lets workers begin with the job, whose arguments are in place. */
  begin(pool: number, job: number, tasks: number): void;
  /**
   * Does the job together with whoever helps. Where it `mayWait`, it sleeps to the job's end, but no longer than a nap: the
   * caller looks then whether there is still somebody to wait for.
   */
  finish(job: number, tasks: number, mayWait: number): void;
  /** Helps with the job again and again, until another is the current one. */
  work(pool: number, job: number, thread: number): void;
}

/**
 * Adds `begin`, `finish` and `work` to a module over shared memory. `body` writes the code of one task, given its number, the
 * number of the thread, 0 for the job's owner, and the job's arguments.
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

/** Runs the body, which looks at a word and branches away, until patience is at an end. */
function spin(f: FunctionBuilder, body: () => void): void {
  const left = f.let(i32.const(SPIN_READS));
  f.loop((again) => {
    body();
    f.branchIf(again, f.tee(left, i32.sub(left, 1)));
  });
}
