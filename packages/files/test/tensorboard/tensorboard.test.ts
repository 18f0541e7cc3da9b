import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { ArgumentError, Random, tensor } from '@tapegrad/core';
import { FormatError } from '@tapegrad/files';
import { encodePng, tensorImage } from '@tapegrad/files/images';
import { eventFile } from '@tapegrad/files/node';
import { decodeEvents, EventWriter, type LogEvent } from '@tapegrad/files/tensorboard';
import { describe, expect, test } from 'vitest';
import { checkOurs, storedBytes, storedJson } from '../stored.ts';

/** Returns the bytes that a function writes, with a fake clock that counts seconds. */
function written(write: (log: EventWriter) => void): Uint8Array {
  const pieces: Uint8Array[] = [];
  let now = 1_700_000_000;
  write(new EventWriter({ write: (bytes) => void pieces.push(bytes) }, { now: () => now++ }));
  return new Uint8Array(Buffer.concat(pieces));
}

const weights = new Random(1).normal([50, 20]);
const picture = encodePng(tensorImage(tensor([[0, 0.5, 1]])));

const ours = written((log) => {
  for (const [step, loss] of [2.5, 0.1, Number.NaN, Infinity].entries()) log.scalar('loss/train', loss, step);
  log.scalar('rate', 1e-3, 2 ** 40);
  log.histogram('weights', weights, 1);
  log.histogram('constant', [3, 3, 3], 2);
  log.histogram('none', [Number.NaN], 3);
  log.image('picture', picture, 4);
  log.text('notes', '**größer** als | vorher', 5);
});

interface Read {
  readonly version: number;
  readonly scalars: Record<string, [wallTime: number, step: number, value: string][]>;
  readonly histograms: Record<string, [number, number, number, number, number, number[], number[]]>;
  readonly images: Record<string, [step: number, width: number, height: number, bytes: number[]][]>;
  readonly texts: Record<string, [step: number, text: string][]>;
}

describe('what TensorBoard reads of a file that we wrote', () => {
  test('the file is the one that it read', () => {
    checkOurs('tensorboard/ours.tfevents', ours);
  });

  const read = storedJson<Read>('tensorboard/ours.json');

  test('scalars', () => {
    expect(read.version).toBe(2);
    expect(read.scalars['loss/train']?.map(([, step, value]) => [step, value])).toEqual([
      [0, '2.5'],
      [1, String(Math.fround(0.1))],
      [2, 'nan'],
      [3, 'inf'],
    ]);
    expect(read.scalars['rate']?.[0]?.slice(0, 2)).toEqual([1_700_000_005, 2 ** 40]);
  });

  test('histograms', () => {
    const [min, max, count, sum, sumOfSquares, limits, counts] = read.histograms['weights']!;
    const values = Array.from(weights.data);
    expect([min, max, count]).toEqual([Math.min(...values), Math.max(...values), 1000]);
    expect(sum).toBeCloseTo(
      values.reduce((total, x) => total + x, 0),
      10,
    );
    expect(sumOfSquares).toBeCloseTo(
      values.reduce((total, x) => total + x * x, 0),
      8,
    );
    const below = (limit: number) => values.filter((x) => x <= limit).length;
    for (const [i, limit] of limits.entries()) {
      expect(counts.slice(0, i + 1).reduce((total, x) => total + x, 0)).toBe(below(limit));
    }
    expect(read.histograms['constant']).toEqual([3, 3, 3, 9, 27, [3], [3]]);
    expect(read.histograms['none']).toEqual([0, 0, 0, 0, 0, [0], [0]]);
  });

  test('images and texts', () => {
    expect(read.images['picture']).toEqual([[4, 3, 1, [...picture]]]);
    expect(read.texts['notes']).toEqual([[5, '**größer** als | vorher']]);
  });
});

describe('decodeEvents', () => {
  const shown = (event: LogEvent) => Object.fromEntries(Object.entries(event).filter(([key]) => key !== 'wallTime'));

  test('reads what TensorBoard wrote', () => {
    const events = decodeEvents(storedBytes('tensorboard/theirs.tfevents'));
    expect(events.every(({ wallTime }) => wallTime === 1_700_000_000.5)).toBe(true);
    expect(events.map(shown)).toEqual([
      { kind: 'version', version: 'brain.Event:2', step: 0 },
      { kind: 'scalar', tag: 'loss', value: 0.25, step: 3 },
      { kind: 'scalar', tag: 'a', value: 1, step: 2 ** 40 },
      { kind: 'scalar', tag: 'b', value: -2, step: 2 ** 40 },
      {
        kind: 'histogram',
        tag: 'h',
        histogram: { min: 0, max: 2, count: 3, sum: 3, sumOfSquares: 5, limits: [1, 2], counts: [1, 2] },
        step: 4,
      },
      { kind: 'image', tag: 'i', width: 2, height: 1, bytes: new Uint8Array(Buffer.from('png')), step: 5 },
      { kind: 'text', tag: 't', text: 'café', step: 6 },
      { kind: 'other', tag: '', step: 7 },
    ]);
  });

  test('reads back what was written', () => {
    const events = decodeEvents(ours);
    expect(events.map(({ kind }) => kind)).toEqual([
      ...[
        'version',
        'scalar',
        'scalar',
        'scalar',
        'scalar',
        'scalar',
        'histogram',
        'histogram',
        'histogram',
        'image',
        'text',
      ],
    ]);
    expect(events.at(-2)).toEqual({
      kind: 'image',
      tag: 'picture',
      width: 3,
      height: 1,
      bytes: picture,
      step: 4,
      wallTime: 1_700_000_009,
    });
  });

  test('refuses a file that is cut or changed, wherever', () => {
    const some = written((log) => log.scalar('loss', 1, 0));
    const [version] = decodeEvents(some);
    const whole = written(() => undefined).length;
    for (let length = 1; length < some.length; length++) {
      const cut = some.subarray(0, length);
      const partial = decodeEvents(cut, { allowPartial: true });
      expect(partial).toEqual(length >= whole ? [version] : []);
      if (length !== whole) expect(() => decodeEvents(cut)).toThrow(FormatError);
    }
    for (let i = 0; i < some.length; i++) {
      const changed = some.slice();
      changed[i]! ^= 4;
      expect(() => decodeEvents(changed, { name: 'x' })).toThrow(/^x: byte \d+: the checksum of a record is wrong/);
    }
  });
});

describe('EventWriter', () => {
  test('refuses what it cannot write, and writes nothing of it', () => {
    const pieces: Uint8Array[] = [];
    const log = new EventWriter({ write: (bytes) => void pieces.push(bytes) });
    expect(() => log.scalar('loss', 1, 0.5)).toThrow('scalar: expected a step, an integer of at least 0, got 0.5');
    expect(() => log.scalar('', 1, 0)).toThrow("scalar: expected a name, got ''");
    expect(() => log.scalar('loss', '1' as unknown as number, 0)).toThrow(ArgumentError);
    expect(() => log.image('i', new Uint8Array(9), 0)).toThrow('expected the bytes of a PNG file');
    expect(pieces).toHaveLength(1);
  });

  test('counts values far apart', () => {
    const [, event] = decodeEvents(written((log) => log.histogram('far', [-1.7e308, 0, 1.7e308], 0)));
    expect(event?.kind === 'histogram' && event.histogram.counts.reduce((sum, x) => sum + x, 0)).toBe(3);
  });

  test('writes files that are new, an event at a time', () => {
    const folder = mkdtempSync(join(tmpdir(), 'events-'));
    try {
      const [first, second] = [eventFile(join(folder, 'run')), eventFile(join(folder, 'run'))];
      expect(first.path).not.toBe(second.path);
      expect(basename(first.path)).toMatch(/^events\.out\.tfevents\.\d+\./);
      const log = new EventWriter(first);
      log.scalar('loss', 1, 0);
      expect(decodeEvents(new Uint8Array(readFileSync(first.path)))).toHaveLength(2);
      log.close();
      second.close();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
