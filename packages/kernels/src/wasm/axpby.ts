import { type Axpby, checkAxpby, axpby as inLoop } from '../axpby.ts';
import { ModuleBuilder } from './assembler.ts';
import { i32 } from './instructions.ts';
import { Staging } from './staging.ts';
import { type FloatType, type FloatVector, floatVector } from './vector.ts';

/** Below this many elements the copies take longer than the loop. */
const LEAST = 512;

interface Exports {
  run(a: number, x: number, b: number, y: number, bytes: number): void;
}

function axpbyModule(type: FloatType): ModuleBuilder {
  // Multiply-add in one instruction is left out: its bits depend on the processor.
  const v = floatVector(type, false) as FloatVector;
  const module = new ModuleBuilder();
  const parameters = { a: v.scalar, x: 'i32', b: v.scalar, y: 'i32', bytes: 'i32' } as const;
  module.define('run', parameters, (f, { a, x, b, y, bytes }) => {
    const [as, bs] = [f.let(v.splat(a)), f.let(v.splat(b))];
    f.for(0, bytes, 16, (i) => {
      const to = f.let(i32.add(y, i));
      f.run(v.store(to, v.add(v.mul(as, v.load(i32.add(x, i))), v.mul(bs, v.load(to)))));
    });
  });
  return module;
}

/** y ← a x + b y on vectors, chunk by chunk. */
export function createAxpby(staging: Staging): Axpby {
  const kernels: { [T in FloatType]?: Exports } = {};
  return (a, x, b, y) => {
    if (y.length < LEAST) {
      inLoop(a, x, b, y);
      return;
    }
    checkAxpby(x, y);
    const type = y instanceof Float32Array ? 'f32' : 'f64';
    kernels[type] ??= axpbyModule(type).instantiate<Exports>(staging.heap.memory);
    const kernel = kernels[type];
    for (let from = 0; from < y.length; from += Staging.chunk) {
      const count = Math.min(Staging.chunk, y.length - from);
      staging.copyIn(staging.x, x, from, count);
      staging.copyIn(staging.y, y, from, count);
      kernel.run(a, staging.x, b, staging.y, count * y.BYTES_PER_ELEMENT);
      staging.copyOut(staging.y, y, from, count);
    }
  };
}
