/** Draws the pictures of the report and of the pages on the derivation. */

import { Random, type Tensor } from '@tapegrad/core';
import { graph, heatMaps, LinkHistory, normsOverTraining, type PagePicture } from '@tapegrad/inspect';
import { crossEntropy, Dense, Module } from '@tapegrad/nn';
import { SGD } from '@tapegrad/optim';
import { links } from '@tapegrad/verify';
import { hingesPicture } from './hinges-picture.ts';
import { approximations } from './training.ts';

export interface NamedPicture extends PagePicture {
  /** The name of its file. */
  readonly name: string;
}

const STEPS = 200;
const WIDTH = 10;

/** Two layers, each with a name. */
class TwoLayers extends Module {
  readonly hidden: Dense<4, 8>;
  readonly output: Dense<8, 3>;

  constructor(random: Random) {
    super();
    this.hidden = new Dense(4, 8, { random });
    this.output = new Dense(8, 3, { random });
  }

  forward(x: Tensor<readonly [number, 4]>) {
    return this.output.forward(this.hidden.forward(x).tanh());
  }
}

/** Computes the loss of two layers on points of three classes. */
function lossOfTwoLayers(): Tensor {
  const random = new Random(7);
  const model = new TwoLayers(random);
  // Listing the parameters names them by their paths.
  model.parameters();
  const y = random.integers([12], 0, 3);
  return crossEntropy(model.forward(random.normal([12, 4])), y);
}

/** Seven hidden sigmoid layers, and an output layer. */
class DeepSigmoids extends Module {
  readonly hidden: readonly Dense<number, number>[];
  readonly last: Dense<number, number>;

  constructor(random: Random) {
    super();
    this.hidden = Array.from({ length: 7 }, () => new Dense<number, number>(WIDTH, WIDTH, { random }));
    this.last = new Dense<number, number>(WIDTH, 3, { random });
  }

  forward(x: Tensor<readonly [number, number]>) {
    return this.last.forward(this.hidden.reduce((z, layer) => layer.forward(z).sigmoid(), x));
  }
}

/** Records the norms of the links of a deep sigmoid network during training. They vanish towards the first layer. */
function vanishing(): LinkHistory {
  const random = new Random(7);
  const model = new DeepSigmoids(random);
  const x = random.normal([32, WIDTH]);
  const y = random.integers([32], 0, 3);
  const optimizer = new SGD(model.parameters(), { learningRate: 0.5, momentum: 0.9 });
  const history = new LinkHistory();
  for (let step = 0; step <= STEPS; step++) {
    const loss = crossEntropy(model.forward(x), y);
    if (step % 8 === 0) history.record(links(loss), step);
    optimizer.step(loss.backward());
  }
  return history;
}

/** Draws all pictures. */
export async function drawPictures(): Promise<NamedPicture[]> {
  const loss = lossOfTwoLayers();
  return [
    {
      name: 'tape',
      svg: await graph(loss, { title: 'The tape of two layers' }),
      caption:
        'What one forward pass leaves on the tape, with a frame around each layer. The thick arrow leaves A_l; its colour ' +
        'tells the norm of the link delta_l = dL/dA_l beside that of the last layer.',
    },
    {
      name: 'links',
      svg: heatMaps(links(loss), { title: 'The links of two layers' }),
      caption: 'delta_l of the same pass: a point a row, a unit a column.',
    },
    {
      name: 'vanishing',
      svg: normsOverTraining(vanishing(), { title: 'Links that vanish: seven layers of sigmoids' }),
      caption: 'Each layer multiplies its link by slopes of at most 1/4, so that the first layers hardly learn.',
    },
    {
      name: 'hinges',
      svg: hingesPicture(approximations()),
      caption: 'F6: trained sums of hinges max(0, w x + b). Twice the pieces, about a quarter of the error.',
    },
  ];
}
