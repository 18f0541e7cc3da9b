/**
 * Every layer, function and loss, with a missing or wrong argument: throws one of our errors, which begins with the
 * name that was called, never an error of the engine.
 */

import { ArgumentError, DTypeError, ones, ShapeError, type Tensor } from '@tapegrad/core';
import * as nn from '@tapegrad/nn';
import { describe, expect, test } from 'vitest';
import {
  all,
  type Callable,
  type Class,
  called,
  images,
  int32,
  isClass,
  made,
  maps,
  names,
  others,
  own,
  rows,
} from './subjects.ts';

test('every class and function of the package is on trial', () => {
  expect(names.filter(isClass).toSorted()).toEqual([...Object.keys(made), ...others].toSorted());
  expect(names.filter((name) => !isClass(name)).toSorted()).toEqual(Object.keys(called).toSorted());
});

const ours = [ArgumentError, ShapeError, DTypeError];

/** Runs a function that must throw one of our errors, and returns its message. */
function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(
      ours.some((kind) => error instanceof kind),
      String((error as Error).stack),
    ).toBe(true);
    return (error as Error).message;
  }
  throw new Error('nothing was thrown');
}

describe('a class without an argument that it needs', () => {
  const needing = Object.entries(made).filter(([, args]) => args.length > 0);

  test.each(needing)('%s', (name, args) => {
    const Class = all[name] as Class;
    expect(() => new Class(...args)).not.toThrow();
    args.forEach((_, i) => {
      const message = refusal(() => new Class(...args.slice(0, i)));
      expect(message.startsWith(`${name}: `), message).toBe(true);
      expect(message).not.toContain('is undefined');
      for (const wrong of [null, {}, 'x', Number.NaN]) {
        const other = refusal(() => new Class(...args.with(i, wrong)));
        expect(other.startsWith(`${name}: `), other).toBe(true);
      }
    });
  });
});

/** Functions that are also methods, and give some messages by the name of the method. */
const methodOf: Readonly<Record<string, string>> = { loadModule: 'load' };

describe('a function without an argument that it needs', () => {
  test.each(Object.entries(called))('%s', (name, args) => {
    const run = all[name] as Callable;
    expect(() => run(...args)).not.toThrow();
    args.forEach((arg, i) => {
      if (arg === undefined) return;
      for (const message of [
        refusal(() => run(...args.slice(0, i))),
        ...[null, 'x', [[1]]].map((wrong) => refusal(() => run(...args.with(i, wrong)))),
      ]) {
        const isNamed = [name, methodOf[name]].some((call) => message.startsWith(`${call}: `));
        expect(isNamed, message).toBe(true);
      }
    });
  });
});

describe('an input of another dtype is refused by the layer’s name, or its function’s', () => {
  const inputs: Readonly<Record<string, readonly Tensor[]>> = {
    Bilinear: [rows, rows],
    BatchNorm2d: [images],
    GRU: [ones([1, 2, 2])],
    GRUCell: [rows, ones([2, 2])],
    LSTM: [ones([1, 2, 2])],
    RNN: [ones([1, 2, 2])],
    RNNCell: [rows, ones([2, 2])],
    TransformerDecoder: [rows, rows],
    TransformerDecoderLayer: [rows, rows],
  };
  const windowed = /^(Conv|MaxPool|AvgPool|AdaptiveAvg|GlobalAvg|PixelShuffle|Upsample|Dropout[12])/;
  const inputOf = (name: string): readonly Tensor[] =>
    inputs[name] ?? (windowed.test(name) ? [name.endsWith('1d') ? maps : images] : [rows]);

  const layers = Object.keys(made).filter(
    (name) => !['LSTMCell', 'Embedding', 'Sequential', 'Residual'].includes(name),
  );

  test.each(layers)('%s', (name) => {
    const layer = new (all[name] as Class)(...made[name]!);
    const word = new RegExp(`^${name.replace(/(Cell|Layer)?$/, '')}`, 'i');
    const within = /^(Weight|Spectral)Norm$/.test(name) ? /^dense/ : word;
    for (const dtype of ['int32', 'float64', 'bool'] as const) {
      try {
        layer.forward(...inputOf(name).map((x) => x.cast(dtype)));
      } catch (error) {
        expect(error).toBeInstanceOf(DTypeError);
        expect((error as Error).message).toMatch(within);
        expect((error as Error).message).toContain(dtype);
      }
    }
  });

  test('an int32 input to a dense layer, deep in a model', () => {
    const model = new nn.Sequential(new nn.Sequential(new nn.Dense(2, 2, own)));
    expect(refusal(() => model.forward(int32([[1, 2]]) as never))).toBe(
      'dense: expected an input of float32, like the weight, got int32; cast one of them first (in layer 0.0, Dense(2, 2))',
    );
  });
});

test('a kernel that is missing is told', () => {
  expect(() => new nn.Conv2d(1, 16, undefined as never)).toThrow(
    'Conv2d: expected a kernel size as an integer of at least 1, or 2 of them, got none',
  );
});
