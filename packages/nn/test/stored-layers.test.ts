/** Compares embeddings and bilinear layers with PyTorch's values (data/make_layers.py). */

import { Bilinear, type BilinearOptions, Embedding, type EmbeddingOptions } from '@tapegrad/nn';
import { describeStored } from './stored.ts';

describeStored(
  'layers.json',
  {
    Embedding: ([count, dim]: [number, number], options: EmbeddingOptions) => {
      const layer = new Embedding(count, dim, options);
      return { layer, run: (indices) => layer.forward(indices!) };
    },
    Bilinear: ([in1, in2, out]: [number, number, number], options: BilinearOptions) => {
      const layer = new Bilinear(in1, in2, out, options);
      return { layer, run: (x, y) => layer.forward(x!, y!) };
    },
  },
  1e-5,
);
