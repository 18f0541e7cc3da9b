import { bytesSource, FormatError, type NamedArray } from '@tapegrad/files';
import { decodeGguf, openGguf } from '@tapegrad/files/gguf';
import { describe, expect, test } from 'vitest';
import { storedJson } from '../stored.ts';

interface Stored {
  readonly file: string;
  readonly tensors: Readonly<Record<string, { readonly shape: readonly number[]; readonly data: readonly number[] }>>;
}

const stored = storedJson<{ little: Stored; big: Stored; refused: string }>('gguf/gguf.json');
const bytesOf = (base64: string) => new Uint8Array(Buffer.from(base64, 'base64'));
const little = bytesOf(stored.little.file);

describe('decodeGguf', () => {
  test.each(['little', 'big'] as const)('reads what ggml wrote, lowest byte first or last: %s', async (order) => {
    const { file, tensors } = stored[order];
    const read = await decodeGguf(bytesOf(file));
    expect(Object.keys(read.tensors)).toEqual(Object.keys(tensors));
    for (const [name, { shape, data }] of Object.entries(tensors)) {
      const array: NamedArray = read.tensors[name]!;
      const dtype = name === 'f64' ? 'float64' : name.startsWith('i') ? 'int32' : 'float32';
      expect([name, array.dtype, array.shape]).toEqual([name, dtype, shape]);
      expect([name, ...array.data]).toEqual([name, ...data]);
    }
  });

  test('reads metadata', async () => {
    const { metadata } = await decodeGguf(little);
    expect(Object.fromEntries(metadata)).toEqual({
      'general.architecture': 'llama',
      'general.name': 'small',
      'test.large': 2n ** 60n,
      'test.small': 7,
      'test.flag': true,
      'test.words': ['a', 'é', ''],
      'test.floats': [0.5, -2],
    });
  });

  test('cuts no string that lies across the edge of what is read at once', async () => {
    const text = (value: string) => {
      const bytes = Buffer.from(value);
      const length = Buffer.alloc(8);
      length.writeBigUInt64LE(BigInt(bytes.length));
      return Buffer.concat([length, bytes]);
    };
    const u32 = (value: number) => {
      const bytes = Buffer.alloc(4);
      bytes.writeUInt32LE(value);
      return bytes;
    };
    const u64 = (value: number) => Buffer.concat([u32(value), u32(0)]);
    const [long, last, lone] = ['w'.repeat(1_999_000), `${'é'.repeat(2000)}.`, 'x'.repeat(2_500_000)];
    const words = Buffer.concat([text('words'), u32(9), u32(8), u64(2), text(long), text(last)]);
    const template = Buffer.concat([text('template'), u32(8), text(lone)]);
    const header = Buffer.concat([Buffer.from('GGUF'), u32(3), u64(0), u64(2), words, template]);
    const { metadata } = await decodeGguf(new Uint8Array(header));
    expect((metadata.get('words') as string[]).map((word) => word.length)).toEqual([long.length, last.length]);
    expect(metadata.get('template')).toHaveLength(lone.length);
  });

  test('refuses other quantisations by name, and reads the rest', async () => {
    const bytes = bytesOf(stored.refused);
    await expect(decodeGguf(bytes, { name: 'x.gguf' })).rejects.toThrow(
      /^x.gguf: byte \d+: tensor 'q': Q5_1 can't be read, expected one of F32, F16, BF16, F64, I8, I16, I32, I64, Q8_0, Q4_0$/,
    );
    const file = await openGguf(bytesSource(bytes));
    expect([...(await file.read('x')).data]).toEqual([1, 2]);
    expect(file.entries.get('q')).toMatchObject({ type: 'Q5_1', shape: [3, 64], length: 0 });
    await expect(file.read('y')).rejects.toThrow("read: there is no tensor 'y'; there are q, x");
  });

  test('reads a tensor alone', async () => {
    const inner = bytesSource(little);
    const reads: number[] = [];
    const source = {
      ...inner,
      read: (offset: number, length: number) => {
        reads.push(length);
        return inner.read(offset, length);
      },
    };
    const file = await openGguf(source);
    reads.length = 0;
    await file.read('Q8_0');
    expect(reads).toEqual([6 * 34]);
  });

  const changed = (at: number, value: number) => {
    const bytes = little.slice();
    bytes[at] = value;
    return bytes;
  };
  test.each([
    ['nothing', new Uint8Array(0), 'byte 0: expected a GGUF file, got 0 bytes'],
    ['another file', changed(0, 0), 'not starting with GGUF magic number'],
    ['another version', changed(4, 9), 'unsupported version "9"'],
    ['too many tensors', changed(15, 255), 'broken header: Tensor count'],
    ['a cut header', little.subarray(0, 300), 'x.gguf: '],
    ['cut tensors', little.subarray(0, -40), 'does not fit into a file of'],
  ])('refuses %s', async (_, bytes, message) => {
    await expect(decodeGguf(bytes, { name: 'x.gguf' })).rejects.toThrow(message);
    await expect(decodeGguf(bytes, { name: 'x.gguf' })).rejects.toThrow(FormatError);
  });
});
