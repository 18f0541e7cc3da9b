/**
 * Prints which tests failed and why and, as the last line of a CI run, 'N passed, N failed', and how many were skipped if
 * any: tests, from the JSON report of vitest that the first argument names, and hosts, of which each is one, from that of
 * `hosts/main.mjs` that the second names.
 */

import { readFileSync } from 'node:fs';
import { relative } from 'node:path';

/** @param {string | undefined} path @param {string} absent what stands for a report that was never written */
const read = (path, absent) => JSON.parse(readFileSync(path ?? '', 'utf8') || absent);

/**
 * @typedef {{ status: string, fullName: string, failureMessages?: string[] }} Test
 * @typedef {{ name: string, status: string, message: string, assertionResults: Test[] }} TestFile
 */

/** @type {{ numPassedTests?: number, numFailedTests?: number, testResults?: TestFile[] }} */
const { numPassedTests = 0, numFailedTests = 0, testResults = [] } = read(process.argv[2], '{}');
// A file that did not load has no test that could fail: it counts as one.
const unloaded = testResults.filter(
  ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
);

/** The lines of a message that are worth a place in a summary. */
const LINES = 12;

/** @param {string} file @param {string} test @param {string} message */
function report(file, test, message) {
  const lines = message.split('\n').slice(0, LINES);
  process.stdout.write(`\nfailed: ${relative('.', file)}${test && ` > ${test}`}\n${lines.join('\n')}\n`);
}

for (const { name, message } of unloaded) report(name, '', message);
for (const { name, assertionResults } of testResults) {
  for (const { status, fullName, failureMessages = [] } of assertionResults) {
    if (status === 'failed') report(name, fullName, failureMessages.join('\n'));
  }
}

/** @type {{ verdict: 'passed' | 'failed' | 'skipped' }[]} */
const hosts = read(process.argv[3], '[]');
/** @param {string} wanted */
const count = (wanted) => hosts.filter(({ verdict }) => verdict === wanted).length;

const passed = numPassedTests + count('passed');
const failed = numFailedTests + unloaded.length + count('failed');
const skipped = count('skipped');
process.stdout.write(`${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}\n`);
process.exit(numPassedTests > 0 && failed === 0 ? 0 : 1);
