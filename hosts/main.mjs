/**
 * Tries every host, or those whose names hold one of the words that are given: `npm run hosts -- deno bun`.
 *
 * What comes has to be what docs/hosts.md tells; `--update-docs` writes it there. `--json` prints a report for programs on
 * standard output. A host that can't be had here is skipped, with a line that says why.
 */

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { Chromium } from './chromium.mjs';
import { kinds, rows } from './rows.mjs';
import { Stage, Unavailable } from './stage.mjs';
import { cellsOf, isAsTold, lineOf, page, withFiles, withLines } from './table.mjs';

/** @typedef {import('./rows/row.mjs').Row} Row */
/** @typedef {import('./rows/row.mjs').Place} Place */
/** @typedef {{ host: string, verdict: 'passed' | 'failed' | 'skipped', seconds: number, cells?: readonly string[] | undefined, message?: string }} Report */

const MAX_SECONDS = 180;
/** The number of kinds of hosts that are tried at the same time: one more than cores, since some wait for the registry. */
const CONCURRENCY = availableParallelism() + 1;

const { values: options, positionals: words } = parseArgs({
  options: { json: { type: 'boolean' }, 'update-docs': { type: 'boolean' } },
  allowPositionals: true,
});

/** @param {string} line */
const say = (line) => (options.json ? process.stderr : process.stdout).write(`${line}\n`);

/**
 * @template T
 * @param {Promise<T>} work
 */
function inTime(work) {
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  /** @type {Promise<never>} */
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${MAX_SECONDS} s`)), 1000 * MAX_SECONDS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

/** @param {import('./rows/row.mjs').Outcome} outcome */
function checkOutcome({ engine, workers, loss, learns, resumes, threadsAgree }) {
  if (!learns) throw new Error(`it does not learn: its loss is ${loss}`);
  if (!resumes) throw new Error('a training that is resumed gives other bits');
  if (!threadsAgree) throw new Error('a training on one thread gives other bits');
  if (engine.threads > 1 && workers === 0) throw new Error(`it tells of ${engine.threads} threads, and started none`);
}

/**
 * @param {Row} row
 * @param {Place} place
 * @returns {Promise<Report>}
 */
async function report(row, place) {
  const started = performance.now();
  const seconds = () => Math.round((performance.now() - started) / 100) / 10;
  const { host } = row;
  try {
    const result = await inTime(row.run(place));
    if (typeof result !== 'string') checkOutcome(result);
    const cells = cellsOf(row, row.version ?? (await place.chromium.version()), result);
    if (!options['update-docs'] && !isAsTold(row, cells)) {
      throw new Error(`docs/hosts.md does not tell ${lineOf(cells)}\n--update-docs writes it there`);
    }
    return { host, verdict: 'passed', seconds: seconds(), cells };
  } catch (error) {
    const verdict = error instanceof Unavailable ? 'skipped' : 'failed';
    return { host, verdict, seconds: seconds(), message: /** @type {Error} */ (error).message };
  }
}

/** @param {string} folder */
async function tryHosts(folder) {
  const isChosen = (/** @type {string} */ host) =>
    words.length === 0 || words.some((word) => host.toLowerCase().includes(word.toLowerCase()));
  const queue = kinds.map((kind) => kind.filter(({ host }) => isChosen(host))).filter(({ length }) => length > 0);
  if (queue.length === 0) throw new Error(`no host is called ${words.join(' or ')}`);
  const stage = new Stage(folder);
  await stage.installPackages();
  const chromium = new Chromium(stage);
  /** @type {Report[]} */
  const reports = [];
  const work = async () => {
    for (let kind = queue.shift(); kind !== undefined; kind = queue.shift()) {
      for (const row of kind) {
        const { verdict, seconds, cells, message = '', ...rest } = await report(row, { stage, chromium });
        const time = `${seconds.toFixed(1).padStart(5)} s`;
        say(`${verdict.padEnd(7)} ${time}  ${row.host}: ${cells?.slice(1, 4).join(', ') ?? message}`);
        reports.push({ ...rest, verdict, seconds, cells, message });
      }
    }
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, work));
  await chromium.close();
  return reports;
}

const folder = mkdtempSync(join(tmpdir(), 'tapegrad-hosts-'));
try {
  const reports = await tryHosts(folder);
  const count = (/** @type {Report['verdict']} */ wanted) => reports.filter(({ verdict }) => verdict === wanted).length;
  if (options['update-docs']) {
    const lines = reports.flatMap(({ host, cells }) => (cells === undefined ? [] : [[host, lineOf(cells)]]));
    const changed = new Map(/** @type {[string, string][]} */ (lines));
    const hosts = rows.map(({ host }) => host);
    writeFileSync(page, withFiles(withLines(readFileSync(page, 'utf8'), hosts, changed)));
  }
  if (options.json) process.stdout.write(`${JSON.stringify(reports)}\n`);
  say(`${count('passed')} hosts passed, ${count('failed')} failed, ${count('skipped')} skipped`);
  if (count('failed') > 0) process.exitCode = 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
