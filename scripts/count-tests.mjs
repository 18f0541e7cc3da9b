/** Prints 'N passed, N failed' from the JSON report of vitest whose path is the argument, as the last line of a CI run. */

import { readFileSync } from 'node:fs';

const report = readFileSync(process.argv[2] ?? '', 'utf8') || '{}';
/** @type {{ numPassedTests?: number, numFailedTests?: number, testResults?: { status: string, assertionResults: unknown[] }[] }} */
const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = JSON.parse(report);
// A file that did not load has no test that could fail: it counts as one.
const unloaded = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);
const failed = numFailedTests + unloaded.length;

process.stdout.write(`${numPassedTests} passed, ${failed} failed\n`);
process.exit(numPassedTests > 0 && failed === 0 ? 0 : 1);
