/**
 * Truncated files, files with wrong lengths, and decompression bombs: each must give a FormatError in bounded time and
 * memory. `HOSTILE_RUNS=10000` tries that many of each format.
 */

import { crc32, gzipSync } from 'node:zlib';
import { Random } from '@tapegrad/core';
import { bytesSource, FormatError } from '@tapegrad/files';
import { decodeCsv, openCsv } from '@tapegrad/files/csv';
import { decodeGguf } from '@tapegrad/files/gguf';
import { decodeIdx, encodeIdx } from '@tapegrad/files/idx';
import { decodeJpeg, decodePng, encodePng, type Image } from '@tapegrad/files/images';
import { decodeParquet } from '@tapegrad/files/parquet';
import { decodeEvents, EventWriter } from '@tapegrad/files/tensorboard';
import { describe, expect, test } from 'vitest';
import { startCpuTime } from '../../../../test/cpu-time.ts';
import { encodeRecord } from '../../src/tensorboard/records.ts';
import { storedBytes, storedJson } from '../stored.ts';
import { mutated } from './mutator.ts';

const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 300);
const SEED = Number(process.env['PROPERTY_SEED'] ?? 1);

/** The time limit for one file in milliseconds, on a busy machine. */
const MAX_MILLISECONDS = 4_000;

/** The limit for the additional memory used for one file, in bytes. */
const MAX_BYTES = 600e6;

const utf8 = (text: string) => new TextEncoder().encode(text);
const base64 = (text: string) => new Uint8Array(Buffer.from(text, 'base64'));
const jsonFiles = (file: string) =>
  Object.values(storedJson<Record<string, { file: string }>>(file)).map((stored) => base64(stored.file));

function events(): Uint8Array {
  const pieces: Uint8Array[] = [];
  const log = new EventWriter({ write: (bytes) => void pieces.push(bytes) }, { now: () => 0 });
  log.scalar('loss', 1, 0);
  log.histogram('weights', [1, 2, 3], 1);
  log.text('notes', 'text', 2);
  return new Uint8Array(Buffer.concat(pieces));
}

const packed = (bytes: Uint8Array) => new Uint8Array(gzipSync(bytes));
const idx = encodeIdx({ shape: [20, 5, 5], data: new Float32Array(500).fill(1.5) });
const csv = utf8(`a,b,c\n${Array.from({ length: 200 }, (_, i) => `${i},"x ""${i}""",${i / 7}\n`).join('')}`);
const parquet = storedJson<{ files: Record<string, string> }>('parquet/parquet.json').files;
const gguf = storedJson<{ little: { file: string }; big: { file: string } }>('gguf/gguf.json');

/** Corrects the checksums of a PNG, so that the code after their check is tested. */
function repairPng(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 8; at + 12 <= bytes.length; ) {
    const end = at + 8 + view.getUint32(at);
    if (end + 4 > bytes.length) return;
    view.setUint32(end, crc32(bytes.subarray(at + 4, end)));
    at = end + 4;
  }
}

/** Corrects the checksums of the records of an event file. */
function repairEvents(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = 0; at + 16 <= bytes.length; ) {
    const length = Number(view.getBigUint64(at, true));
    bytes.set(encodeRecord(bytes.subarray(at, at + 8)).subarray(-4), at + 8);
    const end = at + 12 + length;
    if (end + 4 > bytes.length) return;
    bytes.set(encodeRecord(bytes.subarray(at + 12, end)).subarray(-4), end);
    at = end + 4;
  }
}

interface Format {
  readonly files: readonly Uint8Array[];
  /** Corrects the checksums of a damaged file. */
  readonly repair?: (bytes: Uint8Array) => void;
  readonly decode: (bytes: Uint8Array) => unknown;
}

const FORMATS: Readonly<Record<string, Format>> = {
  IDX: { files: [idx, packed(idx)], decode: (bytes) => decodeIdx(bytes, { maxBytes: 2 ** 20 }) },
  CSV: { files: [csv, packed(csv)], decode: (bytes) => decodeCsv(bytes, { maxBytes: 2 ** 20 }) },
  'CSV in pieces': {
    files: [csv, packed(csv)],
    decode: async (bytes) => {
      const file = await openCsv(bytesSource(bytes), { maxBytes: 2 ** 20 });
      for await (const table of file.tables(50)) expect(table.length).toBeGreaterThan(0);
    },
  },
  PNG: { files: jsonFiles('images/png.json'), decode: (bytes) => decodePng(bytes, { maxPixels: 2 ** 20 }) },
  JPEG: { files: jsonFiles('images/jpeg.json'), decode: (bytes) => decodeJpeg(bytes, { maxPixels: 2 ** 16 }) },
  'TensorBoard events': {
    files: [events(), storedBytes('tensorboard/theirs.tfevents')],
    decode: (bytes) => decodeEvents(bytes),
  },
  'PNG with right checksums': {
    files: jsonFiles('images/png.json'),
    repair: repairPng,
    decode: (bytes) => decodePng(bytes, { maxPixels: 2 ** 20 }),
  },
  'TensorBoard events with right checksums': {
    files: [events(), storedBytes('tensorboard/theirs.tfevents')],
    repair: repairEvents,
    decode: (bytes) => decodeEvents(bytes),
  },
  Parquet: {
    files: Object.values(parquet).map(base64),
    decode: (bytes) => decodeParquet(bytes, { maxValues: 2 ** 20 }),
  },
  GGUF: { files: [gguf.little, gguf.big].map(({ file }) => base64(file)), decode: (bytes) => decodeGguf(bytes) },
};

/** Checks that a file is decoded or properly rejected, in bounded time and memory. */
async function tryOne(decode: Format['decode'], bytes: Uint8Array): Promise<boolean> {
  const { arrayBuffers, heapUsed } = process.memoryUsage();
  const elapsed = startCpuTime();
  let isRefused = false;
  try {
    await decode(bytes);
  } catch (error) {
    isRefused = true;
    if (!(error instanceof FormatError)) throw error;
    const { offset } = error;
    if (offset !== undefined) expect(Number.isInteger(offset) && offset >= 0).toBe(true);
  }
  expect(elapsed()).toBeLessThan(MAX_MILLISECONDS);
  const after = process.memoryUsage();
  expect(after.arrayBuffers + after.heapUsed - arrayBuffers - heapUsed).toBeLessThan(MAX_BYTES);
  return isRefused;
}

describe.each(Object.entries(FORMATS))('%s', (name, { files, decode, repair }) => {
  test(
    'damaged in any way is read or refused',
    async () => {
      const random = new Random(SEED);
      let refused = 0;
      for (let run = 0; run < RUNS; run++) {
        const bytes = mutated(files[run % files.length]!, random);
        repair?.(bytes);
        try {
          refused += Number(await tryOne(decode, bytes));
        } catch (error) {
          const shown = Buffer.from(bytes).toString('base64');
          throw new Error(`${name}, run ${run}: ${(error as Error).stack}\n${shown.slice(0, 4000)}`);
        }
      }
      expect(refused).toBeGreaterThan(RUNS / 20);
    },
    RUNS * 200 + 20_000,
  );

  test('cut anywhere is read or refused', async () => {
    const [file] = files;
    const step = Math.max(1, Math.floor(file!.length / Math.min(RUNS, 400)));
    for (let length = 0; length < file!.length; length += step) await tryOne(decode, file!.subarray(0, length));
  });
});

/** A PNG whose header has another size than its pixels. */
function png(image: Image, change: (bytes: Uint8Array) => void): Uint8Array {
  const bytes = encodePng(image);
  change(bytes);
  return bytes;
}

describe('bombs', () => {
  const zeros = Buffer.alloc(10_000_000);

  test('a gzip of nothing but zeros stops at the bound', () => {
    const bomb = gzipSync(zeros);
    expect(() => decodeIdx(bomb, { maxBytes: 1e6 })).toThrow('decompresses to more than 1000000 bytes');
    expect(() => decodeCsv(bomb, { maxBytes: 1e6 })).toThrow('decompresses to more than 1000000 bytes');
  });

  test('pixels beyond those of the header are not unpacked', () => {
    const large: Image = { width: 3000, height: 3000, channels: 1, data: new Uint8Array(9e6) };
    const bomb = png(large, (bytes) => {
      // The size, and the checksum of its chunk.
      new DataView(bytes.buffer).setUint32(16, 1);
      new DataView(bytes.buffer).setUint32(20, 1);
      new DataView(bytes.buffer).setUint32(29, crc32(bytes.subarray(12, 29)));
    });
    expect(() => decodePng(bomb)).toThrow('decompress to more than 2 bytes');
  });

  test('a quote without an end is refused before it fills the memory', () => {
    expect(() => decodeCsv(`a\n"${'x'.repeat(17_000_000)}`)).toThrow(
      /expected at most 16777216 characters|unterminated/,
    );
  });

  test('many quotes and blanks take no more than their length', async () => {
    for (const unit of ['"', '" ', '""" ', '"\n', ',"', ' ', '\r']) {
      expect(await tryOne((bytes) => decodeCsv(bytes), utf8(`a\n${unit.repeat(400_000)}`))).toBeDefined();
    }
  });
});
