/**
 * Work shared among threads, in WebAssembly: a job is a number of tasks, and each thread takes the next one until none
 * is left.
 *
 * Nobody is waited for but who has taken a task. The thread that has a job begins it at once; helpers who sleep longer
 * than it lasts are not missed, and there may be none. Two words are all that it takes: `remaining`, from which a
 * thread takes a task by counting it down, and `finished`, which the owner waits for. A thread reads the job only after
 * it has taken a task, and while a task is not finished, the job stays as it is.
 */

import { type FunctionBuilder, integers, type Local, type ModuleBuilder } from './assembler.ts';
import { atomic } from './atomics.ts';
import { i32, type Value } from './instructions.ts';

/** Where the words lie that all jobs share, in bytes; words that are written often have a cache line each. */
export const CREW = {
  /** Counts the jobs, and is what helpers sleep on. */
  generation: 0,
  /** Helpers asleep, or about to be. */
  sleepers: 64,
  /** The job begun last: what helpers attend to. */
  current: 128,
  /** Helpers that have come. */
  ready: 132,
  bytes: 192,
} as const;

/** Where the words of a job lie, in bytes. */
export const JOB = { remaining: 0, finished: 64, tasks: 128, arguments: 132 } as const;

/**
 * Looks at a word before sleeping: some 50 us, longer than what mostly lies between two jobs, and than waking takes.
 */
const PATIENCE = 100_000;

/** How long a job's owner sleeps before it looks whether its helpers live, in ns. */
const NAP = 100_000_000;

/** The functions of a module with tasks. */
export interface TaskExports {
  /** Lets helpers begin with the job, whose arguments are in place. */
  begin(crew: number, job: number, tasks: number): void;
  /**
   * Does the job together with whoever helps. Where it `mayWait`, it sleeps to the job's end, but no longer than a nap: the
   * caller looks then whether there is still somebody to wait for.
   */
  finish(job: number, tasks: number, mayWait: number): void;
  /** Helps with the job again and again, until another is the current one. */
  help(crew: number, job: number, thread: number): void;
}

/**
 * Adds `begin`, `finish` and `help` to a module over shared memory. `body` writes the code of one task, given its number, the
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

  module.define('help', integers('crew', 'job', 'thread'), (f, { crew, job, thread }) => {
    f.loop((again) => {
      const generation = f.let(atomic.load(crew, CREW.generation));
      f.if(i32.ne(atomic.load(crew, CREW.current), job), () => f.return());
      f.run(share.call({ job, thread }));
      f.block((woken) => {
        spin(f, () => f.branchIf(woken, i32.ne(atomic.load(crew, CREW.generation), generation)));
        f.drop(atomic.add(crew, 1, CREW.sleepers));
        f.drop(atomic.wait(crew, generation, -1));
        f.drop(atomic.sub(crew, 1, CREW.sleepers));
      });
      f.branch(again);
    });
  });

  module.define('begin', integers('crew', 'job', 'tasks'), (f, { crew, job, tasks }) => {
    f.run(
      atomic.store(job, 0, JOB.finished),
      i32.store(job, tasks, JOB.tasks),
      atomic.store(crew, job, CREW.current),
      atomic.store(job, tasks, JOB.remaining),
    );
    f.drop(atomic.add(crew, 1, CREW.generation));
    f.if(atomic.load(crew, CREW.sleepers), () => f.drop(atomic.notify(crew, i32.sub(tasks, 1))));
  });

  module.define('finish', integers('job', 'tasks', 'mayWait'), (f, { job, tasks, mayWait }) => {
    f.run(share.call({ job, thread: 0 }));
    const finished = f.local('i32');
    const load: Value<'i32'> = atomic.load(job, JOB.finished);
    f.block((done) =>
      f.loop((again) => {
        spin(f, () => f.branchIf(done, i32.eq(f.tee(finished, load), tasks)));
        f.if(mayWait, () => {
          const isLate = i32.eq(atomic.wait(i32.add(job, JOB.finished), finished, NAP), 2);
          f.if(isLate, () => f.return());
        });
        f.branch(again);
      }),
    );
  });
}

/** Runs the body, which looks at a word and branches away, until patience is at an end. */
function spin(f: FunctionBuilder, body: () => void): void {
  const left = f.let(i32.const(PATIENCE));
  f.loop((again) => {
    body();
    f.branchIf(again, f.tee(left, i32.sub(left, 1)));
  });
}
