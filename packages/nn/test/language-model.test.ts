/** A small language model whose embedding and output share a weight: it learns a text, and continues it using caches. */

import { noGrad, Random, type Tensor, tensor } from '@tapegrad/core';
import { crossEntropy, dense, Embedding, type KeyValueCache, Module, TransformerEncoder } from '@tapegrad/nn';
import { Adam } from '@tapegrad/optim';
import { expect, test } from 'vitest';

const text = 'the cat sat on the mat; ';
const letters = [...new Set(text)];
const idsOf = (from: number, length: number): number[] =>
  Array.from({ length }, (_, i) => letters.indexOf(text[(from + i) % text.length]!));

class LanguageModel extends Module {
  readonly embedding: Embedding;
  readonly blocks: TransformerEncoder;

  constructor(random: Random) {
    super();
    const options = { normFirst: true, activation: 'gelu', rotary: true, random } as const;
    this.embedding = new Embedding(letters.length, 24, { random });
    this.blocks = new TransformerEncoder(2, 24, 2, options);
  }

  /** Maps indices [batch, length] to the logits of the next letters, [batch, length, letters]. */
  forward(indices: Tensor, caches: readonly KeyValueCache[] | undefined = undefined): Tensor {
    const options = caches === undefined ? { causal: true } : { causal: true, caches };
    const hidden = this.blocks.forward(this.embedding.forward(indices) as Tensor, options) as Tensor;
    return dense(hidden, (this.embedding.weight as Tensor).transpose());
  }

  /** Returns the most likely next letters, one after the other. */
  goOn(start: string, length: number): string {
    const caches = this.blocks.caches();
    let next = [...start].map((letter) => letters.indexOf(letter));
    let written = start;
    for (let i = 0; i < length; i++) {
      const logits = noGrad(() => this.forward(tensor([next], { dtype: 'int32' }), caches));
      next = [logits.index(0, -1).argmax().item()];
      written += letters[next[0]!];
    }
    return written;
  }
}

test('learns a text, and goes on with it', () => {
  const random = new Random(3);
  const model = new LanguageModel(random);
  const optimizer = new Adam(model.parameters(), { learningRate: 0.01 });
  for (let step = 0; step < 60; step++) {
    const starts = Array.from(random.integers([4], 0, text.length).data);
    const [x, y] = [0, 1].map((shift) =>
      tensor(
        starts.map((start) => idsOf(start + shift, 32)),
        { dtype: 'int32' },
      ),
    );
    const logits = model.forward(x!).reshape([4 * 32, letters.length]);
    optimizer.step(crossEntropy(logits, y!.reshape([4 * 32]) as never).backward());
  }
  expect(model.goOn('the cat', 24)).toBe(`${text}the cat`);
});
