/** The models that are compared. */

import type { Random } from '@tapegrad/core';
import { AttentiveModel, type LanguageModel, RecurrentModel } from './models.ts';

export interface Entrant {
  readonly name: string;
  /** The name of its folder. */
  readonly key: string;
  /** The width, the number of layers, and the number of heads if it has any. */
  readonly sizes: readonly number[];
  readonly learningRate: number;
  /** Makes the model, for a number of distinct characters. */
  readonly make: (size: number, random: Random) => LanguageModel;
}

export interface EntrantOptions {
  readonly lstm: readonly [width: number, layers: number];
  readonly gpt: readonly [width: number, layers: number, heads: number];
  readonly lstmRate: number;
  readonly gptRate: number;
  readonly dropout: number;
  readonly context: number;
}

export const entrantsOf = ({ lstm, gpt, lstmRate, gptRate, dropout, context }: EntrantOptions): Entrant[] => [
  {
    name: 'LSTM',
    key: 'lstm',
    sizes: lstm,
    learningRate: lstmRate,
    make: (size, random) => new RecurrentModel({ size, width: lstm[0], layers: lstm[1], dropout, random }),
  },
  {
    name: 'GPT',
    key: 'gpt',
    sizes: gpt,
    learningRate: gptRate,
    make: (size, random) =>
      new AttentiveModel({ size, width: gpt[0], layers: gpt[1], heads: gpt[2], dropout, context, random }),
  },
];
