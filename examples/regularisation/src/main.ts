/** Overfits a wide network to a few digits, and shows the effect of weight decay and dropout. */

import { join } from 'node:path';

import { loadDigits } from '@tapegrad/example-toolkit/digits';
import { readOptions } from '@tapegrad/example-toolkit/options';
import { PICTURE_BYTES, writePicture } from '@tapegrad/example-toolkit/picture-file';
import { percent, print, runProgram } from '@tapegrad/example-toolkit/program';
import { Progress } from '@tapegrad/example-toolkit/progress';
import { TextTable } from '@tapegrad/example-toolkit/text-table';
import { tryFolder } from '@tapegrad/files/node';
import { ABOUT, OPTIONS } from './options.ts';
import { regularisationPicture } from './picture.ts';
import { DECAYS, type Dose, RATES, spreadOf, sweep } from './sweep.ts';

const options = readOptions(ABOUT, OPTIONS);

await runProgram(async () => {
  tryFolder(options.out, PICTURE_BYTES);
  const train = loadDigits('train', options.digits);
  const test = loadDigits('test', options.test);
  const seeds = Array.from({ length: options.seeds }, (_, i) => options.seed + i);

  const total = (DECAYS.length + RATES.length) * seeds.length;
  const progress = new Progress({ label: 'trials', total, unit: 'trials', quiet: options.quiet });
  let done = 0;
  const onTrial = () => progress.update(++done, `${done} of ${total}`);
  const settings = { ...options, train, test, seeds, onTrial };
  const decays = sweep(DECAYS, (weightDecay) => ({ weightDecay, dropout: 0 }), settings);
  const rates = sweep(RATES, (dropout) => ({ weightDecay: 0, dropout }), settings);
  progress.stop();

  printDoses('weight decay', decays);
  printDoses('dropout', rates);
  const subtitle =
    `${train.count} digits, two hidden layers of ${options.hidden}, ${options.epochs} epochs; ` +
    `mean and range of ${seeds.length} seeds.`;
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
