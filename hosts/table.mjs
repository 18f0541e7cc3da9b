/** The table of docs/hosts.md, and the files of settings that the page shows. */

import { readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import { root } from '../scripts/pnpm.mjs';

/** @typedef {import('./rows/row.mjs').Row} Row */
/** @typedef {import('./rows/row.mjs').Outcome} Outcome */

export const page = join(root, 'docs/hosts.md');

const TABLE = /(?<=<!-- hosts -->\n\n).*?(?=\n\n<!-- end of hosts -->)/s;
const HEAD = '| host | tried | result | threads | needs |\n| --- | --- | --- | ---: | --- |';

/** @param {Outcome['engine']} engine */
function computesWith({ interpreter, simd, relaxedSimd }) {
  if (interpreter !== 'wasm') return 'JavaScript';
  return `WebAssembly${relaxedSimd ? ', relaxed SIMD' : simd ? ', SIMD' : ''}`;
}

/**
 * @param {Row} row
 * @param {string} version
 * @param {Outcome | string} result
 */
export function cellsOf({ host, needs }, version, result) {
  const found = typeof result === 'string' ? [result, ''] : [computesWith(result.engine), `${result.engine.threads}`];
  return [host, version, ...found, needs];
}

/** @param {readonly string[]} cells */
export const lineOf = (cells) => `| ${cells.join(' | ')} |`.replaceAll('|  |', '| |');

/** The lines of the page's table, by host. */
export function linesIn(text = readFileSync(page, 'utf8')) {
  const lines = TABLE.exec(text)?.[0].split('\n').slice(2) ?? [];
  return new Map(lines.map((line) => [/^\| (.*?) \|/.exec(line)?.[1] ?? '', line]));
}

/**
 * Whether the page tells these cells of a row. Of a browser it may tell another version, since the system has its own.
 *
 * @param {Row} row
 * @param {readonly string[]} cells
 */
export function isAsTold({ host, version }, cells) {
  const told = linesIn().get(host) ?? '';
  const found = lineOf(cells);
  const withoutVersion = (/** @type {string} */ line) => line.replace(`| ${host} | `, '').replace(/^.*? \|/, '');
  return told === found || (version === undefined && withoutVersion(told) === withoutVersion(found));
}

/**
 * The page with some lines of its table changed, and all in the order of the hosts.
 *
 * @param {string} text
 * @param {readonly string[]} hosts
 * @param {ReadonlyMap<string, string>} changed
 */
export function withLines(text, hosts, changed) {
  const known = new Map([...linesIn(text), ...changed]);
  const lines = hosts.flatMap((host) => known.get(host) ?? []);
  return text.replace(TABLE, () => [HEAD, ...lines].join('\n'));
}

const SHOWN = /(?<=<!-- (\S+\.\w+) -->\n\n)```\w+\n(?:.*?\n)??```/gs;

/**
 * The page with the files that it shows as they are: each is a block of code below a comment with its path in `hosts/`.
 *
 * @param {string} text
 */
export const withFiles = (text) =>
  text.replaceAll(SHOWN, (_, path) => {
    const content = readFileSync(join(root, 'hosts', path), 'utf8').trimEnd();
    return `\`\`\`${extname(path).slice(1).replace('mjs', 'js')}\n${content}\n\`\`\``;
  });
