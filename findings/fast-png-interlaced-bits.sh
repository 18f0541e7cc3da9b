#!/usr/bin/env bash
# fast-png 8.0.0 throws `Unsupported filter` for a valid interlaced PNG with 1 bit a sample.
#
# One would guess the same pixels as without interlacing: the standard allows Adam7 with every depth, and `decode` of the same
# image without interlacing is right, as is that of interlaced ones with 8 bits. But its loop over the seven passes counts at
# least one byte for each sample, where a row of a pass has its samples packed, so it reads past the ends of rows and takes pixels
# for filter types.
#
# It matters for masks and drawings, which are saved with 1, 2 or 4 bits: the error says that the file is broken, which it is not.
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
const stripes = (x, y) => (x + y) % 3 === 0;
const dot = (x, y) => x === 7 && y === 6;
const passes = [[0, 0, 8, 8], [4, 0, 8, 8], [0, 4, 4, 8], [2, 0, 4, 4], [0, 2, 2, 4], [1, 0, 2, 2], [0, 1, 1, 2]];
const chunk = (type, data) => {
  const body = Buffer.concat([Buffer.from(type), data]);
  const [length, sum] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
};
const png = (isOn, interlaced) => {
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
const bitsOf = (bytes) => Array.from(bytes).flatMap((byte) => [...byte.toString(2).padStart(8, '0')].map(Number));
const wanted = Array.from({ length: size ** 2 }, (_, i) => Number(dot(i % size, Math.floor(i / size))));
assert.deepStrictEqual(bitsOf(decode(png(dot, false)).data), wanted);

assert.throws(() => decode(png(stripes, true)), /Unsupported filter/);
console.log('stripes: an error');
assert.throws(() => decode(png(dot, true)), /Unsupported filter/);
console.log('one dot: an error');
JS
node try.mjs
