/**
 * Computes the case table and random programs with vectors of 128 and of 256 bits, and compares the bits. It needs an engine
 * that has both, and that optimizes at once what it compiles:
 *
 * node --no-liftoff --no-wasm-lazy-compilation --conditions=@tapegrad/source scripts/vectors-check.mjs [programs] [period] [seed]
 *
 * It takes 60 programs by default, and each case of the table, or one case in `period`.
 */

import { ArgumentError, engineInfo, Random, setVectors, valueAndGrad } from '@tapegrad/core';
import { setInterpreter } from '@tapegrad/core/extend';
import { createWasm } from '@tapegrad/kernels';
import { cases, runCase } from '@tapegrad/kernels/testing';
import fc from 'fast-check';
import { functionOf, inputsOf, programs } from '../packages/core/test/fuzz/programs.ts';
import { joinFrom } from '../packages/kernels/src/wasm/assembler/vector-width.ts';

const [numRuns = 60, period = 1, seed = 1] = process.argv.slice(2).map(Number);

/** @typedef {import('@tapegrad/kernels').NdArray} NdArray */

/** @param {ArrayLike<number>} x @param {ArrayLike<number>} y */
const areSame = (x, y) => x.length === y.length && Array.from(x).every((element, i) => Object.is(element, y[i]));

/**
 * Returns the elements of what is computed, or the error.
 *
 * @param {() => { readonly data: ArrayLike<number> }[]} run
 */
function elementsOf(run) {
  try {
    return run().flatMap(({ data }) => [data.length, ...Array.from(data)]);
  } catch (error) {
    return Array.from(String(error), (character) => character.charCodeAt(0));
  }
}

/**
 * Returns the result of a random program, and its gradients.
 *
 * @param {import('../packages/core/test/fuzz/programs.ts').Program} program
 * @param {'float32' | 'float64'} dtype
 * @param {import('@tapegrad/kernels').WasmKernels} kernels
 */
function outcomesOf(program, dtype, kernels) {
  setInterpreter(kernels);
  const { stored, view } = inputsOf(program);
  const run = functionOf(program);
  /** @param {readonly import('@tapegrad/core').Tensor[]} inputs */
  const f = (...inputs) => {
    const y = run(...view(inputs));
    return /** @type {const} */ ([y.mul(new Random(1).uniform(y.shape, { low: -1, high: 1, dtype })).sum(), y]);
  };
  const energyAndGradients = valueAndGrad(f, { argument: stored.map((_, i) => i), hasAux: true });
  const [[, value], gradients] = energyAndGradients(...stored.map((x) => x.detach().cast(dtype)));
  return [value, ...gradients];
}

/** @type {[name: string, run: (kernels: import('@tapegrad/kernels').WasmKernels) => number[]][]} */
const runs = cases
  .filter((_, i) => i % period === 0)
  .map((c) => [c.name, (kernels) => elementsOf(() => [runCase(kernels, c)])]);
for (const program of fc.sample(programs, { numRuns, seed })) {
  for (const dtype of /** @type {const} */ (['float32', 'float64'])) {
    runs.push([
      `${JSON.stringify(program)} in ${dtype}`,
      (kernels) => elementsOf(() => outcomesOf(program, dtype, kernels)),
    ]);
  }
}

const narrow = createWasm();
const expected = runs.map(([, run]) => run(narrow));
try {
  setVectors(256);
} catch (error) {
  if (!(error instanceof ArgumentError)) throw error;
  process.stdout.write(`Node ${process.versions.node}: skipped, ${error.message}\n`);
  process.exit();
}
// Otherwise small arrays would be computed with 128 bits.
joinFrom(0);
const wide = createWasm();
setInterpreter(wide);
if (engineInfo().vectorBits !== 256) throw new Error('the engine has no vectors of 256 bits');
const differing = runs.filter(([, run], i) => !areSame(run(wide), expected[i] ?? []));
for (const [name] of differing) process.stderr.write(`other bits with vectors of 256 bits: ${name}\n`);
process.stdout.write(
  `Node ${process.versions.node}: ${runs.length - differing.length} of ${runs.length} results are the same\n`,
);
process.exitCode = differing.length > 0 ? 1 : 0;
