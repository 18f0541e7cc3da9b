/** Exclusive or: the smallest problem that a single layer can't solve but two can. */

import { join } from 'node:path';
import { noGrad, Random, type Tensor, tensor } from '@tapegrad/core';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { outFolder, print, runProgram } from '@tapegrad/example-toolkit/program';
import { tryFolder } from '@tapegrad/files/node';
import { binaryCrossEntropy, Dense, Sequential, Tanh } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { decisionSurface } from './picture.ts';

const options = readOptions('Learns exclusive or, prints its truth table and draws what lies between the corners.', {
  steps: { kind: 'whole', default: 500, min: 1, help: 'steps of gradient descent, each with all four cases' },
  learningRate: { kind: 'number', default: 0.1, min: 0, alias: 'lr', help: 'step size' },
  hidden: { kind: 'whole', default: 8, min: 1, help: 'width of the hidden layer' },
  seed: { kind: 'whole', default: 42, help: 'of the first weights' },
  float64: { kind: 'flag', help: 'compute in double precision' },
  out: { kind: 'path', default: outFolder(import.meta.url), help: 'folder for the picture' },
});
const dtype = options.float64 ? 'float64' : 'float32';
const random = new Random(options.seed);

const inputs = tensor(
  [
    [0, 0],
    [0, 1],
    [1, 0],
    [1, 1],
  ],
  { dtype },
);
const truth = tensor([[0], [1], [1], [0]], { dtype });

const model = new Sequential(
  new Dense(2, options.hidden, { random, dtype }),
  new Tanh(),
  new Dense(options.hidden, 1, { random, dtype }),
);
const optimizer = new SGD(model.parameters(), { learningRate: options.learningRate, momentum: 0.9 });

/** Returns the probability that the model gives to 1, for points of the plane. */
const probability = (points: Tensor<readonly [number, 2]>): ArrayLike<number> =>
  noGrad(() => model.forward(points).sigmoid().data);

await runProgram(async () => {
  tryFolder(options.out, PICTURE_BYTES);
  for (let step = 0; step < options.steps; step++) {
    const loss = binaryCrossEntropy(model.forward(inputs), truth);
    if (step % 100 === 0) print(`step ${String(step).padStart(3)}  loss ${loss.item().toFixed(6)}`);
    optimizer.step(loss.backward());
  }

  const learned = probability(inputs);

  print('\n a  b  a xor b  learned');
  for (let i = 0; i < 4; i++) {
    const [a, b] = inputs.index(i).data;
    print(` ${a}  ${b}     ${truth.data[i]}      ${learned[i]?.toFixed(4)}`);
  }
  const picture = decisionSurface(probability, dtype);
  await writePicture(join(options.out, 'decision-surface'), picture);
});
