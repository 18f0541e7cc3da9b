import { helpText, type OptionTable, parseOptions } from '@tapegrad/example-toolkit/options';
import { describe, expect, expectTypeOf, test } from 'vitest';

const table = {
  epochs: { kind: 'whole', default: 4, min: 1, help: 'passes over the data' },
  learningRate: { kind: 'number', default: 0.1, min: 0, alias: 'lr', help: 'step size' },
  dropout: { kind: 'number', default: 0.2, min: 0, max: 0.9, help: 'share of units left out' },
  hidden: { kind: 'wholes', default: [256, 128], min: 1, help: 'widths of the hidden layers' },
  seed: { kind: 'whole', default: 42, help: 'of the random numbers' },
  out: { kind: 'path', default: 'out', help: 'folder for results' },
  evaluate: { kind: 'path', help: 'weights to test' },
  quiet: { kind: 'flag', help: 'shows no progress' },
  full: { kind: 'flag', sets: { epochs: 40, hidden: [512, 256] }, help: 'the long run' },
} as const satisfies OptionTable;

const defaults = {
  epochs: 4,
  learningRate: 0.1,
  dropout: 0.2,
  hidden: [256, 128],
  seed: 42,
  out: 'out',
  evaluate: undefined,
  quiet: false,
  full: false,
};

describe('parseOptions', () => {
  test.each([
    ['', {}],
    ['--epochs 10', { epochs: 10 }],
    ['--epochs=10 --epochs 3', { epochs: 3 }],
    ['--learning-rate 0.5', { learningRate: 0.5 }],
    ['--lr 1e-3', { learningRate: 0.001 }],
    ['--seed=-1', { seed: -1 }],
    ['--hidden 64,32', { hidden: [64, 32] }],
    ['--evaluate a/b=c --out x', { evaluate: 'a/b=c', out: 'x' }],
    ['--quiet', { quiet: true }],
    ['--full', { full: true, epochs: 40, hidden: [512, 256] }],
    ['--epochs 3 --full', { full: true, epochs: 3, hidden: [512, 256] }],
  ])('reads "%s"', (line, expected) => {
    const args = line === '' ? [] : line.split(' ');
    expect(parseOptions(table, args)).toEqual({ ...defaults, ...expected });
  });

  test.each([
    ['--epoch 3', 'there is no option --epoch'],
    ['-e 3', 'there is no option -e'],
    ['--learningRate 3', 'there is no option --learningRate'],
    ['--no-quiet', 'there is no option --no-quiet'],
    ['--__proto__ 3', 'there is no option --__proto__'],
    ['3', "'3' is not an option"],
    ['--epochs', '--epochs wants a value'],
    ['--epochs=', '--epochs wants a value'],
    ['--quiet=yes', '--quiet takes no value'],
    ['--epochs 1.5', "--epochs wants an integer, 1 or more, got '1.5'"],
    ['--epochs 0', "--epochs wants an integer, 1 or more, got '0'"],
    ['--epochs ten', "--epochs wants an integer, 1 or more, got 'ten'"],
    ['--epochs 1e400', "--epochs wants an integer, 1 or more, got '1e400'"],
    ['--dropout 1', "--dropout wants a number from 0 to 0.9, got '1'"],
    ['--lr NaN', "--learning-rate wants a number, 0 or more, got 'NaN'"],
    ['--hidden 64', "--hidden wants 2 numbers with commas, got '64'"],
    ['--hidden 64,', "--hidden wants an integer, 1 or more, got ''"],
  ])('refuses "%s"', (line, message) => {
    expect(() => parseOptions(table, line.split(' '))).toThrow(message);
  });

  test('gives each option its type', () => {
    const options = parseOptions(table, []);
    expectTypeOf(options.epochs).toEqualTypeOf<number>();
    expectTypeOf(options.hidden).toEqualTypeOf<readonly [number, number]>();
    expectTypeOf(options.out).toEqualTypeOf<string>();
    expectTypeOf(options.evaluate).toEqualTypeOf<string | undefined>();
    expectTypeOf(options.quiet).toEqualTypeOf<boolean>();
  });
});

test('helpText lists every option with its default', () => {
  expect(helpText('Trains.', table)).toBe(`Trains.

Options:
  --epochs N               passes over the data [4]
  --learning-rate, --lr X  step size [0.1]
  --dropout X              share of units left out [0.2]
  --hidden N,N,…           widths of the hidden layers [256,128]
  --seed N                 of the random numbers [42]
  --out PATH               folder for results [out]
  --evaluate PATH          weights to test
  --quiet                  shows no progress
  --full                   the long run [--epochs 40 --hidden 512,256]
  --help                   shows this list
`);
});
