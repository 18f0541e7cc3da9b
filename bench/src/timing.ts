import type { Program } from './protocol.ts';

async function secondsOf({ step }: Program, repetitions: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) {
    // Only what is asynchronous is awaited: a needless turn of the event loop would cost a small step dear.
    const pending = step();
    if (pending) await pending;
  }
  return (performance.now() - start) / 1000;
}

/**
 * Steps per second of a program, as `samples` figures. Repetitions are doubled until they last `sampleSeconds`, which warms
 * up too; a program whose single step is longer than ten samples has been measured by then.
 */
export async function stepsPerSecond(program: Program, sampleSeconds: number, samples: number): Promise<number[]> {
  await secondsOf(program, 1);
  let repetitions = 1;
  let seconds = await secondsOf(program, repetitions);
  while (seconds < sampleSeconds) {
    repetitions *= 2;
    seconds = await secondsOf(program, repetitions);
  }
  if (seconds > 10 * sampleSeconds) return [repetitions / seconds];
  const rates: number[] = [];
  while (rates.length < samples) rates.push(repetitions / (await secondsOf(program, repetitions)));
  return rates;
}
