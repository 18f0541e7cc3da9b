/** Measures whether the engine joins vectors, since neither the processor nor the engine reports it. */

import { f32x4 } from '../assembler/instructions.ts';
import { type FunctionBuilder, ModuleBuilder } from '../assembler/module-builder.ts';
import { webAssembly } from '../assembler/web-assembly.ts';
import { now } from '../threads/host.ts';

/**
 * The number of vectors in which chains of multiply-adds are computed. In 14 separate vectors, they take nearly twice
 * as long as in 7 joined pairs.
 */
const VECTORS = 14;
const PASSES = 4000;
const REPETITIONS = 9;
const MAX_REPETITIONS = 100;

/** Emits the chains, and stores the vectors `distance` bytes apart. V8 joins only neighbouring vectors. */
function chains(f: FunctionBuilder, passes: Parameters<FunctionBuilder['for']>[1], distance: number): void {
  const to = f.local('i32');
  const load = (i: number) => f32x4.load(to, i * distance);
  const sums = Array.from({ length: VECTORS }, (_, i) => f.let(load(i)));
  const factor = f.let(f32x4.loadSplat(to));
  f.for(0, passes, 1, () => {
    for (const sum of sums) f.set(sum, f32x4.relaxedMadd(sum, factor, sum));
  });
  f.run(...sums.map((sum, i) => f32x4.store(to, sum, i * distance)));
}

/** Returns whether neighbouring vectors are computed faster than distant ones, in modules compiled now. */
export function widens(): boolean {
  const module = new ModuleBuilder();
  for (const [name, distance] of [
    ['near', 16],
    ['far', 32],
  ] as const) {
    module.define(name, { passes: 'i32' }, (f, { passes }) => chains(f, passes, distance));
  }
  type Chain = (passes: number) => void;
  const { near, far } = module.instantiate<{ near: Chain; far: Chain }>(new webAssembly!.Memory({ initial: 1 }));
  const time = (chain: Chain): number => {
    const start = now();
    chain(PASSES);
    return now() - start;
  };
  // Takes the minimum of the times, since other programs share the processor; a busy one is asked more often.
  let [joined, apart] = [Infinity, Infinity];
  for (let i = 0; i < MAX_REPETITIONS && (i < REPETITIONS || joined >= 0.8 * apart); i++) {
    joined = Math.min(joined, time(near));
    apart = Math.min(apart, time(far));
  }
  return joined < 0.8 * apart;
}
