/** Uses the origin private file system in a page or its worker. The result is in `globalThis.outcome` or a message. */

import { Random, tensor } from '@tapegrad/core';
import { encodeSafetensors, loadState, openSafetensors, stateDict } from '@tapegrad/files';
import { loadOpfs, opfsSource, restoreOpfs, saveOpfs, writeOpfs } from '@tapegrad/files/browser';
import { Dense } from '@tapegrad/nn';
import { Adam } from '@tapegrad/optim';

const make = (seed: number) => {
  const random = new Random(seed);
  const model = new Dense(30, 20, { random });
  return { model, optimizer: new Adam(model.parameters(), { learningRate: 0.1 }), random };
};

const messageOf = async (work: () => Promise<unknown>): Promise<string> => {
  try {
    await work();
    return 'none';
  } catch (error) {
    return `${(error as Error).name}: ${(error as Error).message}`;
  }
};

/** Saves, resumes, reads in pieces, replaces, and reads what is missing or damaged. */
async function run(folder: string): Promise<Readonly<Record<string, unknown>>> {
  const at = (name: string) => `${folder}/runs/1/${name}`;
  const first = make(1);
  first.optimizer.minimize(() => first.model.forward(tensor([Array<number>(30).fill(1)])).sum());
  await saveOpfs(at('last.checkpoint'), { ...first, epoch: 4 });
  const second = make(2);
  const rest = await restoreOpfs(at('last.checkpoint'), second);
  const weights = (model: Dense<30, 20>) => String([...model.weight.data]);
  const resumed =
    weights(first.model) === weights(second.model) && String(first.random.state) === String(second.random.state);

  const dict = stateDict(first.model);
  await writeOpfs(at('model.safetensors'), encodeSafetensors(dict));
  const file = await openSafetensors(await opfsSource(at('model.safetensors')));
  const row = await file.read('weight', { start: 3, end: 4 });
  const third = make(3).model;
  loadState(third, { weight: await file.read('weight'), bias: await file.read('bias') });

  await saveOpfs(at('last.checkpoint'), { epoch: 5 });
  const replaced = await loadOpfs(at('last.checkpoint'));
  const source = await opfsSource(at('last.checkpoint'));
  const bytes = (await source.read(0, source.size)).slice();
  bytes[bytes.length - 2]! ^= 1;
  await writeOpfs(at('damaged.checkpoint'), bytes);
  return {
    ...{ rest, resumed, replaced },
    row: [row.shape, String([...row.data]) === String([...dict['weight']!.data.slice(90, 120)])],
    loaded: weights(third) === weights(first.model),
    missing: await messageOf(() => loadOpfs(at('none'))),
    damaged: await messageOf(() => loadOpfs(at('damaged.checkpoint'))),
  };
}

/** The part of the DOM used here. */
interface Host {
  readonly document?: object;
  readonly Worker: new (url: string, options: object) => { onmessage: (message: { readonly data: unknown }) => void };
  postMessage(message: unknown): void;
  outcome?: unknown;
}

const host = globalThis as unknown as Host;
if (host.document === undefined) run('worker').then((outcome) => host.postMessage(outcome));
else {
  const page = await run('page');
  const worker = new host.Worker('page.js', { type: 'module' });
  worker.onmessage = ({ data }) => {
    host.outcome = { page, worker: data };
  };
}
