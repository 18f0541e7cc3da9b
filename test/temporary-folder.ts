/**
 * Gives the tests a temporary folder of this run, which is removed at the end. So nothing is left in the machine's own, even
 * by tests that were filtered out, interrupted or killed.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export default function setup(): () => void {
  const folder = mkdtempSync(join(tmpdir(), 'tapegrad-tests-'));
  // Processes that the tests start inherit it: TMPDIR on Unix, the others on Windows.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
