/**
 * Gives the tests a temporary folder of this run, which is removed at the end. So nothing is left in the machine's own, even
 * by tests that were filtered out, interrupted or killed.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const PREFIX = 'tapegrad-tests-';

export default function setup(): () => void {
  // Runs once for each project. Folders in each other would make paths too long for the sockets of browsers.
  if (tmpdir().includes(PREFIX)) return () => {};
  const folder = mkdtempSync(join(tmpdir(), PREFIX));
  // Processes that the tests start inherit it: TMPDIR on Unix, the others on Windows.
  for (const name of ['TMPDIR', 'TEMP', 'TMP']) process.env[name] = folder;
  return () => rmSync(folder, { recursive: true, force: true, maxRetries: 3 });
}
