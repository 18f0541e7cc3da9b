#!/usr/bin/env bash
# Node 24.21.0 (V8 13.6) with --experimental-wasm-revectorize: after a WebAssembly function, `Math.log` takes about 20 times as
# long, until something else happens to clear the registers. Node 26.10.0 (V8 14.6) does the same.
#
# One would guess that JavaScript after a call is as fast as before. The flag makes V8 join two 128-bit vectors into one of 256
# bits, but V8 emits no `vzeroupper` at the end. On Intel's processors, code that was compiled for 128-bit registers, such as V8's
# own `Math.log`, then waits for the upper halves with each instruction. No instruction of WebAssembly clears them. A native
# function that uses 256 bits itself does: here `isAscii`, which says nothing about it.
#
# It matters for every program that mixes such functions with JavaScript: the kernels get faster, and the program slower. It
# was seen on an Intel Xeon with AVX-512; other processors may have no such penalty.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
npm init -y > /dev/null
npm install --silent node@24.21.0 wabt@1.0.39
cat > try.mjs <<'JS'
import assert from 'node:assert';
import { isAscii } from 'node:buffer';
import initWabt from 'wabt';

const text = `(module (memory (export "memory") 1)
  (func (export "double") (param $at i32) (param $end i32) (local $low v128) (local $high v128)
    (loop $next
      (local.set $low (v128.load (local.get $at)))
      (local.set $high (v128.load offset=16 (local.get $at)))
      (v128.store offset=16 (local.get $at) (f32x4.add (local.get $high) (local.get $high)))
      (v128.store (local.get $at) (f32x4.add (local.get $low) (local.get $low)))
      (br_if $next (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 32))) (local.get $end))))))`;
const wabt = await initWabt();
const { buffer } = wabt.parseWat('double.wat', text, { simd: true }).toBinary({});
const { instance } = await WebAssembly.instantiate(buffer);
const { double } = instance.exports;
// V8 optimizes the function, in a thread of its own, when it has run for a while.
for (let i = 0; i < 50_000; i++) double(0, 4096);
await new Promise((done) => setTimeout(done, 500));

const COUNT = 5000;
const logs = () => {
  let sum = 0;
  for (let i = 1; i <= COUNT; i++) sum += Math.log(i + 0.5);
  return sum;
};
/** Nanoseconds of a logarithm, the least of many measurements, each after `before`. */
const cost = (before) => {
  let least = Infinity;
  for (let i = 0; i < 60; i++) {
    before();
    const start = performance.now();
    logs();
    least = Math.min(least, performance.now() - start);
  }
  return (least / COUNT) * 1e6;
};
const bytes = new Uint8Array(1);
for (let i = 0; i < 200; i++) logs();
const clean = cost(() => isAscii(bytes));
const after = cost(() => double(0, 4096));
const cleared = cost(() => {
  double(0, 4096);
  isAscii(bytes);
});
console.log(`Math.log: ${clean.toFixed(0)} ns; after WebAssembly ${after.toFixed(0)} ns; and isAscii ${cleared.toFixed(0)} ns`);
assert.ok(after > 4 * clean && cleared < 2 * clean);
JS
node_modules/node/bin/node --experimental-wasm-revectorize try.mjs
