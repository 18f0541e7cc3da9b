/** Rows of an array in the memory of a crew, reduced by the crew. */

import type { Data } from '../dtype.ts';
import type { Func, ModuleBuilder } from './assembler.ts';
import type { Crew } from './crew.ts';
import { i32, smaller } from './instructions.ts';
import { employ, kind, type Workforce } from './task-kinds.ts';

/** A loop that reduces rows to one number each. */
export type RowReduction = Func<{ readonly [N in 'to' | 'x' | 'rows' | 'bytes']: 'i32' }, 'void'>;

/** Elements of a task, at least. */
const TASK = 1 << 14;

const reduceKinds = (along: RowReduction, resultBytes: number) => ({
  reduceRows: kind(['to', 'x', 'rows', 'bytes', 'height'], (f, p) => {
    const first = f.let(i32.mul(p.task, p.height));
    const rows = smaller(f.let(i32.sub(p.rows, first)), p.height);
    const [to, x] = [i32.add(p.to, i32.mul(first, resultBytes)), i32.add(p.x, i32.mul(first, p.bytes))];
    f.run(along.call({ to, x, rows, bytes: p.bytes }));
  }),
});

export class ReductionTasks {
  readonly crew: Crew;
  readonly #resultBytes: number;
  readonly #force: Workforce<ReturnType<typeof reduceKinds>, unknown>;

  /** Of results of so many bytes. */
  constructor(crew: Crew, resultBytes: number, define: (module: ModuleBuilder) => RowReduction) {
    this.crew = crew;
    this.#resultBytes = resultBytes;
    this.#force = employ((module) => reduceKinds(define(module), resultBytes), crew);
  }

  /** The numbers to which rows of an array in the crew's memory are reduced, until something else is computed there. */
  run(data: Data, offset: number, rows: number, length: number): Data {
    const { heap } = this.crew;
    const { BYTES_PER_ELEMENT: bytes } = data;
    const mark = heap.mark();
    const to = heap.reserve(rows * this.#resultBytes);
    const x = heap.locate(data)! + offset * bytes;
    const height = Math.ceil(TASK / length);
    this.#force.run('reduceRows', Math.ceil(rows / height), { to, x, rows, bytes: length * bytes, height });
    heap.release(mark);
    return heap.window(to, rows, this.#resultBytes);
  }
}
