/** A function of each element of a large array, done by a crew. */

import type { Data } from '../dtype.ts';
import { ModuleBuilder } from './assembler.ts';
import type { Crew, Jobs } from './crew.ts';
import { i32, smaller } from './instructions.ts';
import { mapVectors, SPILL, type UnaryFunction } from './math-vector.ts';
import { defineTasks } from './tasks.ts';
import type { FloatVector } from './vector.ts';

/** Elements that pass through the memory at a time, and elements of a task. */
const BLOCK = 1 << 18;
const TASK = 1 << 13;

const names = ['to', 'x', 'taskBytes', 'bytes'] as const;

function assembleUnaryTasks(v: FloatVector, emit: UnaryFunction): ModuleBuilder {
  const module = new ModuleBuilder({ shared: true });
  defineTasks(module, names, (f, task, _thread, { to, x, taskBytes, bytes }) => {
    const start = f.let(i32.mul(task, taskBytes));
    const next = f.let(i32.add(start, taskBytes));
    const end = f.let(smaller(next, bytes));
    mapVectors(f, v, emit(f, v), { to, x, start, end });
  });
  return module;
}

export class UnaryTasks {
  readonly crew: Crew;
  readonly #elementBytes: number;
  readonly #jobs: Jobs;

  constructor(crew: Crew, v: FloatVector, emit: UnaryFunction) {
    this.crew = crew;
    this.#elementBytes = v.laneBytes;
    this.#jobs = crew.employ(assembleUnaryTasks(v, emit).compile(), names.length).jobs;
  }

  /** Fills `out` with the function's values at the elements of `x` from `offset` on. */
  run(x: Data, offset: number, out: Data): void {
    const { heap } = this.crew;
    const bytes = this.#elementBytes;
    const mark = heap.mark();
    const room = Math.min(BLOCK, out.length) * bytes + SPILL;
    const [from, to] = [heap.reserve(room), heap.reserve(room)];
    const view = bytes === 4 ? heap.f32 : heap.f64;
    for (let start = 0; start < out.length; start += BLOCK) {
      const count = Math.min(BLOCK, out.length - start);
      view.set(x.subarray(offset + start, offset + start + count), from / bytes);
      this.#jobs.run(Math.ceil(count / TASK), [to, from, TASK * bytes, count * bytes]);
      out.set(view.subarray(to / bytes, to / bytes + count), start);
    }
    heap.release(mark);
  }
}
