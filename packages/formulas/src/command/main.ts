#!/usr/bin/env node
/** The command `tapegrad-verify`: its input and output. */

import { readFileSync, watchFile, writeFileSync } from 'node:fs';
import process from 'node:process';
import { readOptions } from './options.ts';
import { runCommand } from './run.ts';
import { textOfBytes } from './text-of.ts';

/** The interval at which files are checked for changes, in milliseconds. */
const INTERVAL = 200;

const args = process.argv.slice(2);

function versionOfPackage(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}

function run(): void {
  process.exitCode = runCommand(args, {
    read: (file) => {
      if (file === '-' && process.stdin.isTTY)
        process.stderr.write('tapegrad-verify: reading from the terminal; Ctrl-D ends the page\n');
      return textOfBytes(readFileSync(file === '-' ? 0 : file));
    },
    write: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
    save: (file, text) => writeFileSync(file, text),
    version: versionOfPackage(),
    color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    width: process.stdout.columns,
  });
}

// A reader that stops early, such as head, is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error;
});
run();
const options = readOptions(args);
if (!('error' in options) && options.watch && !options.help && !options.version) {
  process.stderr.write('tapegrad-verify: watching for changes; Ctrl-C ends\n');
  for (const file of options.files)
    watchFile(file, { interval: INTERVAL }, (now, before) => {
      if (now.mtimeMs === before.mtimeMs) return;
      if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      run();
    });
}
