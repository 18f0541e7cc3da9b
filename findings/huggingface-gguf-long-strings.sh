#!/usr/bin/env bash
# @huggingface/gguf 0.4.6 cuts strings of metadata that lie across the edge of the 2 MB that it reads at once, without an error.
#
# One would guess the whole string, or an error. The parser reads more when a number lies beyond what it has: that is a
# RangeError of DataView. But a string is taken with ArrayBuffer.slice, which gives what there is. A string that is a value by
# itself, or the last one of an array, is then cut, and the values after it are right again.
#
# It matters for vocabularies, which have several MB, and for chat templates after them: a token, or the end of a template, is
# missing, and nothing tells.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent @huggingface/gguf@0.4.6
cat > try.mjs <<'JS'
import assert from 'node:assert';
import { writeFileSync } from 'node:fs';
import { gguf } from '@huggingface/gguf';

const u32 = (value) => Buffer.from(Uint32Array.of(value).buffer);
const u64 = (value) => Buffer.from(BigUint64Array.of(BigInt(value)).buffer);
const text = (value) => Buffer.concat([u64(value.length), Buffer.from(value)]);
const [STRING, ARRAY, UINT32] = [8, 9, 4];
const words = ['w'.repeat(1_999_000), 'the last word of the vocabulary'.repeat(100)];
const file = Buffer.concat([
  ...[Buffer.from('GGUF'), u32(3), u64(0), u64(2)],
  ...[text('words'), u32(ARRAY), u32(STRING), u64(words.length), ...words.map(text)],
  ...[text('answer'), u32(UINT32), u32(42)],
]);
writeFileSync('words.gguf', file);
const { metadata } = await gguf('words.gguf', { allowLocalFile: true });
console.log('lengths written:', words.map((word) => word.length), 'read:', metadata.words.map((word) => word.length));
assert.strictEqual(metadata.answer, 42);
assert.strictEqual(metadata.words[0].length, words[0].length);
assert.ok(metadata.words[1].length < words[1].length);
JS
node try.mjs
