/**
 * Prints 'N passed, N failed', and how many were skipped if any, as the last line of a CI run: tests, from the JSON report of
 * vitest that the first argument names, and hosts, of which each is one, from that of `hosts/main.mjs` that the second names.
 */

import { readFileSync } from 'node:fs';

/** @param {string | undefined} path @param {string} absent what stands for a report that was never written */
const read = (path, absent) => JSON.parse(readFileSync(path ?? '', 'utf8') || absent);

/** @type {{ numPassedTests?: number, numFailedTests?: number, testResults?: { status: string, assertionResults: unknown[] }[] }} */
const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = read(process.argv[2], '{}');
// A file that did not load has no test that could fail: it counts as one.
const unloaded = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);

/** @type {{ verdict: 'passed' | 'failed' | 'skipped' }[]} */
const hosts = read(process.argv[3], '[]');
/** @param {string} wanted */
const count = (wanted) => hosts.filter(({ verdict }) => verdict === wanted).length;

const passed = numPassedTests + count('passed');
const failed = numFailedTests + unloaded.length + count('failed');
const skipped = count('skipped');
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(numPassedTests > 0 && failed === 0 ? 0 : 1);
