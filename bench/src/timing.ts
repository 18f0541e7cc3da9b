import type { ReadyCase } from './protocol.ts';

async function secondsOf({ step }: ReadyCase, repetitions: number): Promise<number> {
  const start = performance.now();
  for (let i = 0; i < repetitions; i++) {
    // Awaits only promises: a needless turn of the event loop would dominate a small step.
    const pending = step();
    if (pending) await pending;
  }
  return (performance.now() - start) / 1000;
}

/**
 * Measures the steps per second of a program, in `samples` samples. Doubles the number of repetitions until they last
 * `sampleSeconds`, which also warms up. A program whose single step takes longer than ten samples is measured only
 * once.
 */
export async function stepsPerSecond(program: ReadyCase, sampleSeconds: number, samples: number): Promise<number[]> {
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
