/** Trains in Node, Deno or Bun. A checkpoint is a file: v8 writes typed arrays as they are, which JSON would lose. */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { main } from './program.mjs';

const folder = mkdtempSync(join(tmpdir(), 'checkpoint-'));
const file = join(folder, 'checkpoint');
const outcome = await main((checkpoint) => {
  writeFileSync(file, serialize(checkpoint));
  return deserialize(readFileSync(file));
});
rmSync(folder, { recursive: true });
console.log(JSON.stringify(outcome));
