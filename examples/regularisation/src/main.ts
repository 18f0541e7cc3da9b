/** Overfits a wide network to a few digits, and shows the effect of weight decay and dropout. */

import { join } from 'node:path';
import { fromTensors, StandardScaler } from '@tapegrad/data';
import { mnist, type Split } from '@tapegrad/data/datasets';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { percent, print, runProgram } from '@tapegrad/example-toolkit/program';
import { TextTable } from '@tapegrad/example-toolkit/text-table';
import { useWideVectors } from '@tapegrad/example-toolkit/vectors';
import { tryFolder } from '@tapegrad/files/node';
import { ABOUT, OPTIONS } from './options.ts';
import { regularisationPicture } from './picture.ts';
import { DECAYS, type Dose, RATES, spreadOf, sweep } from './sweep.ts';
import type { Digits } from './trial.ts';

const options = readOptions(ABOUT, OPTIONS);
/** Scales the pixels by the mean and the standard deviation of all training digits. */
const scaler = new StandardScaler().load({ mean: [0.1307], std: [0.3081] });

async function load(part: Split, limit: number): Promise<Digits> {
  const { x, y } = await mnist(part, { limit });
  return fromTensors({ x: scaler.apply(x), y });
}

await runProgram(async () => {
  useWideVectors();
  tryFolder(options.out, PICTURE_BYTES);
  const [train, test] = [await load('train', options.digits), await load('test', options.test)];
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i);
  const settings = (label: string) => ({ ...options, train, test, seeds, label: options.quiet ? undefined : label });
  const decays = await sweep(DECAYS, (weightDecay) => ({ weightDecay, dropout: 0 }), settings('weight decay'));
  printDoses('weight decay', decays);
  const rates = await sweep(RATES, (dropout) => ({ weightDecay: 0, dropout }), settings('dropout'));
  printDoses('dropout', rates);
  const subtitle =
    `${train.length} digits, two hidden layers of ${options.hidden}, ${options.epochs} epochs; ` +
    `mean and range of ${seeds.length} seed${seeds.length === 1 ? '' : 's'}.`;
  await writePicture(join(options.out, 'regularisation'), regularisationPicture({ decays, rates }, subtitle));
});

function printDoses(remedy: string, doses: readonly Dose[]): void {
  const range =
    (of: 'train' | 'test') =>
    ({ errors }: Dose) => {
      const { mean, low, high } = spreadOf(errors, of);
      return `${percent(mean)} (${percent(low)} to ${percent(high)})`;
    };
  const table = new TextTable<Dose>(
    [
      { title: remedy, cell: ({ amount }) => `${amount}`, align: 'left' },
      { title: 'wrong in training', cell: range('train') },
      { title: 'wrong in the test', cell: range('test') },
    ],
    28,
  );
  print(table.heading());
  for (const dose of doses) print(table.row(dose));
  print('');
}
