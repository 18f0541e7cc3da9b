import { test } from 'vitest';
import { main } from './program.mjs';

test('trains, saves and resumes', async () => {
  console.log(JSON.stringify(await main()));
}, 60_000);
