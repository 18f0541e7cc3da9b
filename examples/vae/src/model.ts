/** Autoencoders, which encode an image as a few numbers and decode it again. */

import { noGrad, type Random, type Tensor } from '@tapegrad/core';
import { Dense, Flatten, Module, ReLU, Sequential } from '@tapegrad/nn';

/** Images with pixels from 0 to 1 (full ink). */
export type Images = Tensor<readonly [number, 1, 28, 28]>;

/** Logits of pixels; their sigmoids are the pixel values. */
export type Scores = Tensor<readonly [number, 784]>;

/** Points of the latent space, one code per row. */
export type Codes = Tensor<readonly [number, number]>;

/** The distribution of images' codes in the latent space. */
export interface Encoding {
  readonly mean: Codes;
  /** The logarithm of the variance around the mean; undefined in a plain autoencoder, whose code is a point. */
  readonly logVariance: Codes | undefined;
}

export interface AutoencoderOptions {
  /** The widths of the hidden layers, from the pixels to the code. */
  readonly hidden: readonly [number, number];
  /** The number of elements of a code. */
  readonly latent: number;
  /** Whether a code is a distribution, as in a variational autoencoder. */
  readonly variational: boolean;
  readonly random: Random;
}

/** Dense layers down to the code, and the same layers in reverse from it. */
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

/** Draws codes as mean + deviation * noise, so that gradients reach both. */
export function drawCodes({ mean, logVariance }: Encoding, random: Random): Codes {
  if (logVariance === undefined) return mean;
  return mean.add(logVariance.mul(0.5).exp().mul(random.normal(mean.shape))) as Codes;
}

/** Decodes codes to digits, with pixels from 0 to 1. */
export function decoded(model: Autoencoder, codes: Codes): Images {
  return noGrad(() => model.decode(codes).sigmoid().reshape([codes.shape[0], 1, 28, 28]));
}
