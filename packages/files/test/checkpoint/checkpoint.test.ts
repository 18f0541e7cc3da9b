/** Checkpoints: saving, loading, and rejected files. */

import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Random, tensor } from '@tapegrad/core';
import {
  decodeCheckpoint,
  decodeSafetensors,
  encodeCheckpoint,
  encodeSafetensors,
  FormatError,
  restoreState,
} from '@tapegrad/files';
import { load, restore, save } from '@tapegrad/files/node';
import { BatchNorm1d, Dense, Dropout, LSTM, ReLU, Sequential } from '@tapegrad/nn';
import {
  Adam,
  accumulate,
  EarlyStopping,
  ema,
  GradientChain,
  LBFGS,
  ReduceOnPlateau,
  SGD,
  WeightAverage,
} from '@tapegrad/optim';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';
import { sumOf } from '../checksum/sum-of.ts';

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
afterAll(() => rmSync(folder, { recursive: true }));
const roundTrip = (value: unknown): unknown => decodeCheckpoint(encodeCheckpoint(value));

function running(seed: number, width = 3) {
  const random = new Random(seed);
  const model = new Sequential(
    new Dense(2, width, { random }),
    new BatchNorm1d(width),
    new ReLU(),
    new Dropout(0.5, { random }),
  );
  const optimizer = new Adam(model.parameters(), { learningRate: 0.1 });
  const average = new WeightAverage(model.parameters(), { decay: 0.9 });
  const chain = new GradientChain(model.parameters(), [accumulate(2), ema(0.9)]);
  return { model, optimizer, random, average, chain, stopping: new EarlyStopping({ patience: 3 }) };
}

function step({ model, optimizer, random, average, chain, stopping }: ReturnType<typeof running>): number[] {
  const loss = model
    .forward(random.normal([4, 2]))
    .pow(2)
    .mean();
  const gradients = chain.apply(loss.backward());
  if (gradients !== undefined) optimizer.step(gradients);
  average.update();
  stopping.update(loss.item());
  return [...model.parameters().flatMap(({ data }) => [...data]), loss.item()];
}

describe('a tree', () => {
  test('of every kind of value comes back', () => {
    const tree = {
      text: 'ü "quoted"',
      numbers: [1, -0, Number.NaN, Infinity, -Infinity, 1e-300],
      nothing: [null, undefined],
      flags: { on: true, off: false },
      big: 12345678901234567890n,
      map: new Map<unknown, unknown>([
        [1, 'one'],
        ['two', [2]],
      ]),
      set: new Set(['a', 3]),
      $: 'a key of ours',
      inner: { $: { $: 1 } },
      ['__proto__']: { polluted: true },
      bytes: Uint8Array.of(1, 2, 255),
      clamped: Uint8ClampedArray.of(7),
      bigs: BigInt64Array.of(-1n, 2n ** 62n),
      unsigned: [BigUint64Array.of(2n ** 63n), Uint32Array.of(2 ** 32 - 1), Uint16Array.of(65535), Int8Array.of(-1)],
      floats: [Float32Array.of(1.5, Number.NaN), Float64Array.of(Math.PI), Int16Array.of(-5), Int32Array.of(9)],
      empty: { list: [], record: {}, array: new Float32Array(0) },
    };
    const back = roundTrip(tree);
    expect(back).toEqual(tree);
    expect(Object.is((back as typeof tree).numbers[1], -0)).toBe(true);
    expect(Object.hasOwn(back as object, '__proto__')).toBe(true);
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  test.each([3, 'x', null, undefined, [], {}, Float32Array.of(1)])('may be %o alone', (value) => {
    expect(roundTrip(value)).toEqual(value);
  });

  test('of tensors comes back as their elements, under names that other programs read', () => {
    const bytes = encodeCheckpoint({
      model: { 'a.b': tensor([[1, 2]]), a: { b: tensor([true]) } },
      x: Float32Array.of(3),
    });
    expect(decodeCheckpoint(bytes)).toEqual({
      model: {
        'a.b': { dtype: 'float32', shape: [1, 2], data: Float32Array.of(1, 2) },
        a: { b: { dtype: 'bool', shape: [1], data: Uint8Array.of(1) } },
      },
      x: Float32Array.of(3),
    });
    expect(Object.keys(decodeSafetensors(bytes).tensors)).toEqual(['model.a.b', 'model.a.b (2)', 'x']);
  });

  test('of any JSON comes back', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(roundTrip(value)).toEqual(value);
      }),
    );
  });

  const cyclic: unknown[] = [];
  cyclic.push([cyclic]);
  let deep: unknown = [];
  for (let i = 0; i < 600; i++) deep = [deep];
  test.each([
    [{ f: () => 1 }, "'f' is a function, expected plain data, arrays, or an object with state() and load(state)"],
    [{ at: { when: new Date(0) } }, "'at.when' is a Date, expected plain data"],
    [{ s: Symbol('x') }, "'s' is Symbol(x)"],
    [{ cyclic }, /'cyclic[.0]*' contains itself/],
    [{ deep }, 'is nested more than 500 deep'],
  ])('%# is refused by its path', (tree, message) => {
    expect(() => encodeCheckpoint(tree)).toThrow(message);
  });
});

describe('a run', () => {
  test('goes on with the same bits', () => {
    const path = join(folder, 'new', 'run.checkpoint');
    const first = running(1);
    for (let i = 0; i < 3; i++) step(first);
    save(path, { ...first, progress: { epoch: 2, best: Infinity } });
    const expected = [step(first), step(first), step(first)];

    const second = running(2);
    expect(restore(path, second)).toEqual({ progress: { epoch: 2, best: Infinity } });
    expect([step(second), step(second), step(second)]).toEqual(expected);
    expect(readdirSync(join(folder, 'new'))).toEqual(['run.checkpoint']);
  });

  test('may be in lists and groups, and each object alone', () => {
    const [a, b] = [running(1), running(2)];
    const tree = roundTrip({ nets: [a.model, { random: a.random }], note: 'x', more: { kept: 1, model: a.model } });
    const rest = restoreState(tree, { nets: [b.model, { random: b.random }], more: { model: b.model } });
    expect(rest).toEqual({ note: 'x', more: { kept: 1 } });
    expect(b.random.state).toEqual(a.random.state);
    const path = join(folder, 'model');
    save(path, a.model);
    const c = running(3);
    expect(restore(path, c.model)).toBeUndefined();
    expect(c.model.state()).toEqual(a.model.state());
    const names = Object.keys(decodeSafetensors(new Uint8Array(readFileSync(path))).tensors);
    expect(names).toEqual(Object.keys(a.model.state()));
  });

  test('may have a state of its own in a plain object', () => {
    let count = 3;
    const counter = {
      state: () => ({ count }),
      load: (state: { readonly count: number }) => {
        count = state.count;
      },
    };
    const tree = roundTrip({ counter, state: 'a key' });
    expect(tree).toEqual({ counter: { count: 3 }, state: 'a key' });
    count = 0;
    expect(restoreState(tree, { counter })).toEqual({ state: 'a key' });
    expect(count).toBe(3);
  });

  test.each([
    ['LBFGS', (w: Dense) => new LBFGS(w.parameters(), {})],
    ['ReduceOnPlateau', (w: Dense) => new ReduceOnPlateau(w.weight.size)],
  ] as const)('%s has a state', (_, make) => {
    const model = new Dense(2, 1, { random: new Random(1) });
    const object = make(model);
    if (object instanceof LBFGS)
      object.step(() =>
        model
          .forward(tensor([[1, 2]]))
          .pow(2)
          .sum(),
      );
    else object.update(3);
    const other = make(model);
    restoreState(roundTrip({ object }), { object: other });
    expect(other.state()).toEqual(object.state());
  });

  test('that does not fit leaves every object as it was', () => {
    const path = join(folder, 'fits');
    save(path, { model: running(1).model, optimizer: running(1).optimizer, random: new Random(7) });
    const { model, random } = running(2);
    const optimizer = new SGD(model.parameters(), { learningRate: 0.1 });
    const before = [model.state(), optimizer.state(), random.state];
    expect(() => restore(path, { model, random, optimizer })).toThrow(FormatError);
    expect(() => restore(path, { model, random, optimizer })).toThrow(
      "fits: the state of 'optimizer' does not fit: SGD.load: unknown option",
    );
    expect(() => restore(path, { model, lstm: new LSTM(1, 1) })).toThrow(
      'fits: the checkpoint has no lstm; it has model, optimizer, random',
    );
    expect(() => restore(path, { model: running(1, 4).model })).toThrow(
      "the state of 'model' does not fit: load: '0.weight' has",
    );
    expect(() => restore(path, { model: [random] })).toThrow("fits: 'model' is an object, expected parts of it");
    expect(() => restore(path, { model: 3 })).toThrow("'model' is 3, expected an object with state() and load(state)");
    expect([model.state(), optimizer.state(), random.state]).toEqual(before);
  });

  test('of another arithmetic goes on, with a warning', () => {
    const bytes = encodeCheckpoint({ random: new Random(1) });
    const warnings: string[] = [];
    decodeCheckpoint(bytes, { warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([]);
    const path = join(folder, 'other');
    // Our checkpoint as an engine with other rounding would write it, with a new checksum.
    const text = Buffer.from(bytes).toString('latin1');
    const engine = /"engine":"([^"]*)"/.exec(text)![1]!;
    const other = engine.includes('without') ? engine.replace('without', 'withold') : engine.replace('with', 'wide');
    writeFileSync(path, Buffer.from(resummed(text.replace(engine, other)), 'latin1'));
    load(path, { warn: (message) => warnings.push(message) });
    expect(warnings).toEqual([`${path}: written by ${other}, continued with ${engine}: the last digits will differ`]);
  });
});

/** Returns a changed file with the right checksum. */
function resummed(text: string): string {
  const zeroed = text.replace(/"xxh64":"[0-9a-f]{16}"/, `"xxh64":"${'0'.repeat(16)}"`);
  const sum = sumOf(Buffer.from(zeroed, 'latin1'));
  return zeroed.replace('0'.repeat(16), sum);
}

describe('a file', () => {
  test('is refused where any of its bytes was changed', () => {
    const path = join(folder, 'changed');
    save(path, { model: new Dense(2, 3), note: 'x' });
    const whole = readFileSync(path);
    for (let place = 0; place < whole.length; place++) {
      const changed = Buffer.from(whole);
      changed[place]! ^= 1;
      writeFileSync(path, changed);
      expect(() => load(path), `byte ${place}`).toThrow(FormatError);
    }
    for (let length = 0; length < whole.length; length += 7) {
      writeFileSync(path, whole.subarray(0, length));
      expect(() => load(path), `${length} bytes`).toThrow(FormatError);
    }
    writeFileSync(path, whole);
    expect(load<{ note: string }>(path).note).toBe('x');
  });

  const tree = (json: string, version = '2') => {
    const metadata = { xxh64: '0'.repeat(16), format: 'tapegrad checkpoint', version, tree: json };
    const bytes = encodeSafetensors({ x: tensor([1]) }, { metadata });
    return Buffer.from(resummed(Buffer.from(bytes).toString('latin1')), 'latin1');
  };
  test.each([
    ['no file', undefined, 'there is no such file'],
    ['a text', Buffer.from('hello'), 'truncated: expected 8 bytes or more, got 5'],
    ['tensors', Buffer.from(encodeSafetensors({ x: tensor([1]) })), 'expected a checkpoint, which save() writes'],
    ['a version of later', tree('3', '3'), 'is a checkpoint of version 3, expected 2'],
    ['a tree that is no JSON', tree('{'), 'the tree of the checkpoint is not JSON'],
    ['an unknown kind', tree('{"$":"Function"}'), "has an unknown kind, 'Function'"],
    ['an inherited kind', tree('{"$":"toString"}'), "has an unknown kind, 'toString'"],
    ['an array that is not there', tree('{"$":"tensor","tensor":"y"}'), "has an array 'y', which is missing"],
    ['an array of another type', tree('{"$":"Int32Array","tensor":"x"}'), "expected 'x' to be of int32, got F32"],
    ['a map without entries', tree('{"$":"map"}'), "has 'map' without entries"],
    ['a map of numbers', tree('{"$":"map","entries":[3]}'), 'has an entry that is 3'],
    ['a bigint of words', tree('{"$":"bigint","value":"x"}'), "has a bigint of 'x'"],
    ['a tree too deep', tree(`${'['.repeat(5000)}${']'.repeat(5000)}`), 'is nested too deeply'],
  ])('is refused that has %s', (name, bytes, message) => {
    const path = join(folder, name.replaceAll(' ', '-'));
    if (bytes !== undefined) writeFileSync(path, bytes);
    expect(() => load(path)).toThrow(FormatError);
    expect(() => load(path)).toThrow(message);
  });
});
