/** A function of each element of a large array, done by a crew. */

import type { NdArray } from '../array.ts';
import type { Data } from '../dtype.ts';
import { ModuleBuilder } from './assembler.ts';
import type { Crew, Jobs } from './crew.ts';
import { i32, smaller } from './instructions.ts';
import { mapVectors, SPILL, type UnaryFunction } from './math-vector.ts';
import { berth, blockSize, passInBlocks } from './passage.ts';
import { defineTasks } from './tasks.ts';
import type { FloatVector } from './vector.ts';

/** Elements that pass through the memory at a time, and elements of a task: its loop ends where the next one's begins. */
const BLOCK = 1 << 17;
const TASK = 3 << 11;

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

  /** Fills `out` with the function's values at the elements of a contiguous array. */
  run(x: NdArray, out: Data): void {
    const { heap } = this.crew;
    const mark = heap.mark();
    const to = heap.locate(out);
    if (to === undefined) this.#pass(x, out);
    else this.#map(heap.place(x), to, out.length);
    heap.release(mark);
  }

  #pass(x: NdArray, out: Data): void {
    const { heap, threads } = this.crew;
    const size = blockSize(out.length, BLOCK, threads);
    passInBlocks(out.length, size, threads, () => {
      const room = size + SPILL / this.#elementBytes;
      const [from, to] = [berth(heap, x, 1, room), berth(heap, { data: out, offset: 0 }, 1, room)];
      return {
        bring: from.bring,
        work: (first, count, meanwhile) => this.#map(from.at(first), to.at(first), count, meanwhile),
        fetch: to.fetch,
      };
    });
  }

  #map(from: number, to: number, count: number, meanwhile?: () => void): void {
    const bytes = this.#elementBytes;
    this.#jobs.run(Math.ceil(count / TASK), [to, from, TASK * bytes, count * bytes], meanwhile);
  }
}
