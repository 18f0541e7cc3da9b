#!/usr/bin/env bash
# fast-png 8.0.0 decodes an interlaced PNG with fewer than 8 bits a sample to pixels that are wrong, without an error.
#
# One would guess the same pixels as without interlacing: the standard allows Adam7 with every depth, and `decode` of the same
# image without interlacing is right. But its loop over the seven passes counts at least one byte for each sample, where a row of
# a pass has its samples packed, so it reads past the ends of rows, takes pixels for filter types, and pads with zeros. Its
# result also has a byte for each sample, where that of an image without interlacing has the packed rows.
#
# It matters for masks and drawings, which are saved with 1, 2 or 4 bits: training data is silently noise. Interlacing is rare
# enough that no one looks.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent fast-png@8.0.0
cat > try.mjs <<'JS'
import assert from 'node:assert';
import { crc32, deflateSync } from 'node:zlib';
import { decode } from 'fast-png';

const size = 8;
const isOn = (x, y) => (x + y) % 3 === 0;
const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};
const png = (interlaced) => {
  const rows = [];
  for (const [x0, y0, dx, dy] of interlaced ? passes : [[0, 0, 1, 1]]) {
    for (let y = y0; y < size; y += dy) {
      let bits = '';
      for (let x = x0; x < size; x += dx) bits += isOn(x, y) ? '1' : '0';
      rows.push(0, Number.parseInt(bits.padEnd(8, '0'), 2));
    }
  }
  const header = Buffer.from([0, 0, 0, size, 0, 0, 0, size, 1, 0, 0, 0, Number(interlaced)]);
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  const data = deflateSync(Buffer.from(rows));
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', data), chunk('IEND', Buffer.alloc(0))]);
};
const wanted = Array.from({ length: size }, (_, y) => Array.from({ length: size }, (_, x) => Number(isOn(x, y)))).flat();
const plain = Array.from(decode(png(false)).data).flatMap((byte) => [...byte.toString(2).padStart(8, '0')].map(Number));
assert.deepStrictEqual(plain, wanted);
const { data } = decode(png(true));
console.log('bytes of the interlaced image:', data.length, 'of the other:', size);
const asSamples = Array.from(data, (byte) => Number(byte > 0));
const asRows = Array.from(data).flatMap((byte) => [...byte.toString(2).padStart(8, '0')].map(Number)).slice(0, size * size);
assert.notDeepStrictEqual(asSamples, wanted);
assert.notDeepStrictEqual(asRows, wanted);
console.log('neither the bytes nor their bits are the pixels');
JS
node try.mjs
