/** Autoencoders: a code of a few numbers for a picture, and the picture again from its code. */

import type { Random, Tensor } from '@tapegrad/core';
import { Dense, Flatten, Module, ReLU, Sequential } from '@tapegrad/nn';

/** Shares of full ink, 0 to 1. */
export type Images = Tensor<readonly [number, 1, 28, 28]>;

/** Scores of pixels, whose sigmoids are shares of full ink. */
export type Scores = Tensor<readonly [number, 784]>;

/** Points of the latent space, a code a row. */
export type Codes = Tensor<readonly [number, number]>;

/** Where in the latent space pictures belong. */
export interface Encoding {
  readonly mean: Codes;
  /** Logarithm of the variance around the mean; none where the code is a point, in a plain autoencoder. */
  readonly logVariance: Codes | undefined;
}

export interface AutoencoderOptions {
  /** Widths of the layers between pixels and code, from the pixels inwards. */
  readonly hidden: readonly [number, number];
  /** Numbers in a code. */
  readonly latent: number;
  /** Whether a code is a distribution, as in a variational autoencoder. */
  readonly variational: boolean;
  readonly random: Random;
}

/** Dense layers to the code, and the same in reverse from it. */
export class Autoencoder extends Module {
  readonly encoder: Sequential;
  readonly mean: Dense;
  readonly logVariance: Dense | undefined;
  readonly decoder: Sequential;

  constructor({ hidden: [outer, inner], latent, variational, random }: AutoencoderOptions) {
    super();
    this.encoder = new Sequential(
      new Flatten(),
      new Dense(784, outer, { random }),
      new ReLU(),
      new Dense(outer, inner, { random }),
      new ReLU(),
    ) as Sequential;
    this.mean = new Dense(inner, latent, { random });
    this.logVariance = variational ? new Dense(inner, latent, { random }) : undefined;
    this.decoder = new Sequential(
      new Dense(latent, inner, { random }),
      new ReLU(),
      new Dense(inner, outer, { random }),
      new ReLU(),
      new Dense(outer, 784, { random }),
    ) as Sequential;
  }

  encode(x: Images): Encoding {
    const features = this.encoder.forward(x);
    return {
      mean: this.mean.forward(features) as Codes,
      logVariance: this.logVariance?.forward(features) as Codes | undefined,
    };
  }

  decode(z: Codes): Scores {
    return this.decoder.forward(z) as Scores;
  }
}

/** Codes drawn from where pictures belong: mean + deviation times noise, so that gradients reach both. */
export function drawCodes({ mean, logVariance }: Encoding, random: Random): Codes {
  if (logVariance === undefined) return mean;
  return mean.add(logVariance.mul(0.5).exp().mul(random.normal(mean.shape))) as Codes;
}
