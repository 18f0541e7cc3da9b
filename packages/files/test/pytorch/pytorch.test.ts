/** PyTorch's checkpoints (data/pytorch/make.py), and rejected files. */

import { bytesSource, decodePyTorch, FormatError, loadState, openPyTorch } from '@tapegrad/files';
import { readPyTorch } from '@tapegrad/files/node';
import { BatchNorm1d, Dense, ReLU, Sequential } from '@tapegrad/nn';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, test } from 'vitest';
import { checkElements, pathOf, type StoredArray, storedBytes, storedJson } from '../stored.ts';

const outcomes = storedJson<Readonly<Record<string, Readonly<Record<string, StoredArray>>>>>('pytorch/outcomes.json');

describe.each(['types', 'views', 'training', 'protocol4'])('%s.pt', (name) => {
  const bytes = storedBytes(`pytorch/${name}.pt`);

  test('has the tensors that PyTorch saved', () => {
    const { tensors } = decodePyTorch(bytes);
    expect(Object.keys(tensors).sort()).toEqual(Object.keys(outcomes[name]!).sort());
    for (const [path, array] of Object.entries(tensors)) checkElements(array, outcomes[name]![path]!);
    expect(readPyTorch(pathOf(`pytorch/${name}.pt`)).tensors).toEqual(tensors);
  });

  test('is read a tensor at a time', async () => {
    const reader = await openPyTorch(bytesSource(bytes, `${name}.pt`));
    for (const [path, { shape }] of reader.entries) {
      const array = await reader.read(path);
      expect(shape).toEqual(array.shape);
      checkElements(array, outcomes[name]![path]!);
    }
    await expect(reader.read('nothing')).rejects.toThrow(`there is no tensor 'nothing' in ${name}.pt`);
  });
});

test('the rest of a checkpoint comes as plain data', () => {
  const { value } = decodePyTorch(storedBytes('pytorch/training.pt'));
  expect(value).toMatchObject({
    epoch: 3,
    best: Infinity,
    names: ['a', ['b', null, true, false]],
    options: { dtype: 'torch.float32', device: 'cpu', shape: [2, 3], bytes: Uint8Array.of(0, 255) },
    big: 2n ** 70n,
    ordered: { x: 1 },
    set: new Set([1, 2]),
    optimizer: { param_groups: [{ lr: 0.01, params: [0, 1, 2, 3, 4, 5] }] },
    schedule: { milestones: { 2: 1, 5: 1 } },
  });
});

test('a state dict within one loads into a module', () => {
  const model = new Sequential(new Dense(3, 4), new BatchNorm1d(4), new ReLU(), new Dense(4, 2));
  const { value, tensors } = decodePyTorch(storedBytes('pytorch/training.pt'));
  loadState(model, (value as { model: typeof tensors }).model);
  expect([...model.layers[0].bias!.data]).toEqual([...tensors['model.0.bias']!.data]);
  expect([...model.layers[1].batchCount!.data]).toEqual([1]);
});

/** Returns a checkpoint with this pickle and a storage of 4 bytes. */
const withPickle = (pickle: readonly number[] | string, more: Record<string, Uint8Array> = {}): Uint8Array =>
  zipSync(
    {
      'x/data.pkl':
        typeof pickle === 'string' ? Uint8Array.from(pickle, (c) => c.charCodeAt(0)) : Uint8Array.from(pickle),
      'x/data/0': new Uint8Array(4),
      ...more,
    },
    { level: 0 },
  );

const text = (value: string): string => `X${String.fromCharCode(value.length)}\0\0\0${value}`;
const storage = `(${text('storage')}ctorch\nFloatStorage\n${text('0')}${text('cpu')}K\x01tQ`;
const tensorOf = (offset: string, shape: string, stride: string, of = storage): string =>
  `\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(${of}${offset}${shape}${stride}\x89ccollections\nOrderedDict\n)RtR.`;

test('a pickle by hand is a tensor', () => {
  expect(decodePyTorch(withPickle(tensorOf('K\0', 'K\x01\x85', 'K\x01\x85'))).value).toEqual({
    dtype: 'float32',
    shape: [1],
    data: new Float32Array(1),
  });
});

describe('refused', () => {
  const posix = 'cposix\nsystem\n(X\x07\0\0\0echo hitR.';
  test.each([
    [
      'a call',
      withPickle(`\x80\x02${posix}`),
      /pickle: refused posix.system: it is not one of the names that state dicts need/,
    ],
    ['a call by protocol 4', withPickle(`\x80\x04\x8c\x02os\x8c\x06system\x93.`), 'refused os.system'],
    ['eval', withPickle('\x80\x02c__builtin__\neval\n.'), 'refused __builtin__.eval'],
    ['an instance', withPickle('\x80\x02ccollections\nOrderedDict\n)\x81.'), 'refused NEWOBJ'],
    ['an instance of old', withPickle('(icollections\nOrderedDict\n.'), 'refused INST'],
    ['an unknown opcode', withPickle([0x80, 2, 0xff]), 'refused opcode 255'],
    ['an extension', withPickle([0x82, 1]), 'refused EXT1'],
    ['a class that is called', withPickle('\x80\x02ctorch\nFloatStorage\n)R.'), "torch.FloatStorage can't be called"],
    ['a state of a tensor', withPickle(`${tensorOf('K\0', ')', ')').slice(0, -1)}}b.`), 'refused BUILD'],
    [
      'numbers that are complex',
      withPickle(tensorOf('K\0', ')', ')', storage.replace('Float', 'ComplexFloat'))),
      "storages of torch.ComplexFloatStorage can't be read",
    ],
    [
      'a path for a key',
      withPickle(tensorOf('K\0', ')', ')', storage.replace(text('0'), text('../0')))),
      'expected the key of a storage',
    ],
    [
      'a storage that is missing',
      withPickle(tensorOf('K\0', ')', ')', storage.replace(text('0'), text('9')))),
      'storage 9 is missing',
    ],
    [
      'a storage of another size',
      withPickle(tensorOf('K\0', ')', ')', storage.replace('K\x01t', 'K\x02t'))),
      'storage 0 has 4 bytes, expected 8',
    ],
    [
      'a view beyond its storage',
      withPickle(tensorOf('K\x01', 'K\x01\x85', 'K\x01\x85')),
      'a tensor reads element 1 of a storage of 1',
    ],
    [
      'a negative stride',
      withPickle(tensorOf('K\0', 'K\x01\x85', 'J\xff\xff\xff\xff\x85')),
      'expected the offset, shape and strides',
    ],
    [
      'a view that is huge',
      withPickle(tensorOf('K\0', 'J\xff\xff\xff\x7f\x85', 'K\0\x85')),
      'its tensors have 8589934588 bytes, expected at most',
    ],
    ['an empty pickle', withPickle(''), 'pickle: truncated: expected 1 more bytes'],
    ['a text that goes on', withPickle('X\xff\xff\xff\x7fx'), 'pickle: truncated'],
    ['an empty stack', withPickle('.'), 'expected a value on the stack, which is empty'],
    ['values that are left', withPickle('NN.'), '1 values are left on the stack'],
    ['a memo that is empty', withPickle('h\x05.'), 'expected a value in memo 5'],
    ['a list too deep', withPickle(`${']'.repeat(3000)}${'a'.repeat(2999)}.`), 'is nested too deeply'],
    ['another ZIP file', zipSync({ 'a.txt': strToU8('x') }), 'the ZIP file has no data.pkl'],
    ['a text', strToU8('hello'), 'expected a ZIP file, as torch.save writes it'],
    ['nothing', new Uint8Array(0), 'expected a ZIP file'],
    ['the format of old', storedBytes('pytorch/old.pt'), 'is in the format used before PyTorch 1.6'],
    ['a module', storedBytes('pytorch/module.pt'), 'refused torch.nn.modules.linear.Linear'],
    ['what calls', storedBytes('pytorch/calls.pt'), 'refused __builtin__.print'],
  ] as const)('is %s', async (_, bytes, message) => {
    const read = () => decodePyTorch(bytes as Uint8Array, { name: 'x.pt' });
    expect(read).toThrow(FormatError);
    expect(read).toThrow(message);
    expect(read).toThrow(/^x.pt: /);
    const lazy = async () => {
      const reader = await openPyTorch(bytesSource(bytes as Uint8Array, 'x.pt'));
      for (const name of reader.entries.keys()) await reader.read(name);
    };
    await expect(lazy()).rejects.toThrow(FormatError);
  });

  test('is what repeats itself, without a large result', () => {
    // 100 lists, each twice in the next: a tree of 2^100 leaves that must be kept as 100 lists.
    const memo = (i: number): string => String.fromCharCode(i);
    let pickle = `]q${memo(0)}`;
    for (let i = 0; i < 100; i++) pickle += `](h${memo(i)}h${memo(i)}eq${memo(i + 1)}`;
    expect(() => decodePyTorch(withPickle(`(${pickle}l.`))).toThrow('expected at most 1000000 values');
  });

  test('is a bomb', () => {
    const bomb = zipSync({ 'x/data.pkl': [new Uint8Array(5e6), { level: 9 }] });
    expect(() => decodePyTorch(bomb, { maxBytes: 1e6 })).toThrow(
      'decompresses to 5000000 bytes, expected at most 1000000',
    );
    const lying = bomb.slice();
    const directory = lying.length - 22 - 46 - 'x/data.pkl'.length;
    new DataView(lying.buffer).setUint32(directory + 24, 2 ** 32 - 2, true);
    expect(() => decodePyTorch(lying)).toThrow("can't have 4294967294 bytes");
    new DataView(lying.buffer).setUint32(directory + 24, 1000, true);
    expect(() => decodePyTorch(lying)).toThrow("'x/data.pkl' decompresses to more bytes, expected 1000");
  });

  test('is a file whose bytes were changed', () => {
    const whole = storedBytes('pytorch/views.pt');
    const { tensors } = decodePyTorch(whole);
    let refused = 0;
    for (let place = 0; place < whole.length; place += 13) {
      const changed = whole.slice();
      changed[place]! ^= 0x40;
      try {
        // Bytes without a checksum, such as a date, don't affect tensors.
        expect(decodePyTorch(changed).tensors).toEqual(tensors);
      } catch (error) {
        expect(error).toBeInstanceOf(FormatError);
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(50);
  });
});
