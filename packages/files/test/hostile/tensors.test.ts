/** Damaged tensor files are read, or rejected with one of our errors, in bounded memory and time. */

import { Random, tensor } from '@tapegrad/core';
import {
  bytesSource,
  decodeCheckpoint,
  decodeNpy,
  decodeNpz,
  decodePyTorch,
  decodeSafetensors,
  decodeSafetensorsIndex,
  encodeCheckpoint,
  encodeNpy,
  encodeNpz,
  encodeSafetensors,
  FormatError,
  openPyTorch,
  openSafetensors,
} from '@tapegrad/files';
import { unzipSync, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { startCpuTime } from '../../../../test/cpu-time.ts';
import { sumOf } from '../checksum/sum-of.ts';
import { storedBytes } from '../stored.ts';
import { mutated } from './mutator.ts';

/** The number of damaged files of each format; more with `HOSTILE_RUNS=10000`. */
const RUNS = Number(process.env['HOSTILE_RUNS'] ?? 300);
/** The limits for reading a file of a few kilobytes: generous, for a busy machine. */
const MAX_MS = 5000;
const MAX_BYTES = 2 ** 29;

interface Format {
  readonly files: readonly Uint8Array[];
  /** Damages a file where a checksum doesn't detect it immediately. */
  readonly damage?: (bytes: Uint8Array, random: Random) => Uint8Array;
  read(bytes: Uint8Array): unknown;
  /** Whether every error must contain an offset. */
  readonly offsets?: boolean;
}

const arrays = {
  a: tensor([
    [1.5, 2],
    [3, 4],
  ]),
  'b.c': tensor([true, false]),
  n: tensor([1, 2, 3], { dtype: 'int32' }),
};

/** Damages a file within a ZIP file and corrects its checksums; sometimes damages the ZIP file itself. */
function damageWithin(bytes: Uint8Array, random: Random): Uint8Array {
  if (random.next() < 0.3) return mutated(bytes, random);
  const files = Object.entries(unzipSync(bytes));
  const chosen = Math.floor(random.next() * files.length);
  const changed = files.map(([name, content], i) => [name, i === chosen ? mutated(content, random) : content] as const);
  return zipSync(Object.fromEntries(changed), { level: random.next() < 0.5 ? 0 : 6 });
}

/** Damages a checkpoint, and corrects its checksum if it still has one. */
function damageSummed(bytes: Uint8Array, random: Random): Uint8Array {
  const text = Buffer.from(mutated(bytes, random)).toString('latin1');
  const zeroed = text.replace(/"xxh64":"[0-9a-f]{16}"/, `"xxh64":"${'0'.repeat(16)}"`);
  const sum = sumOf(Buffer.from(zeroed, 'latin1'));
  return new Uint8Array(Buffer.from(zeroed.replace(`"xxh64":"${'0'.repeat(16)}"`, `"xxh64":"${sum}"`), 'latin1'));
}

const formats: Readonly<Record<string, Format>> = {
  safetensors: {
    files: [
      encodeSafetensors(arrays, { metadata: { x: 'y' } }),
      encodeSafetensors(arrays, { as: 'I64' }),
      storedBytes('safetensors/torch.safetensors'),
    ],
    read: (bytes) => decodeSafetensors(bytes),
    offsets: true,
  },
  'safetensors, a tensor at a time': {
    files: [encodeSafetensors(arrays), storedBytes('safetensors/torch.safetensors')],
    async read(bytes) {
      const reader = await openSafetensors(bytesSource(bytes));
      for (const name of reader.entries.keys()) await reader.read(name);
    },
    offsets: true,
  },
  'the index of several files': {
    files: [Buffer.from('{"metadata": {"total_size": 8}, "weight_map": {"a": "a.safetensors", "b": "b.safetensors"}}')],
    read: (bytes) => decodeSafetensorsIndex(new TextDecoder().decode(bytes)),
  },
  checkpoint: {
    files: [encodeCheckpoint({ arrays, map: new Map([[1, -0]]), list: [undefined, 3n, { $: [new Float32Array(3)] }] })],
    damage: damageSummed,
    read: (bytes) => decodeCheckpoint(bytes),
  },
  npy: {
    files: [encodeNpy(arrays.a), encodeNpy(arrays.n, { as: 'int64' }), storedBytes('numpy/version2.npy')],
    read: (bytes) => decodeNpy(bytes),
    offsets: true,
  },
  npz: {
    files: [encodeNpz(arrays), encodeNpz(arrays, { compress: true })],
    damage: damageWithin,
    read: (bytes) => decodeNpz(bytes),
  },
  'checkpoints of PyTorch': {
    files: ['types', 'views', 'training', 'protocol4'].map((name) => storedBytes(`pytorch/${name}.pt`)),
    damage: damageWithin,
    read: (bytes) => decodePyTorch(bytes),
  },
  'checkpoints of PyTorch, a tensor at a time': {
    files: ['types', 'training'].map((name) => storedBytes(`pytorch/${name}.pt`)),
    damage: damageWithin,
    async read(bytes) {
      const reader = await openPyTorch(bytesSource(bytes));
      for (const name of reader.entries.keys()) await reader.read(name);
    },
  },
};

describe.each(Object.keys(formats))('%s', (name) => {
  const { files, damage = mutated, read, offsets = false } = formats[name]!;

  test('is read or refused, however it is damaged', async () => {
    const random = new Random(1);
    let refused = 0;
    let largest = 0;
    for (let run = 0; run < RUNS; run++) {
      const before = random.state;
      const bytes = damage(files[run % files.length]!, random);
      const elapsed = startCpuTime();
      try {
        await read(bytes);
      } catch (error) {
        if (!(error instanceof FormatError)) throw new Error(`run ${run}, from ${before}`, { cause: error });
        if (offsets) expect(error.offset, error.message).toBeTypeOf('number');
        refused++;
      }
      expect(elapsed()).toBeLessThan(MAX_MS);
      largest = Math.max(largest, process.memoryUsage.rss());
    }
    expect(refused).toBeGreaterThan(RUNS / 4);
    expect(largest - process.memoryUsage().heapTotal).toBeLessThan(MAX_BYTES);
  }, 3_600_000);
});
