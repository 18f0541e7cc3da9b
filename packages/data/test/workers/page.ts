/** The test page: it reads batches in its main thread and in workers. */

import { Random } from '@tapegrad/core';
import { DataLoader } from '@tapegrad/data';
import { augment, type Batch, dataset } from './examples.ts';

const bits = ({ x, y, name }: Batch) => [x.shape, [...x.data], [...y.data], name];

async function epochs(workers: boolean): Promise<unknown[]> {
  const loader = new DataLoader<unknown, Batch>(dataset, {
    ...{ batchSize: 3, random: new Random(1), augment },
    ...(workers && { workers: { count: 2, module: new URL('./worker.js', import.meta.url) } }),
  });
  const read: unknown[] = [];
  for (let epoch = 0; epoch < 2; epoch++) for await (const batch of loader) read.push(bits(batch));
  loader.close();
  return read;
}

Object.assign(globalThis, { outcome: Promise.all([epochs(false), epochs(true)]) });
