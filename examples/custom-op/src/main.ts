/** A custom operation: defines it, checks it, trains with it, and finds the mistake in a second one. */

import { AnomalyError, detectAnomaly, Random, type Tensor } from '@tapegrad/core';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { print, runProgram } from '@tapegrad/example-toolkit/program';
import { gradcheck } from '@tapegrad/verify';
import { carelessCubeRoot, softCubeRoot } from './soft-cube-root.ts';
import { Network, trainer } from './wave.ts';

const options = readOptions('Defines an operation y + y^3 = x, checks its gradient, and trains a network with it.', {
  steps: { kind: 'whole', default: 500, min: 1, help: 'steps of training' },
  seed: { kind: 'whole', default: 42, help: 'of the first weights and of the points that gradients are checked at' },
});

/** Checks whether an operation's rule agrees with central differences at random points. */
function verdict(op: (x: Tensor) => Tensor, order: 1 | 2): string {
  const points = new Random(options.seed).normal([20], { dtype: 'float64', std: 2 });
  return gradcheck(op, [points], { order }).passed ? 'right' : 'wrong';
}

/** Returns the anomaly found in one training step with this operation as the activation. */
function anomalyWith(op: (x: Tensor) => Tensor): AnomalyError | undefined {
  const step = trainer(new Network(op, new Random(options.seed)));
  try {
    detectAnomaly(step);
    return undefined;
  } catch (error) {
    if (error instanceof AnomalyError) return error;
    throw error;
  }
}

await runProgram(async () => {
  print('The rule of softCubeRoot, compared with finite differences:');
  print(`  first derivative   ${verdict(softCubeRoot, 1)}`);
  print(`  second derivative  ${verdict(softCubeRoot, 2)}`);

  print('\nA network learns sin(2 x) with it:');
  const step = trainer(new Network(softCubeRoot, new Random(options.seed)));
  for (let count = 0; count <= options.steps; count++) {
    const loss = step();
    if (count % 100 === 0) print(`  step ${String(count).padStart(3)}  loss ${loss.toFixed(6)}`);
  }

  print('\nA careless rule for the same operation, at random points:');
  print(`  first derivative   ${verdict(carelessCubeRoot, 1)}`);
  print('In training, on data of which one point is 0:');
  print(`  ${anomalyWith(carelessCubeRoot)?.message ?? 'nothing is found'}`);
  print('And with the right one:');
  print(`  ${anomalyWith(softCubeRoot)?.message ?? 'nothing is found'}`);
});
