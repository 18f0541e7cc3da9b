import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ArgumentError, ShapeError, tensor, zeros } from '@tapegrad/core';
import { FormatError } from '@tapegrad/files';
import {
  decodeImage,
  decodeJpeg,
  decodePng,
  encodePng,
  type Image,
  imageData,
  imageFromData,
  imageTensor,
  tensorImage,
  withChannels,
} from '@tapegrad/files/images';
import { readImage, writePng } from '@tapegrad/files/node';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkOurs, storedJson } from '../stored.ts';

interface Stored {
  readonly file: string;
  readonly width: number;
  readonly height: number;
  /** The pixels decoded by Pillow. */
  readonly rgba?: readonly number[];
  /** The encoded pixels, if Pillow decodes them with fewer bits. */
  readonly samples?: readonly number[];
}

const storedIn = (file: string) => Object.entries(storedJson<Record<string, Stored>>(`images/${file}`));
const bytesOf = ({ file }: Stored) => new Uint8Array(Buffer.from(file, 'base64'));

describe('PNG', () => {
  test.each(storedIn('png.json'))('is decoded as Pillow decodes it: %s', (_, stored) => {
    const image = decodePng(bytesOf(stored));
    expect([image.width, image.height]).toEqual([stored.width, stored.height]);
    if (stored.samples !== undefined) expect([...image.data]).toEqual(stored.samples);
    else expect([...withChannels(image, 4).data]).toEqual(stored.rgba);
  });

  const images: readonly (readonly [string, Image])[] = [
    ['L', { width: 3, height: 2, channels: 1, data: Uint8Array.of(0, 50, 100, 150, 200, 255) }],
    ['LA', { width: 1, height: 2, channels: 2, data: Uint8Array.of(0, 50, 100, 150) }],
    ['RGB', { width: 2, height: 1, channels: 3, data: Uint8Array.of(0, 50, 100, 150, 200, 255) }],
    ['RGBA', { width: 1, height: 1, channels: 4, data: Uint8Array.of(0, 50, 100, 150) }],
  ];

  test.each(images)('of mode %s is written so that Pillow reads it', (mode, image) => {
    checkOurs(`images/ours-${mode}.png`, encodePng(image));
    const { bytes, size, ...read } = storedJson<{ mode: string; size: number[]; bytes: number[] }>(
      `images/ours-${mode}.json`,
    );
    expect([read.mode, size, bytes]).toEqual([mode, [image.width, image.height], [...image.data]]);
  });

  test('is read back as it was written, of any size', () => {
    const length = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        length,
        length,
        fc.constantFrom(1, 2, 3, 4),
        fc.boolean(),
        fc.nat(),
        (width, height, channels, is16, seed) => {
          const data = new (is16 ? Uint16Array : Uint8Array)(width * height * channels).map((_, i) => seed * (i + 1));
          const image = { width, height, channels, data } as Image;
          expect(decodePng(encodePng(image))).toEqual(image);
        },
      ),
      { numRuns: 50 },
    );
  });

  const small = encodePng({ width: 4, height: 4, channels: 1, data: new Uint8Array(16) });
  const changed = (at: number, ...bytes: number[]) => {
    const copy = small.slice();
    copy.set(bytes, at);
    return copy;
  };
  test.each([
    ['nothing', new Uint8Array(0), 'byte 0: expected a PNG file'],
    ['a cut file', small.subarray(0, -20), /byte \d+: truncated: /],
    ['a wrong checksum', changed(30, 1), 'byte 29: the checksum of chunk IHDR is wrong'],
    ['another first chunk', changed(12, 0x49, 0x48, 0x44, 0x53), 'byte 29: the checksum of chunk IHDS is wrong'],
  ])('refuses %s', (_, bytes, message) => {
    expect(() => decodePng(bytes, { name: 'x.png' })).toThrow(message);
    expect(() => decodePng(bytes, { name: 'x.png' })).toThrow(FormatError);
  });

  test('checks the number of pixels before it unpacks them', () => {
    expect(() => decodePng(small, { maxPixels: 15 })).toThrow('expected at most 15 pixels, got 4 x 4');
  });
});

describe('JPEG', () => {
  test.each(storedIn('jpeg.json'))('is decoded nearly as Pillow decodes it: %s', (name, stored) => {
    const image = decodeJpeg(bytesOf(stored));
    expect([image.width, image.height, image.channels]).toEqual([stored.width, stored.height, name === 'grey' ? 1 : 3]);
    const differences = Array.from(withChannels(image, 4).data, (sample, i) => Math.abs(sample - stored.rgba![i]!));
    // Pillow interpolates colors stored at half resolution.
    const isHalved = name.includes('42');
    expect(Math.max(...differences)).toBeLessThanOrEqual(isHalved ? 16 : 3);
    expect(differences.reduce((sum, x) => sum + x, 0) / differences.length).toBeLessThan(isHalved ? 3 : 0.5);
  });

  const bytes = bytesOf(storedIn('jpeg.json')[0]![1]);
  test.each([
    ['nothing', new Uint8Array(0), 'byte 0: expected a JPEG file'],
    ['a cut file', bytes.subarray(0, -2), 'truncated: expected another segment'],
    ['a cut scan', bytes.subarray(0, -200), 'truncated'],
    ['a cut header', bytes.subarray(0, 30), 'byte 20: truncated segment'],
  ])('refuses %s', (_, content, message) => {
    expect(() => decodeJpeg(content, { name: 'x.jpg' })).toThrow(message);
    expect(() => decodeJpeg(content, { name: 'x.jpg' })).toThrow(FormatError);
  });

  test('refuses kinds that it does not decode by name', () => {
    const frame = bytes.findIndex((byte, i) => byte === 0xff && bytes[i + 1] === 0xc0);
    const kind = (at: number, value: number) => {
      const copy = bytes.slice();
      copy[frame + at] = value;
      return () => decodeJpeg(copy);
    };
    expect(kind(1, 0xc9)).toThrow('arithmetic coding is not supported');
    expect(kind(1, 0xc3)).toThrow('lossless coding is not supported');
    expect(kind(4, 12)).toThrow('expected samples of 8 bits, got 12');
    expect(kind(9, 4)).toThrow('1 or 3 components, got 4, as in CMYK');
    expect(kind(5, 0xff)).toThrow('pixels do not fit into');
    expect(() => decodeJpeg(bytes, { maxPixels: 100 })).toThrow('expected at most 100 pixels, got 37 x 22');
  });
});

test('the first bytes tell the formats apart', () => {
  expect(decodeImage(encodePng(tensorImage(tensor([[0, 1]])))).width).toBe(2);
  expect(decodeImage(bytesOf(storedIn('jpeg.json')[0]![1])).width).toBe(37);
  expect(() => decodeImage(Uint8Array.of(0x47, 0x49, 0x46), { name: 'x.gif' })).toThrow(
    'x.gif: byte 0: expected a PNG or JPEG file',
  );
});

describe('tensors of images', () => {
  const data = Uint8Array.of(0, 51, 102, 153, 204, 255, 0, 51, 102, 153, 204, 255);
  const image: Image = { width: 2, height: 2, channels: 3, data };

  test('have either order of axes, and come back', () => {
    const [chw, hwc] = [imageTensor(image), imageTensor(image, { layout: 'hwc' })];
    expect([chw.shape, hwc.shape]).toEqual([
      [3, 2, 2],
      [2, 2, 3],
    ]);
    expect(hwc.permute([2, 0, 1]).toArray()).toEqual(chw.toArray());
    expect(tensorImage(chw)).toEqual(image);
    expect(tensorImage(hwc, { layout: 'hwc' })).toEqual(image);
    expect(tensorImage(imageTensor(image, { dtype: 'int32' }))).toEqual(image);
  });

  test('have samples from 0 to 1 in floats, as stored in int32', () => {
    expect(imageTensor(image, { layout: 'hwc', dtype: 'float64' }).toArray()[0]![0]).toEqual([0, 0.2, 0.4]);
    expect(imageTensor(image, { layout: 'hwc', dtype: 'int32' }).toArray()[0]![0]).toEqual([0, 51, 102]);
    const deep: Image = { width: 1, height: 1, channels: 1, data: Uint16Array.of(65535) };
    expect(imageTensor(deep).toArray()).toEqual([[[1]]]);
    expect(imageTensor(deep, { dtype: 'int32' }).toArray()).toEqual([[[65535]]]);
  });

  test('of rank 2 and of bools are grey', () => {
    expect(tensorImage(tensor([[true, false]]))).toEqual({
      width: 2,
      height: 1,
      channels: 1,
      data: Uint8Array.of(255, 0),
    });
  });

  test('beyond the range are refused, or clamped if that is said', () => {
    const beyond = tensor([[-0.5, 1.5]]);
    expect(() => tensorImage(beyond)).toThrow(
      'expected samples from 0 to 1, got -0.5 at element 0; scale them, or set',
    );
    expect([...tensorImage(beyond, { clamp: true }).data]).toEqual([0, 255]);
    expect(() => tensorImage(tensor([[256]], { dtype: 'int32' }))).toThrow('expected samples from 0 to 255, got 256');
    expect(() => tensorImage(tensor([[Number.NaN]]), { clamp: true })).toThrow(ArgumentError);
    expect(() => tensorImage(zeros([5, 2, 2]))).toThrow(ShapeError);
    expect(() => tensorImage(zeros([2, 2, 5]), { layout: 'hwc' })).toThrow('got [2, 2, 5]');
  });
});

describe('channels and canvases', () => {
  test('grey is that of Pillow', () => {
    const colors: Image = { width: 3, height: 1, channels: 3, data: Uint8Array.of(255, 0, 0, 10, 200, 30, 1, 2, 3) };
    // The result of Image.new('RGB', …).convert('L').
    expect([...withChannels(colors, 1).data]).toEqual([76, 124, 2]);
  });

  test.each([1, 2, 3, 4] as const)('%i channels become any other', (channels) => {
    const image: Image = { width: 1, height: 1, channels, data: Uint8Array.of(90, 90, 90, 90).subarray(0, channels) };
    for (const other of [1, 2, 3, 4] as const) {
      const converted = withChannels(image, other);
      const alpha = channels % 2 === 0 ? 90 : 255;
      expect([...converted.data]).toEqual([[90], [90, alpha], [90, 90, 90], [90, 90, 90, alpha]][other - 1]);
    }
  });

  test('pixels of a canvas come and go', () => {
    const pixels = { width: 1, height: 2, data: Uint8ClampedArray.of(1, 2, 3, 4, 5, 6, 7, 8) };
    expect(imageData(imageFromData(pixels))).toEqual(pixels);
    const deep: Image = { width: 1, height: 1, channels: 1, data: Uint16Array.of(32896) };
    expect([...imageData(deep).data]).toEqual([128, 128, 128, 255]);
    expect(() => imageFromData({ ...pixels, width: 2 })).toThrow('an image of 2 x 2 x 4 has 16 samples, got 8');
  });
});

test('files are written and read', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'images-'));
  try {
    const image: Image = { width: 1, height: 1, channels: 3, data: Uint8Array.of(1, 2, 3) };
    await writePng(join(folder, 'one.png'), image);
    expect(await readImage(join(folder, 'one.png'))).toEqual(image);
    await expect(readImage(join(folder, 'two.png'))).rejects.toThrow('two.png: there is no such file');
  } finally {
    rmSync(folder, { recursive: true });
  }
});
