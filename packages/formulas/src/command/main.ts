#!/usr/bin/env node
/** The command `tapegrad-verify`: its input and output. */

import { readFileSync, watchFile, writeFileSync } from 'node:fs';
import process from 'node:process';
import { readOptions } from './options.ts';
import { runCommand } from './run.ts';

/** The interval at which files are checked for changes, in milliseconds. */
const INTERVAL = 200;

const args = process.argv.slice(2);

function run(): void {
  process.exitCode = runCommand(args, {
    read: (file) => readFileSync(file === '-' ? 0 : file, 'utf8'),
    write: (text) => void process.stdout.write(text),
    complain: (text) => void process.stderr.write(text),
    save: (file, text) => writeFileSync(file, text),
    color: process.stdout.isTTY === true && process.env.NO_COLOR === undefined,
    width: process.stdout.columns,
  });
}

run();
const options = readOptions(args);
if (!('error' in options) && options.watch && !options.help) {
  for (const file of options.files)
    watchFile(file, { interval: INTERVAL }, (now, before) => {
      if (now.mtimeMs === before.mtimeMs) return;
      if (process.stdout.isTTY) process.stdout.write('\u001b[2J\u001b[H');
      run();
    });
}
