/** A dataset that the tests read in this thread and in workers. The workers run this module. */

import type { Random } from '@tapegrad/core';
import { Dataset, fromTensors, serveExamples } from '@tapegrad/data';

export type Batch = {
  readonly x: import('@tapegrad/core').Tensor;
  readonly y: import('@tapegrad/core').Tensor;
  readonly name: readonly string[];
};

const rows = fromTensors({
  x: new Float32Array(20).map((_, i) => i),
  y: Int32Array.from({ length: 20 }, (_, i) => i),
});

export const dataset = rows
  .augment(({ x, y }, random) => ({ x: x.add(random.next()), y, name: `row ${y.item()}` }))
  .map((row) => row);

export const augment = ({ x, ...rest }: Batch, random: Random): Batch => ({ x: x.mul(random.next()), ...rest });

/** A dataset with an example that can't be read, and another that ends the process. */
export const broken = new Dataset(20, async (i) => {
  if (i === 7) throw new RangeError('no such file');
  return i;
});

const query = (globalThis as { readonly serve?: string }).serve;
if (query === 'broken') serveExamples({ dataset: broken });
else if (query === 'tensors') serveExamples({ dataset: rows });
else if (query === 'short') serveExamples({ dataset: rows.subset([1, 2]) });
else if (query === 'dying') serveExamples({ dataset: new Dataset(20, () => process.exit(3)) });
else if (query === 'throwing') throw new Error('no data here');
else if (query === 'examples') serveExamples<unknown, Batch>({ dataset, augment });
