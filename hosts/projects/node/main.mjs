/** Trains in Node, Deno or Bun. A checkpoint is a file: v8 writes typed arrays as they are, which JSON would lose. */

import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { deserialize, serialize } from 'node:v8';
import { main } from './program.mjs';

const outcome = await main((checkpoint) => {
  writeFileSync('checkpoint', serialize(checkpoint));
  return deserialize(readFileSync('checkpoint'));
});
rmSync('checkpoint');
console.log(JSON.stringify(outcome));
