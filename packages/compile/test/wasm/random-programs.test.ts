import type { Data } from '@tapegrad/kernels';
import { expect, test } from 'vitest';
import { print } from '../../src/program/print.ts';
import { generating } from '../../src/wasm/engine.ts';
import { runEagerly } from './eager-run.ts';
import { useOneThread } from './one-thread.ts';
import { randomProgram } from './random-programs.ts';

const runs = Number(process.env['FUZZ_RUNS'] ?? 40);
const kernels = useOneThread();

/** Returns the position of the first element that differs in a bit; NaNs are equal. */
function firstDifference(a: Data, b: Data): number {
  for (let i = 0; i < a.length; i++) if (!Object.is(a[i], b[i])) return i;
  return -1;
}

test('random programs have the bits of the interpreter', () => {
  for (let seed = 0; seed < runs; seed++) {
    const { program, args, slots } = randomProgram(seed * 7919 + 17);
    const prepared = generating.prepare(program);
    const own = slots.map((elements, i) => prepared.adopt(i, elements));
    const other = slots.map((elements) => elements.slice());
    // A second call finds what the first has stored.
    for (const rate of [0.25, 0.5]) {
      const inputs = { arguments: args, draws: [], numbers: [rate] };
      const wanted = runEagerly(program, kernels, other, inputs);
      const { results } = prepared.run(inputs);
      const differences = [
        ...wanted.map(({ data }, i) => firstDifference(data, results![i]!.data)),
        ...other.map((data, i) => firstDifference(data, own[i]!)),
      ];
      expect(differences, `seed ${seed}\n${print(program)}`).toEqual(differences.map(() => -1));
    }
  }
});
